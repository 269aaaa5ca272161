/**
 * The history of one order: one line for each version of its standing.
 *
 * Guarantee: saving a version again adds no line and keeps the existing one. Past
 * `ORDER_HISTORY_ENTRIES_MAX` lines the oldest are dropped.
 */
import { z } from "zod";
import { ORDER_HISTORY_ENTRIES_MAX } from "../limits.ts";
import { reasonOf } from "./messages.ts";
import type { OrderRecord } from "./order.ts";

export const historyLineSchema = z.object({
  version: z.int(),
  at_ms: z.number(),
  state: z.string(),
  reason: z.string().nullable(),
});
export type HistoryLine = Readonly<z.infer<typeof historyLineSchema>>;

export function withLine(
  history: readonly HistoryLine[],
  { version, updatedAt_ms, standing }: OrderRecord,
): readonly HistoryLine[] {
  if (history.at(-1)?.version === version) return history;
  const line = { version, at_ms: updatedAt_ms, state: standing.state, reason: reasonOf(standing) };
  return [...history, line].slice(-ORDER_HISTORY_ENTRIES_MAX);
}

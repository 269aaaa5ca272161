/**
 * The history of one order: one line for each version, of its standing, a refund or its dispute.
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
  record: OrderRecord,
): readonly HistoryLine[] {
  const last = history.at(-1)?.version ?? record.version - 1;
  const missing = record.version - last;
  if (missing <= 0) return history;
  const versions = Array.from({ length: missing }, (_, index) => last + 1 + index);
  const lines = versions.map((version) => ({
    version,
    at_ms: record.updatedAt_ms,
    ...changeAt(record, version),
  }));
  return [...history, ...lines].slice(-ORDER_HISTORY_ENTRIES_MAX);
}

function changeAt(record: OrderRecord, version: number): Pick<HistoryLine, "state" | "reason"> {
  const refund = record.refunds.find((each) => each.version === version);
  if (refund !== undefined) {
    const { id, state, amount, reason, failure } = refund;
    const why = failure ?? reason;
    const facts = `${id}: ${amount}`;
    return { state: `refund_${state}`, reason: why === null ? facts : `${facts}, ${why}` };
  }
  const { dispute, erasure, standing, providerCode } = record;
  if (erasure?.version === version) return { state: "buyer_erased", reason: null };
  if (dispute?.version === version) {
    return { state: "disputed", reason: `${dispute.status}: ${dispute.reason}` };
  }
  const reason = reasonOf(standing);
  const told = providerCode === null ? reason : `${reason ?? ""}: ${providerCode}`;
  return { state: standing.state, reason: told };
}

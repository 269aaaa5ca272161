/**
 * Lapses: holds of a group that ended unpaid. A group with many cools off (`unpaid.ts`).
 */
import { UNPAID_LAPSES_COUNTED_MS } from "../limits.ts";

export interface Lapses {
  readonly count: number;
  readonly last_ms: number;
}

export interface GroupLapses extends Lapses {
  readonly sale: string;
  readonly group: string;
}

/** One lapse more; those of long ago count no longer. */
export function lapsedAgain(before: Lapses | null, at_ms: number): Lapses {
  const isRecent = before !== null && at_ms - before.last_ms < UNPAID_LAPSES_COUNTED_MS;
  return { count: isRecent ? before.count + 1 : 1, last_ms: Math.max(at_ms, before?.last_ms ?? 0) };
}

/**
 * Whether a sale is over for good, for what a browser may then forget.
 *
 * Guarantee: true only when its end is final, past the time within which it can be undone. What is
 * not known, because KV or the room is silent, is not over. A sale that was never published calls
 * no object.
 */
import { SECRET_REVEALED_AFTER_DEFAULT_S } from "../domain/limits.ts";
import { scheduleOf } from "../domain/sale/schedule.ts";
import { findSale } from "../sales/sale-directory.ts";
import type { SaleSource } from "../sales/sale-owner.ts";
import type { SnapshotCache } from "../sales/snapshots.ts";

export interface FinalEndContext {
  readonly env: SaleSource;
  readonly snapshots: SnapshotCache;
  readonly now: number;
}

export async function isOverForGood(
  { env, snapshots, now }: FinalEndContext,
  id: string,
): Promise<boolean> {
  const published = await findSale(env, id, now);
  if (published === null) return false;
  const { sale } = published;
  const grace_s = sale.fairness?.revealAfterSeconds ?? SECRET_REVEALED_AFTER_DEFAULT_S;
  const isFinal = (endsAt_ms: number): boolean => endsAt_ms + grace_s * 1000 <= now;
  if (isFinal(scheduleOf(sale).endsAt_ms)) return true;
  // The merchant may have ended it, which only its room says.
  const seen = await snapshots.snapshot(id, now);
  return seen !== null && isFinal(seen.snapshot.schedule.endsAt_ms);
}

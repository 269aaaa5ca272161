/**
 * Takes units out of a SKU under an id: all that is available, or so many.
 *
 * Guarantee: an id decides once. When units leave, the same id answers the same quantity ever
 * after; when they cannot, the id is used up too, so that a repetition which arrives late takes
 * nothing that became available meanwhile. Units that are held or ordered are taken from nobody.
 */
import { StockDraft, type StockDecision, type StockReads } from "./stock-ledger.ts";

export interface Withdrawal {
  /** The movement's id. */
  readonly id: string;
  /** Units; null: all that is available. */
  readonly quantity: number | null;
  readonly reason: string;
}

export type WithdrawOutcome =
  | { readonly kind: "withdrawn"; readonly quantity: number }
  | { readonly kind: "not_available"; readonly available: number }
  /** The id belongs to a movement of another kind. */
  | { readonly kind: "conflict" };

/** Precedence: conflict, what the id decided before, not_available, withdrawn. */
export function withdraw(
  reads: StockReads,
  { id, quantity, reason }: Withdrawal,
  now: number,
): StockDecision<WithdrawOutcome> {
  const draft = new StockDraft(reads, now);
  const { available } = draft.counters;
  const earlier = reads.movement(id);
  if (earlier !== null) {
    if (earlier.kind !== "adjust" || earlier.quantity > 0) {
      return draft.decide({ kind: "conflict" });
    }
    if (earlier.quantity === 0) return draft.decide({ kind: "not_available", available });
    return draft.decide({ kind: "withdrawn", quantity: -earlier.quantity });
  }
  const wanted = quantity ?? available;
  if (wanted <= 0 || wanted > available) {
    draft.remember({ id, kind: "adjust", quantity: 0, reason });
    return draft.decide({ kind: "not_available", available });
  }
  draft.move("adjust", -wanted, id);
  draft.remember({ id, kind: "adjust", quantity: -wanted, reason });
  return draft.decide({ kind: "withdrawn", quantity: wanted });
}

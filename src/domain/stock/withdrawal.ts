/**
 * The rule by which units leave a SKU for another place of sale, such as a shop's Redis.
 */
import { StockDraft, type StockDecision, type StockReads } from "./stock-ledger.ts";

export interface Withdrawal {
  /** The movement's id. */
  readonly id: string;
  /** Units; null for all that is available. */
  readonly quantity: number | null;
  readonly reason: string;
}

export type WithdrawOutcome =
  | { readonly kind: "withdrawn"; readonly quantity: number }
  | { readonly kind: "not_available"; readonly available: number }
  /** The id belongs to a movement of another kind. */
  | { readonly kind: "conflict" };

/**
 * Withdraws units under an id: a given quantity, or all that is available. An id is decided once:
 * after a withdrawal it always returns the same quantity, and a refusal uses it up too, so that a
 * late repetition takes nothing that has become available meanwhile. Held and ordered units are
 * never withdrawn. Precedence: conflict, the earlier outcome of the id, not_available, withdrawn.
 */
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

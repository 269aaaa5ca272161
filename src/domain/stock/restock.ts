/**
 * Restock: units of a confirmed order that go back on sale, because the merchant says so with a
 * refund.
 *
 * Guarantee: a restock's id moves its units once, and all restocks of an order together never more
 * than it bought. The order's reservation keeps the units that are still sold, so restocked units
 * count neither as sold nor against the buyer's limit.
 *
 * The ledger gets two rows of kinds that every version can replay, a reversed `sell` and a
 * `return_available`, because a new kind would make the reader of an older version fail.
 */
import {
  StockDraft,
  type Restock,
  type ReservationStanding,
  type StockDecision,
  type StockReads,
} from "./stock-ledger.ts";

/** The key is that of the order's reservation; `quantity` is at least 1. */
export type RestockCommand = Restock;

export type RestockOutcome =
  | { readonly kind: "restocked"; readonly quantity: number }
  | { readonly kind: "already_restocked"; readonly quantity: number }
  /** The id was used for another order or another quantity. */
  | { readonly kind: "conflict"; readonly earlier: Restock }
  /**
   * Fewer units are still sold to the order than were to go back. While its state is `ordered`, the
   * message that sells them is under way, and the same restock may be tried again.
   */
  | {
      readonly kind: "not_sold";
      readonly state: ReservationStanding["state"] | "unknown";
      readonly sold: number;
    };

/** Precedence: conflict, already_restocked, not_sold, restocked. */
export function restock(
  reads: StockReads,
  command: RestockCommand,
  now: number,
): StockDecision<RestockOutcome> {
  const draft = new StockDraft(reads, now);
  const { sale, buyer, id, restockId, quantity } = command;
  const earlier = reads.restock(restockId);
  if (earlier !== null) {
    const same = isSameOrder(earlier, command) && earlier.quantity === quantity;
    return draft.decide(
      same ? { kind: "already_restocked", quantity } : { kind: "conflict", earlier },
    );
  }
  const existing = draft.reservation(command);
  const state = existing?.standing.state ?? "unknown";
  const sold = existing !== null && state === "sold" ? existing.quantity : 0;
  if (existing === null || quantity < 1 || quantity > sold) {
    return draft.decide({ kind: "not_sold", state, sold });
  }
  draft.move("sell", -quantity, id);
  draft.move("return_available", quantity, id);
  draft.put({ ...existing, quantity: sold - quantity });
  draft.rememberRestock({ sale, buyer, id, restockId, quantity });
  return draft.decide({ kind: "restocked", quantity });
}

function isSameOrder(one: Restock, other: Restock): boolean {
  return one.sale === other.sale && one.buyer === other.buyer && one.id === other.id;
}

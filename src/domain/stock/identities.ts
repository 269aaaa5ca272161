/**
 * An order's further identity: the card's fingerprint, which is known only after authorization.
 *
 * Guarantee: the units of orders under one identity never exceed the limit that each of them
 * stated, per sale and SKU, whichever subjects ordered them. Units of a released or restocked order
 * no longer count, because the count is made from the reservations themselves.
 * Weak: an identity is what the shopper or the provider says it is (`docs/bots.md`).
 */
import {
  StockDraft,
  type ReservationKey,
  type StockDecision,
  type StockReads,
} from "./stock-ledger.ts";

/** The key is that of the order's reservation. */
export interface ClaimCommand extends ReservationKey {
  /** An opaque digest. */
  readonly identity: string;
  readonly limitPerBuyer: number;
}

export type ClaimOutcome =
  | { readonly kind: "claimed" }
  | { readonly kind: "already_claimed" }
  /** The order has no units here that could count. */
  | { readonly kind: "conflict"; readonly state: "held" | "released" | "unknown" }
  /** `taken`: units of other orders under the identity. Nothing is stored. */
  | { readonly kind: "limit_reached"; readonly limit: number; readonly taken: number };

/** Precedence: conflict, already_claimed, limit_reached, claimed. */
export function claimIdentity(
  reads: StockReads,
  command: ClaimCommand,
  now: number,
): StockDecision<ClaimOutcome> {
  const draft = new StockDraft(reads, now);
  const { sale, buyer, id, identity, limitPerBuyer: limit } = command;
  const existing = draft.reservation(command);
  if (existing === null) return draft.decide({ kind: "conflict", state: "unknown" });
  const { state } = existing.standing;
  if (state === "held" || state === "released") return draft.decide({ kind: "conflict", state });
  const claims = reads.claimsOf(sale, identity);
  if (claims.some((item) => item.id === id && item.buyer === buyer)) {
    return draft.decide({ kind: "already_claimed" });
  }
  const taken = draft.takenUnder(sale, identity);
  if (taken + existing.quantity > limit) {
    return draft.decide({ kind: "limit_reached", limit, taken });
  }
  draft.claim(command, identity);
  return draft.decide({ kind: "claimed" });
}

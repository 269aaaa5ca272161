/**
 * The rules of one SKU: hold, order, sell, release, move (receive, adjust, buffer), withdraw and
 * expire.
 *
 * Guarantee: each command carries the caller's id and is idempotent: a repeated command moves
 * nothing. Outcomes are values; when several apply, the first in the documented precedence is
 * returned. Nothing here reads a clock: holds whose deadline is at or before `now` expire first.
 */
import {
  StockDraft,
  type Movement,
  type ReservationKey,
  type StockCounters,
  type StockDecision,
  type StockReads,
} from "./stock-ledger.ts";

export interface HoldCommand extends ReservationKey {
  /** The total the cart shall hold; 0 releases the hold. */
  readonly quantity: number;
  /** When a new hold ends. An existing hold keeps its deadline: repeating does not extend it. */
  readonly deadline_ms: number;
  readonly limitPerBuyer: number;
}

export type HoldOutcome =
  | {
      readonly kind: "held";
      readonly quantity: number;
      readonly deadline_ms: number;
      readonly previous: number;
    }
  | {
      readonly kind: "already_held";
      readonly quantity: number;
      readonly deadline_ms: number;
      readonly previous: number;
    }
  | { readonly kind: "released"; readonly previous: number }
  | { readonly kind: "hold_expired" }
  | { readonly kind: "limit_reached"; readonly limit: number; readonly taken: number }
  | { readonly kind: "sold_out"; readonly available: number };

/** Precedence: released, already_held, hold_expired, limit_reached, sold_out, held. */
export function hold(
  reads: StockReads,
  command: HoldCommand,
  now: number,
): StockDecision<HoldOutcome> {
  const draft = new StockDraft(reads, now);
  const existing = draft.reservation(command);
  const previous = existing?.standing.state === "held" ? existing.quantity : 0;
  const deadline_ms =
    existing?.standing.state === "held" ? existing.standing.deadline_ms : command.deadline_ms;
  const { quantity } = command;
  if (quantity < previous) draft.move("release", previous - quantity, command.id);
  if (quantity === 0) {
    if (previous > 0) draft.remove(command);
    return draft.decide({ kind: "released", previous });
  }
  if (quantity === previous) {
    return draft.decide({ kind: "already_held", quantity, deadline_ms, previous });
  }
  if (quantity > previous) {
    const more = quantity - previous;
    const taken = draft.takenBy(command.sale, command.buyer);
    if (deadline_ms <= now) return draft.decide({ kind: "hold_expired" });
    if (taken + more > command.limitPerBuyer) {
      return draft.decide({ kind: "limit_reached", limit: command.limitPerBuyer, taken });
    }
    const { available } = draft.counters;
    if (available < more) return draft.decide({ kind: "sold_out", available });
    draft.move("hold", more, command.id);
  }
  const { sale, buyer, id } = command;
  draft.put({ sale, buyer, id, quantity, standing: { state: "held", deadline_ms } });
  return draft.decide({ kind: "held", quantity, deadline_ms, previous });
}

export interface OrderCommand extends ReservationKey {
  /** The hold whose units are taken first; missing units are taken from those available. */
  readonly holdId: string;
  readonly quantity: number;
  readonly limitPerBuyer: number;
}

export type OrderOutcome =
  | { readonly kind: "ordered"; readonly fromHold: number; readonly fresh: number }
  | { readonly kind: "already_ordered" }
  /** The same order id with another quantity, or after it was sold or released. */
  | { readonly kind: "conflict"; readonly state: "ordered" | "sold" | "released" | "held" }
  | { readonly kind: "limit_reached"; readonly limit: number; readonly taken: number }
  | { readonly kind: "sold_out"; readonly available: number };

/** Precedence: already_ordered, conflict, limit_reached, sold_out, ordered. */
export function order(
  reads: StockReads,
  command: OrderCommand,
  now: number,
): StockDecision<OrderOutcome> {
  const draft = new StockDraft(reads, now);
  const { sale, buyer, id, quantity } = command;
  const existing = draft.reservation(command);
  if (existing !== null) {
    const { state } = existing.standing;
    const same = state === "ordered" && existing.quantity === quantity;
    return draft.decide(same ? { kind: "already_ordered" } : { kind: "conflict", state });
  }
  const cart = draft.reservation({ sale, buyer, id: command.holdId });
  const heldUnits = cart?.standing.state === "held" ? cart.quantity : 0;
  const fromHold = Math.min(heldUnits, quantity);
  const fresh = quantity - fromHold;
  const taken = draft.takenBy(sale, buyer);
  if (taken + fresh > command.limitPerBuyer) {
    return draft.decide({ kind: "limit_reached", limit: command.limitPerBuyer, taken });
  }
  const { available } = draft.counters;
  if (available < fresh)
    return draft.decide({ kind: "sold_out", available: available + heldUnits });
  draft.move("order", fromHold, id);
  draft.move("order_fresh", fresh, id);
  if (cart !== null && fromHold > 0) {
    if (fromHold === cart.quantity) draft.remove(cart);
    else draft.put({ ...cart, quantity: cart.quantity - fromHold });
  }
  draft.put({ sale, buyer, id, quantity, standing: { state: "ordered", orderedAt_ms: now } });
  return draft.decide({ kind: "ordered", fromHold, fresh });
}

export type SellOutcome =
  | { readonly kind: "sold"; readonly quantity: number }
  | { readonly kind: "already_sold" }
  | { readonly kind: "conflict"; readonly state: "held" | "released" | "unknown" };

export function sell(
  reads: StockReads,
  key: ReservationKey,
  now: number,
): StockDecision<SellOutcome> {
  const draft = new StockDraft(reads, now);
  const existing = draft.reservation(key);
  const state = existing?.standing.state ?? "unknown";
  if (existing === null || state !== "ordered") {
    if (state === "sold") return draft.decide({ kind: "already_sold" });
    return draft.decide({ kind: "conflict", state: state === "ordered" ? "unknown" : state });
  }
  draft.move("sell", existing.quantity, key.id);
  draft.put({ ...existing, standing: { state: "sold" } });
  return draft.decide({ kind: "sold", quantity: existing.quantity });
}

export interface ReleaseCommand extends ReservationKey {
  /** The units of a declined order return to this hold until its deadline; null: to `available`. */
  readonly backTo: { readonly holdId: string; readonly deadline_ms: number } | null;
}

export type ReleaseOutcome =
  | { readonly kind: "released"; readonly quantity: number }
  | { readonly kind: "returned_to_hold"; readonly quantity: number; readonly deadline_ms: number }
  | { readonly kind: "already_released" }
  | { readonly kind: "conflict"; readonly state: "sold" };

/** Releases an order's units. Also stored for an unknown id, so a late `order` takes nothing. */
export function release(
  reads: StockReads,
  command: ReleaseCommand,
  now: number,
): StockDecision<ReleaseOutcome> {
  const draft = new StockDraft(reads, now);
  const { sale, buyer, id, backTo } = command;
  const existing = draft.reservation(command);
  if (existing?.standing.state === "sold") {
    return draft.decide({ kind: "conflict", state: "sold" });
  }
  if (existing?.standing.state !== "ordered") {
    if (existing === null) {
      draft.put({ sale, buyer, id, quantity: 0, standing: { state: "released" } });
    }
    return draft.decide({ kind: "already_released" });
  }
  const { quantity } = existing;
  draft.put({ ...existing, standing: { state: "released" } });
  if (backTo === null || backTo.deadline_ms <= now) {
    draft.move("return_available", quantity, id);
    return draft.decide({ kind: "released", quantity });
  }
  draft.move("return_held", quantity, id);
  const cart = draft.reservation({ sale, buyer, id: backTo.holdId });
  const kept = cart?.standing.state === "held" ? cart.quantity : 0;
  const { deadline_ms } = backTo;
  draft.put({
    sale,
    buyer,
    id: backTo.holdId,
    quantity: kept + quantity,
    standing: { state: "held", deadline_ms },
  });
  return draft.decide({ kind: "returned_to_hold", quantity, deadline_ms });
}

export type MovementOutcome =
  | { readonly kind: "moved"; readonly counters: StockCounters }
  | { readonly kind: "already_moved"; readonly counters: StockCounters }
  /** The same id was used for another movement. */
  | { readonly kind: "conflict"; readonly earlier: Movement }
  /** The movement takes more than is available; held and ordered units cannot be removed. */
  | { readonly kind: "not_available"; readonly asked: number; readonly counters: StockCounters };

/** `receive` adds units, `adjust` corrects them by a signed quantity, `buffer` sets the buffer. */
export function moveStock(
  reads: StockReads,
  movement: Movement,
  now: number,
): StockDecision<MovementOutcome> {
  const draft = new StockDraft(reads, now);
  const earlier = reads.movement(movement.id);
  if (earlier !== null) {
    const same = earlier.kind === movement.kind && earlier.quantity === movement.quantity;
    if (!same) return draft.decide({ kind: "conflict", earlier });
    return draft.decide({ kind: "already_moved", counters: draft.counters });
  }
  const { available, buffer } = draft.counters;
  const quantity = movement.kind === "buffer" ? movement.quantity - buffer : movement.quantity;
  const leaving = movement.kind === "buffer" ? quantity : -quantity;
  if (leaving > available) {
    return draft.decide({ kind: "not_available", asked: leaving, counters: draft.counters });
  }
  draft.move(movement.kind, quantity, movement.id);
  draft.remember(movement);
  return draft.decide({ kind: "moved", counters: draft.counters });
}

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

/** Expires the holds past their deadline and changes nothing else. */
export function expire(reads: StockReads, now: number): StockDecision<StockCounters> {
  const draft = new StockDraft(reads, now);
  return draft.decide(draft.counters);
}

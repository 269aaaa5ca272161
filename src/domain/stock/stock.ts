/**
 * The rules of one SKU: hold, order, sell, release, move (receive, adjust, buffer) and expire.
 *
 * Guarantee: each command carries the caller's id and is idempotent: a repeated command moves
 * nothing. Outcomes are values; when several apply, the first in the documented precedence is
 * returned. Nothing here reads a clock: holds whose deadline is at or before `now` expire first.
 */
import {
  StockDraft,
  type FromHold,
  type Movement,
  type Reservation,
  type ReservationKey,
  type StockCounters,
  type StockDecision,
  type StockReads,
} from "./stock-ledger.ts";
import {
  groupsOf,
  isLateLettingGo,
  unpaidRefusal,
  type UnpaidRefusal,
  type UnpaidTerms,
} from "./unpaid.ts";

export interface HoldCommand extends ReservationKey {
  /** The total the cart shall hold; 0 releases the hold. */
  readonly quantity: number;
  /**
   * When a new hold ends at the latest. An existing hold keeps its deadline: repeating does not
   * extend it, nor does letting go and holding again while the first would last.
   */
  readonly deadline_ms: number;
  readonly limitPerBuyer: number;
  /**
   * The shopper is gone: with `quantity: 0`, no unit returns to this hold later, also not from an
   * order that is still in progress.
   */
  readonly isFinal?: boolean;
  readonly unpaid?: UnpaidTerms;
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
  | { readonly kind: "sold_out"; readonly available: number }
  | UnpaidRefusal;

/**
 * Precedence: released, hold_expired (let go for good), already_held, hold_expired, limit_reached,
 * sold_out, cooling_off, unpaid_limit_reached, held.
 */
export function hold(
  reads: StockReads,
  command: HoldCommand,
  now: number,
): StockDecision<HoldOutcome> {
  const draft = new StockDraft(reads, now);
  const existing = draft.reservation(command);
  const previous = existing?.standing.state === "held" ? existing.quantity : 0;
  const { quantity, limitPerBuyer } = command;
  const deadline_ms =
    existing?.standing.state === "held"
      ? existing.standing.deadline_ms
      : draft.holdEnd_ms(command, command.deadline_ms);
  if (quantity < previous) draft.move("release", previous - quantity, command.id);
  if (quantity === 0) {
    const isLapse = previous > 0 && isLateLettingGo(deadline_ms, command.unpaid, now);
    if (isLapse && existing !== null) draft.lapse(existing);
    const { sale, buyer, id } = command;
    const mayReturn = command.isFinal === true && draft.takenBy(sale, buyer) > 0;
    if (mayReturn) draft.put({ sale, buyer, id, quantity: 0, standing: { state: "released" } });
    else if (previous > 0) draft.remove(command);
    return draft.decide({ kind: "released", previous });
  }
  if (existing?.standing.state === "released") return draft.decide({ kind: "hold_expired" });
  if (quantity === previous) {
    return draft.decide({ kind: "already_held", quantity, deadline_ms, previous });
  }
  if (quantity > previous) {
    const more = quantity - previous;
    const taken = draft.takenBy(command.sale, command.buyer);
    if (deadline_ms <= now) return draft.decide({ kind: "hold_expired" });
    if (taken + more > limitPerBuyer) {
      return draft.decide({ kind: "limit_reached", limit: limitPerBuyer, taken });
    }
    const { available } = draft.counters;
    if (available < more) return draft.decide({ kind: "sold_out", available });
    const wanted = { hold: command, units: quantity, limitPerBuyer };
    const refused = unpaidRefusal(draft, command.unpaid, wanted, now);
    if (refused !== null) return draft.decide(refused);
    draft.move("hold", more, command.id);
    if (previous === 0) draft.beginHold(command, deadline_ms);
  }
  const { sale, buyer, id } = command;
  const groups = groupsOf(command.unpaid, existing);
  draft.put({ sale, buyer, id, quantity, standing: { state: "held", deadline_ms }, ...groups });
  return draft.decide({ kind: "held", quantity, deadline_ms, previous });
}

export interface OrderCommand extends ReservationKey {
  /** The hold whose units are taken first; missing units are taken from those available. */
  readonly holdId: string;
  readonly quantity: number;
  /** Also of each identity: the units of its other orders and `quantity` must not exceed it. */
  readonly limitPerBuyer: number;
  /** Opaque digests of what else is known of the buyer, such as of the e-mail address. */
  readonly identities?: readonly string[];
  /** Until when the order may wait for its shopper, at the latest; the outcome says until when. */
  readonly holdUntil_ms?: number;
  readonly unpaid?: UnpaidTerms;
}

interface LimitReached {
  readonly kind: "limit_reached";
  readonly limit: number;
  /** Units that the buyer, or one of the identities, has already. */
  readonly taken: number;
}

export type OrderOutcome =
  | {
      readonly kind: "ordered";
      readonly fromHold: number;
      readonly fresh: number;
      readonly until_ms?: number;
    }
  | { readonly kind: "already_ordered"; readonly until_ms?: number }
  /** The same order id with another quantity, or after it was sold or released. */
  | { readonly kind: "conflict"; readonly state: "ordered" | "sold" | "released" | "held" }
  | LimitReached
  | { readonly kind: "sold_out"; readonly available: number }
  | UnpaidRefusal;

/**
 * Precedence: already_ordered, conflict, limit_reached, sold_out, cooling_off,
 * unpaid_limit_reached, ordered.
 */
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
    const held_ms = existing.fromHold?.deadline_ms ?? null;
    const again = { kind: "already_ordered", ...untilOf(draft, command, held_ms) } as const;
    return draft.decide(same ? again : { kind: "conflict", state });
  }
  const cart = draft.reservation({ sale, buyer, id: command.holdId });
  const heldUnits = cart?.standing.state === "held" ? cart.quantity : 0;
  const fromHold = Math.min(heldUnits, quantity);
  const fresh = quantity - fromHold;
  const limited = limitReached(draft, command, fresh);
  if (limited !== null) return draft.decide(limited);
  const { available } = draft.counters;
  if (available < fresh)
    return draft.decide({ kind: "sold_out", available: available + heldUnits });
  const { limitPerBuyer } = command;
  const wanted = { hold: { sale, buyer, id: command.holdId }, units: heldUnits + fresh };
  const refused = unpaidRefusal(draft, command.unpaid, { ...wanted, limitPerBuyer }, now);
  if (refused !== null) return draft.decide(refused);
  draft.move("order", fromHold, id);
  draft.move("order_fresh", fresh, id);
  const standing = { state: "ordered", orderedAt_ms: now } as const;
  const ordered = { sale, buyer, id, quantity, standing, ...groupsOf(command.unpaid, cart) };
  if (cart?.standing.state === "held" && fromHold > 0) {
    const { deadline_ms } = cart.standing;
    if (fromHold === cart.quantity) draft.remove(cart);
    else draft.put({ ...cart, quantity: cart.quantity - fromHold });
    draft.put({ ...ordered, fromHold: { quantity: fromHold, deadline_ms } });
  } else draft.put(ordered);
  for (const identity of new Set(command.identities)) draft.claim(command, identity);
  const held_ms = cart?.standing.state === "held" ? cart.standing.deadline_ms : null;
  const until = untilOf(draft, command, held_ms);
  if (until.until_ms !== undefined) draft.beginHold(command, until.until_ms);
  return draft.decide({ kind: "ordered", fromHold, fresh, ...until });
}

/** Until when an order may wait for its shopper: until the hold ends that it came from. */
function untilOf(
  draft: StockDraft,
  command: OrderCommand,
  held_ms: number | null,
): { readonly until_ms?: number } {
  const { holdUntil_ms: wanted_ms } = command;
  if (wanted_ms === undefined) return {};
  return { until_ms: Math.min(wanted_ms, held_ms ?? draft.holdEnd_ms(command, wanted_ms)) };
}

/**
 * A subject's limit counts units held, ordered and sold; an identity's only those of orders,
 * because a hold has no identity. So units that move from a hold to an order are counted once for
 * the subject, and for an identity from then on.
 */
function limitReached(
  draft: StockDraft,
  command: OrderCommand,
  fresh: number,
): LimitReached | null {
  const { sale, buyer, quantity, limitPerBuyer: limit, identities = [] } = command;
  const taken = draft.takenBy(sale, buyer);
  if (taken + fresh > limit) return { kind: "limit_reached", limit, taken };
  for (const identity of identities) {
    const under = draft.takenUnder(sale, identity);
    if (under + quantity > limit) return { kind: "limit_reached", limit, taken: under };
  }
  return null;
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
  draft.endHold(key);
  return draft.decide({ kind: "sold", quantity: existing.quantity });
}

export interface ReleaseCommand extends ReservationKey {
  /**
   * Where the units of an order go that ended without a sale. Null: all to `available`. Else all to
   * this hold, until `deadline_ms`. With `only: "held"`, for an order that was refused: those that
   * came from the hold go back to it until the hold's own deadline, the others to `available`, so
   * that a refusal neither changes what was held before nor takes anything off sale.
   */
  readonly backTo: {
    readonly holdId: string;
    readonly deadline_ms: number;
    readonly only?: "held";
  } | null;
  /** It ended because its shopper did not pay: units that go on sale are a lapse (`unpaid.ts`). */
  readonly isLapse?: boolean;
}

export type ReleaseOutcome =
  | { readonly kind: "released"; readonly quantity: number }
  /** `freed`: units that went to `available` instead. */
  | {
      readonly kind: "returned_to_hold";
      readonly quantity: number;
      readonly freed: number;
      readonly deadline_ms: number;
    }
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
  draft.put({ ...existing, standing: { state: "released" } });
  const back = unitsBack(existing, backTo);
  const found = backTo === null ? null : draft.reservation({ sale, buyer, id: backTo.holdId });
  const isGone = found?.standing.state === "released";
  if (backTo === null || back === null || isGone || back.deadline_ms <= now) {
    draft.move("return_available", existing.quantity, id);
    if (command.isLapse === true) draft.lapse(existing);
    return draft.decide({ kind: "released", quantity: existing.quantity });
  }
  const freed = existing.quantity - back.quantity;
  draft.move("return_available", freed, id);
  draft.move("return_held", back.quantity, id);
  const hold = { sale, buyer, id: backTo.holdId };
  const cart = found?.standing.state === "held" ? found.standing : null;
  const quantity = (cart === null ? 0 : (found?.quantity ?? 0)) + back.quantity;
  // What is in the cart by now keeps its deadline when an order was refused.
  const deadline_ms = (backTo.only === "held" ? cart?.deadline_ms : null) ?? back.deadline_ms;
  const groups = groupsOf(undefined, existing, found);
  draft.put({ ...hold, quantity, standing: { state: "held", deadline_ms }, ...groups });
  return draft.decide({ kind: "returned_to_hold", quantity: back.quantity, freed, deadline_ms });
}

/** The units that go back to the hold, and until when; null for none. */
function unitsBack(order: Reservation, backTo: ReleaseCommand["backTo"]): FromHold | null {
  if (backTo === null) return null;
  if (backTo.only === "held") return order.fromHold ?? null;
  return { quantity: order.quantity, deadline_ms: backTo.deadline_ms };
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

/** The counters as they are once the holds past their deadline are expired; writes nothing. */
export function countersAt(reads: StockReads, now: number): StockCounters {
  return new StockDraft(reads, now).counters;
}

/** The reservation as it is now: a hold past its deadline is none; writes nothing. */
export function reservationAt(
  reads: StockReads,
  key: ReservationKey,
  now: number,
): Reservation | null {
  const found = reads.reservation(key);
  const { standing } = found ?? {};
  return standing?.state === "held" && standing.deadline_ms <= now ? null : found;
}

/** Expires the holds past their deadline and changes nothing else. */
export function expire(reads: StockReads, now: number): StockDecision<StockCounters> {
  const draft = new StockDraft(reads, now);
  return draft.decide(draft.counters);
}

/**
 * The transitions of an order: the one place where a standing changes, with the effects of each.
 *
 * Guarantee: `moveTo` returns the new record together with the effects of its standing. The Order
 * object makes both durable in one write, and only then performs the effects.
 */
import { PROGRESS_WATCHDOG_MS, STEP_RETRY_MAX_S, STEP_RETRY_MIN_S } from "../limits.ts";
import { isFinal, type OrderIntent, type OrderRecord, type OrderStanding } from "./order.ts";
import { GIVEN_UP, isTriedPayment } from "./reasons.ts";

/** A message that a transition must send; it stays in the order's outbox until acknowledged. */
export type OrderEffect =
  | { readonly kind: "queue" }
  | { readonly kind: "stock"; readonly sku: string; readonly action: "sell" | "release" | "return" }
  /** `declined`: a payment was tried. Absent in messages of the release before. */
  | {
      readonly kind: "seat";
      readonly action: "spend" | "hand_back";
      readonly declined?: true;
    }
  | {
      readonly kind: "restock";
      readonly sku: string;
      readonly quantity: number;
      readonly refund: string;
    }
  | { readonly kind: "discount"; readonly action: "keep" | "give_back" }
  /** Of the record's version, unless it names an earlier one of the same change. */
  | { readonly kind: "event"; readonly version?: number };

export interface OrderDecision<Outcome> {
  readonly record: OrderRecord;
  readonly effects: readonly OrderEffect[];
  readonly outcome: Outcome;
}

function effectsOf(standing: OrderStanding, intent: OrderIntent): OrderEffect[] {
  const stock = (action: "sell" | "release" | "return"): OrderEffect[] =>
    intent.lines.map(({ sku }) => ({ kind: "stock", sku, action }));
  const event: OrderEffect = { kind: "event" };
  const isTried = standing.state === "declined" && isTriedPayment(standing.reason);
  const seat = { kind: "seat", action: "hand_back" } as const;
  const handBack: OrderEffect = isTried ? { ...seat, declined: true } : seat;
  const discount = (action: "keep" | "give_back"): OrderEffect[] =>
    intent.discount === null ? [] : [{ kind: "discount", action }];
  const givenBack = [handBack, ...discount("give_back"), event];
  switch (standing.state) {
    case "accepted":
      return [{ kind: "queue" }, event];
    case "action_required":
    case "in_doubt":
      return [event];
    case "confirmed":
      return [...stock("sell"), { kind: "seat", action: "spend" }, ...discount("keep"), event];
    case "declined":
    case "rejected":
      return [...stock("return"), ...givenBack];
    case "failed":
    case "cancelled":
      return [...stock("release"), ...givenBack];
    default:
      return [];
  }
}

/**
 * Moves to another standing. Progress resets the delays and ends the lease. An order that ends
 * without a sale has no refunds to read.
 */
export function moveTo<Outcome>(
  record: OrderRecord,
  standing: OrderStanding,
  now: number,
  outcome: Outcome,
  change: Partial<OrderRecord> = {},
): OrderDecision<Outcome> {
  const endsUnsold = isFinal(standing) && standing.state !== "confirmed";
  const moved: OrderRecord = {
    ...record,
    standing,
    settlementDue_ms: endsUnsold ? null : record.settlementDue_ms,
    version: record.version + 1,
    tries: 0,
    notBefore_ms: 0,
    lease: null,
    progressAt_ms: now,
    updatedAt_ms: now,
    ...change,
  };
  if (isFinal(standing)) moved.final_ms ??= now;
  moved.wakeAt_ms = wakeAt(moved, now);
  return { record: moved, effects: effectsOf(standing, record.intent), outcome };
}

/** When the lease expires, else when the wait is over, else after a watchdog's time. */
function wakeAt({ notBefore_ms, lease }: OrderRecord, now: number): number {
  if (lease !== null) return lease.until_ms;
  return notBefore_ms > now ? notBefore_ms : now + PROGRESS_WATCHDOG_MS;
}

/** Exponential back-off by the tries without progress, from 1 s to 5 min. */
export function delay_s(tries: number): number {
  return Math.min(STEP_RETRY_MAX_S, STEP_RETRY_MIN_S * 2 ** Math.min(tries, 16));
}

/** For a message that could not be handled; `chance` from 0 to 1 adds up to a quarter. */
export function messageDelay_s(attempts: number, chance: number): number {
  const base_s = Math.min(2 ** Math.min(attempts, 16), STEP_RETRY_MAX_S);
  return Math.ceil(base_s * (1 + chance / 4));
}

/** The end of an order that is being undone, and why. */
export interface Ending {
  readonly end: "declined" | "failed" | "cancelled";
  readonly reason: string;
  readonly booking: string | null;
  /** `refund` where the payment is known to be captured. */
  readonly how?: "void" | "refund";
}

/** Voids or refunds the payment and cancels the booking, then ends the order as `end`. */
export function undo<Outcome>(
  record: OrderRecord,
  { end, reason, booking, how = "void" }: Ending,
  now: number,
  outcome: Outcome,
): OrderDecision<Outcome> {
  const standing: OrderStanding = { state: "voiding", how, end, reason, booking };
  return moveTo(record, standing, now, outcome, { attempt: 1, attemptAt_ms: now });
}

/**
 * Applies the merchant's cancel: first the payment is undone, where there may be one. A payment
 * that a consumer may still be preparing charges nothing, and its id is no longer accepted.
 */
export function cancelNow<Outcome>(
  record: OrderRecord,
  now: number,
  outcome: Outcome,
  { how = "void", booking = bookingOf(record.standing) }: Partial<Ending> = {},
): OrderDecision<Outcome> {
  const reason = "cancelled_by_merchant";
  if (record.paymentId === null) {
    return moveTo(record, { state: "cancelled", reason }, now, outcome);
  }
  return undo(record, { end: "cancelled", reason, booking, how }, now, outcome);
}

/**
 * Applies the shopper's giving up: the payment is voided where there may be one, and the units
 * return to the cart, so that another means of payment can be tried while the hold lasts.
 */
export function giveUpNow<Outcome>(
  record: OrderRecord,
  now: number,
  outcome: Outcome,
): OrderDecision<Outcome> {
  const reason = GIVEN_UP;
  if (record.paymentId === null) return moveTo(record, { state: "declined", reason }, now, outcome);
  return undo(record, { end: "declined", reason, booking: null }, now, outcome);
}

/** The payment may still be given up: the shop has not been told of the order. */
export function mayGiveUp({ state, ...standing }: OrderStanding): boolean {
  if (state === "in_doubt") return "of" in standing && standing.of === "authorize";
  return ["accepted", "authorizing", "action_required", "authorized"].includes(state);
}

/**
 * The shopper gave up, or left and would have to confirm the payment. One who left while it was
 * being made did press "Pay", so a payment that needs no confirmation goes on.
 */
export function isToGiveUp({ givenUp, hasLeft, standing }: OrderRecord): boolean {
  if (hasLeft === true && standing.state === "action_required") return true;
  return givenUp && mayGiveUp(standing);
}

/** The payment is neither made nor known to be impossible: the units may still come back. */
export function isUnpaid({ state, ...standing }: OrderStanding): boolean {
  if (state === "in_doubt") return "of" in standing && standing.of === "authorize";
  return ["placing", "accepted", "authorizing", "action_required", "voiding"].includes(state);
}

export function bookingOf(standing: OrderStanding): string | null {
  return "booking" in standing ? standing.booking : null;
}

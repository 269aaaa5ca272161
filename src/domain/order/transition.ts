/**
 * The transitions of an order: the one place where a standing changes, with the effects of each.
 *
 * Guarantee: `moveTo` returns the new record together with the effects of its standing. The Order
 * object makes both durable in one write, and only then performs the effects.
 */
import { PROGRESS_WATCHDOG_MS, STEP_RETRY_MAX_S, STEP_RETRY_MIN_S } from "../limits.ts";
import type { OrderIntent, OrderRecord, OrderStanding } from "./order.ts";

/** A message that a transition must send; it stays in the order's outbox until acknowledged. */
export type OrderEffect =
  | { readonly kind: "queue" }
  | { readonly kind: "stock"; readonly sku: string; readonly action: "sell" | "release" | "return" }
  | { readonly kind: "seat"; readonly action: "spend" | "hand_back" }
  | { readonly kind: "event" };

export interface OrderDecision<Outcome> {
  readonly record: OrderRecord;
  readonly effects: readonly OrderEffect[];
  readonly outcome: Outcome;
}

function effectsOf(standing: OrderStanding, intent: OrderIntent): OrderEffect[] {
  const stock = (action: "sell" | "release" | "return"): OrderEffect[] =>
    intent.lines.map(({ sku }) => ({ kind: "stock", sku, action }));
  const event: OrderEffect = { kind: "event" };
  const handBack: OrderEffect = { kind: "seat", action: "hand_back" };
  switch (standing.state) {
    case "accepted":
      return [{ kind: "queue" }, event];
    case "action_required":
    case "in_doubt":
      return [event];
    case "confirmed":
      return [...stock("sell"), { kind: "seat", action: "spend" }, event];
    case "declined":
      return [...stock("return"), handBack, event];
    case "failed":
    case "cancelled":
      return [...stock("release"), handBack, event];
    case "rejected":
      return [...stock("return"), handBack, event];
    default:
      return [];
  }
}

/** Moves to another standing. Progress resets the delays and ends the lease. */
export function moveTo<Outcome>(
  record: OrderRecord,
  standing: OrderStanding,
  now: number,
  outcome: Outcome,
  change: Partial<OrderRecord> = {},
): OrderDecision<Outcome> {
  const moved: OrderRecord = {
    ...record,
    standing,
    version: record.version + 1,
    tries: 0,
    notBefore_ms: 0,
    lease: null,
    progressAt_ms: now,
    updatedAt_ms: now,
    ...change,
  };
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

export function bookingOf(standing: OrderStanding): string | null {
  return "booking" in standing ? standing.booking : null;
}

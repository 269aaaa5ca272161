/**
 * What a consumer found when it took a step, applied to the order.
 *
 * Guarantee: an unknown payment outcome leads to `in_doubt` and nowhere else: it never frees stock
 * (P4), and nothing is authorized or captured again before a look-up said that nothing had
 * happened (P3). A report under a lease that has gone to another, or ended with a cancel, changes
 * nothing; late but still the last, it is the truth about the step and counts.
 */
import { ACTION_REQUIRED_MAX_MS, STEP_RETRY_MIN_S } from "./limits.ts";
import { isFinal, type OrderRecord, type OrderStanding } from "./order.ts";
import { bookingOf, delay_s, moveTo, undo, type OrderDecision } from "./order-transition.ts";
import type { AuthorizeOutcome, LookupOutcome, SettleOutcome } from "./payment.ts";

/** What a consumer tells about the step it took under its lease. */
export type StepReport =
  | { readonly step: "authorize"; readonly outcome: AuthorizeOutcome }
  | { readonly step: "book"; readonly outcome: BookOutcome }
  | { readonly step: "capture"; readonly outcome: SettleOutcome }
  | { readonly step: "lookup"; readonly outcome: LookupOutcome }
  | { readonly step: "void" | "refund"; readonly outcome: SettleOutcome };

/**
 * The step was not taken: the breaker is open, or preparing the payment brought nothing.
 * `newKey`: the provider may have stored a failure under the key; the next try needs another.
 */
export interface PutOff {
  readonly kind: "put_off";
  readonly after_s: number;
  readonly newKey: boolean;
}

/** What an order backend answers to `book`. */
export type BookOutcome =
  | { readonly kind: "booked"; readonly booking: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "retry"; readonly after_s: number }
  | { readonly kind: "unknown"; readonly reason: string };

export type ReportOutcome =
  | { readonly kind: "moved" }
  | { readonly kind: "put_off"; readonly until_ms: number }
  /** The lease went to another, or the order went on; a step is repeated with the same key. */
  | { readonly kind: "stale" };

function putOff(
  record: OrderRecord,
  after_s: number,
  now: number,
  newKey: boolean,
): OrderDecision<ReportOutcome> {
  const until_ms = now + after_s * 1000;
  const next: OrderRecord = {
    ...record,
    lease: null,
    tries: record.tries + 1,
    notBefore_ms: until_ms,
    updatedAt_ms: now,
    ...(newKey ? { attempt: record.attempt + 1, attemptAt_ms: now } : {}),
  };
  return { record: next, effects: [], outcome: { kind: "put_off", until_ms } };
}

const MOVED: ReportOutcome = { kind: "moved" };

/** Applies what the consumer found; a report under another lease changes nothing. */
export function report(
  record: OrderRecord,
  leaseId: string,
  said: StepReport | PutOff,
  now: number,
): OrderDecision<ReportOutcome> {
  if (record.lease?.id !== leaseId || isFinal(record.standing)) {
    return { record, effects: [], outcome: { kind: "stale" } };
  }
  if ("kind" in said) return putOff(record, said.after_s, now, said.newKey);
  if (said.outcome.kind === "retry") {
    const after_s = Math.max(said.outcome.after_s, delay_s(record.tries));
    return putOff(record, after_s, now, false);
  }
  switch (said.step) {
    case "authorize":
      return authorized(record, said.outcome, now);
    case "book":
      return booked(record, said.outcome, now);
    case "capture":
      return captured(record, said.outcome, now);
    case "lookup":
      return lookedUp(record, said.outcome, now);
    case "void":
    case "refund":
      return voided(record, said.outcome, now);
  }
}

function authorized(
  record: OrderRecord,
  outcome: AuthorizeOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  switch (outcome.kind) {
    case "approved":
      return moveTo(record, { state: "authorized" }, now, MOVED);
    case "declined":
      return moveTo(record, { state: "declined", reason: outcome.reason }, now, MOVED);
    case "action_required":
      return actionRequired(record, outcome.url, now);
    case "unknown":
      return doubt(record, "authorize", null, now);
    case "retry":
      return putOff(record, outcome.after_s, now, false);
  }
}

function actionRequired(
  record: OrderRecord,
  url: string,
  now: number,
): OrderDecision<ReportOutcome> {
  const until_ms = now + ACTION_REQUIRED_MAX_MS;
  const later = { notBefore_ms: now + delay_s(2) * 1000 };
  return moveTo(record, { state: "action_required", url, until_ms }, now, MOVED, later);
}

function doubt(
  record: OrderRecord,
  of: "authorize" | "capture",
  booking: string | null,
  now: number,
): OrderDecision<ReportOutcome> {
  const soon = { notBefore_ms: now + STEP_RETRY_MIN_S * 1000 };
  return moveTo(record, { state: "in_doubt", of, booking }, now, MOVED, soon);
}

function booked(
  record: OrderRecord,
  outcome: BookOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  switch (outcome.kind) {
    case "booked":
      return moveTo(record, { state: "booked", booking: outcome.booking }, now, MOVED);
    case "refused":
      return undo(record, "failed", outcome.reason, null, now, MOVED);
    case "retry":
      return putOff(record, outcome.after_s, now, false);
    case "unknown":
      return putOff(record, delay_s(record.tries), now, false);
  }
}

function captured(
  record: OrderRecord,
  outcome: SettleOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  const booking = bookingOf(record.standing);
  switch (outcome.kind) {
    case "approved":
      return moveTo(record, { state: "confirmed", booking: booking ?? "" }, now, MOVED);
    case "declined":
      return undo(record, "failed", `capture: ${outcome.reason}`, booking, now, MOVED);
    case "unknown":
      return doubt(record, "capture", booking, now);
    case "retry":
      return putOff(record, outcome.after_s, now, false);
  }
}

function lookedUp(
  record: OrderRecord,
  outcome: LookupOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  if (outcome.kind === "retry") return putOff(record, outcome.after_s, now, false);
  if (outcome.kind === "unknown") return putOff(record, delay_s(record.tries), now, false);
  const { standing } = record;
  const booking = bookingOf(standing);
  const ofCapture = booking !== null;
  const found = outcome.standing;
  switch (found.kind) {
    case "prepared":
      if (ofCapture) return undo(record, "failed", "payment_lost", booking, now, MOVED);
      if (standing.state === "action_required") return stillWaiting(record, now);
      return moveTo(record, { state: "authorizing" }, now, MOVED, nextAttempt(record, now));
    case "action_required":
      if (ofCapture) return putOff(record, delay_s(record.tries), now, false);
      if (standing.state === "action_required") return stillWaiting(record, now);
      return actionRequired(record, found.url, now);
    case "authorized": {
      if (!ofCapture) return moveTo(record, { state: "authorized" }, now, MOVED);
      return moveTo(record, { state: "capturing", booking }, now, MOVED, nextAttempt(record, now));
    }
    case "captured":
      if (ofCapture) return moveTo(record, { state: "confirmed", booking }, now, MOVED);
      return moveTo(record, { state: "authorized" }, now, MOVED);
    case "voided":
    case "refunded":
      return undo(record, "failed", `payment_${found.kind}`, booking, now, MOVED);
    case "declined":
      if (ofCapture) return undo(record, "failed", found.reason, booking, now, MOVED);
      return moveTo(record, { state: "declined", reason: found.reason }, now, MOVED);
  }
}

/** The last key is known to have had no effect, and may be bound to a stored failure. */
function nextAttempt(record: OrderRecord, now: number): Partial<OrderRecord> {
  return { attempt: record.attempt + 1, attemptAt_ms: now };
}

/** The shopper has not finished their part; past the deadline the payment is voided. */
function stillWaiting(record: OrderRecord, now: number): OrderDecision<ReportOutcome> {
  const { standing } = record;
  if (standing.state === "action_required" && now >= standing.until_ms) {
    return undo(record, "declined", "action_abandoned", null, now, MOVED);
  }
  return putOff(record, Math.min(delay_s(record.tries), 15), now, false);
}

function voided(
  record: OrderRecord,
  outcome: SettleOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  const { standing } = record;
  if (standing.state !== "voiding") return { record, effects: [], outcome: { kind: "stale" } };
  switch (outcome.kind) {
    case "approved": {
      const { end, reason } = standing;
      return moveTo(record, { state: end, reason }, now, MOVED);
    }
    case "declined": {
      // What cannot be voided was captured: give it back; what cannot be given back is looked at
      // again later, and never forgotten.
      if (standing.how === "refund") return putOff(record, delay_s(record.tries), now, true);
      const refunding: OrderStanding = { ...standing, how: "refund" };
      return moveTo(record, refunding, now, MOVED, nextAttempt(record, now));
    }
    case "unknown":
      return putOff(record, delay_s(record.tries), now, true);
    case "retry":
      return putOff(record, outcome.after_s, now, false);
  }
}

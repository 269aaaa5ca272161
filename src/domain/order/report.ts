/**
 * Applies the outcome of a step, as its consumer reports it, to the order.
 *
 * Guarantee: an unknown payment outcome leads to `in_doubt` and nowhere else: it never frees stock
 * (P4), and nothing is authorized or captured again before a look-up has shown that nothing
 * happened (P3). An order that is undone ends only when it is known that no money is reserved or
 * kept (P3). A new idempotency key is used only where the last one is known to have had no effect,
 * or may be bound to a stored failure. Tries without progress back off.
 *
 * A report under a lease that another consumer has taken over changes nothing; a late report whose
 * lease was not taken over still counts. A cancellation requested during the step is applied with
 * the report.
 */
import {
  ACTION_LOOK_MAX_S,
  ACTION_REQUIRED_MAX_MS,
  ATTEMPTS_BEYOND_HOLD_MIN,
  SPREAD_MAX_MS,
  SPREAD_MIN_MS,
} from "../limits.ts";
import { reportLateVoid } from "./late-void.ts";
import { isAtRest, isFinal, type OrderRecord, type OrderStanding } from "./order.ts";
import type { BookOutcome } from "./order-backend.ts";
import type {
  ActionRequired,
  AuthorizeOutcome,
  Declined,
  LookupOutcome,
  PaymentStanding,
  SettleOutcome,
} from "./payment-backend.ts";
import { ABANDONED, LIMIT_REACHED, PAYMENT_UNAVAILABLE } from "./reasons.ts";
import { reportRefund, reportSettlement } from "./refunds.ts";
import type { PutOff, ReportOutcome, StepReport } from "./step-outcomes.ts";
import {
  bookingOf,
  cancelNow,
  delay_s,
  giveUpNow,
  isToGiveUp,
  moveTo,
  undo,
  type OrderDecision,
} from "./transition.ts";

const MOVED: ReportOutcome = { kind: "moved" };

/**
 * @param chance from 0 to 1: adds up to a quarter to the wait of a postponed step, so that orders
 *   that a backend turned away together do not all retry together
 */
export function report(
  record: OrderRecord,
  leaseId: string,
  reported: StepReport | PutOff,
  now: number,
  chance = 0,
): OrderDecision<ReportOutcome> {
  if (record.lease?.id !== leaseId || isAtRest(record)) {
    return { record, effects: [], outcome: { kind: "stale" } };
  }
  const decision = applied(record, reported, now);
  if (record.wish !== null) return spread(grantCancel(record, decision, now), now, chance);
  return spread(grantGivingUp(decision, now), now, chance);
}

/** Not once the shop is being told of the order, and not over an end. */
function grantGivingUp(
  decision: OrderDecision<ReportOutcome>,
  now: number,
): OrderDecision<ReportOutcome> {
  return isToGiveUp(decision.record) ? giveUpNow(decision.record, now, MOVED) : decision;
}

/** A requested cancellation takes precedence, except over an end that took no money. */
function grantCancel(
  record: OrderRecord,
  decision: OrderDecision<ReportOutcome>,
  now: number,
): OrderDecision<ReportOutcome> {
  const { standing } = decision.record;
  const endsAnyway = isFinal(standing) && standing.state !== "confirmed";
  if (endsAnyway || standing.state === "voiding") return decision;
  const how = standing.state === "confirmed" ? "refund" : "void";
  return cancelNow(record, now, MOVED, { how, booking: bookingOf(standing) });
}

function spread(
  decision: OrderDecision<ReportOutcome>,
  now: number,
  chance: number,
): OrderDecision<ReportOutcome> {
  const { record, effects, outcome } = decision;
  const wait_ms = record.notBefore_ms - now;
  if (wait_ms <= 0) return decision;
  const share_ms = Math.min(Math.max(wait_ms / 4, SPREAD_MIN_MS), SPREAD_MAX_MS);
  const until_ms = record.notBefore_ms + Math.floor(chance * share_ms);
  const later = { ...record, notBefore_ms: until_ms, wakeAt_ms: until_ms };
  return {
    record: later,
    effects,
    outcome: outcome.kind === "put_off" ? { kind: "put_off", until_ms } : outcome,
  };
}

function applied(
  record: OrderRecord,
  reported: StepReport | PutOff,
  now: number,
): OrderDecision<ReportOutcome> {
  if ("kind" in reported) return putOff(record, reported.after_s, now, reported);
  if (reported.outcome.kind === "over_limit") {
    const ending = { end: "declined", reason: LIMIT_REACHED, booking: null } as const;
    return undo(record, ending, now, MOVED);
  }
  if (reported.outcome.kind === "retry") {
    const { after_s, throttled = false } = reported.outcome;
    // A backend that throttles is well, and the pace of all calls holds back this one too.
    return putOff(record, throttled ? after_s : Math.max(after_s, delay_s(record.tries)), now);
  }
  switch (reported.step) {
    case "authorize":
      return authorized(record, reported.outcome, now);
    case "book":
      return booked(record, reported.outcome, now);
    case "capture":
      return captured(record, reported.outcome, now);
    case "lookup":
      return lookedUp(record, reported.outcome, now);
    case "void":
    case "refund":
      return voided(record, reported.outcome, now);
    case "refund_part":
      return reportRefund(record, reported.outcome, now);
    case "settlement":
      if (reported.outcome.kind === "found") return reportSettlement(record, reported.outcome, now);
      return putOff(record, delay_s(record.tries), now);
  }
}

function authorized(
  record: OrderRecord,
  outcome: AuthorizeOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  switch (outcome.kind) {
    case "approved": {
      const card = outcome.card ?? null;
      return moveTo(record, { state: "authorized" }, now, MOVED, { card });
    }
    case "misconfigured": {
      const change = { providerCode: outcome.code };
      const standing = { state: "declined", reason: PAYMENT_UNAVAILABLE } as const;
      return moveTo(record, standing, now, MOVED, change);
    }
    case "declined":
      return declined(record, outcome, now);
    case "action_required":
      return actionRequired(record, outcome, now);
    case "unknown":
      return doubt(record, "authorize", null, now);
    case "retry":
      return putOff(record, outcome.after_s, now);
  }
}

/**
 * What is reserved nonetheless is voided before the order ends (P3), and so is a payment whose
 * secret the shopper was shown, because with it they could still have another card confirmed.
 */
function declined(
  record: OrderRecord,
  { reason, mustVoid = false }: Declined,
  now: number,
): OrderDecision<ReportOutcome> {
  const { standing } = record;
  const isShown = standing.state === "action_required" && standing.clientSecret !== null;
  const end = { state: "declined", reason } as const;
  if (!mustVoid && !isShown) return moveTo(record, end, now, MOVED);
  return undo(record, { end: "declined", reason, booking: null }, now, MOVED);
}

/** The shopper has no longer for it than their hold lasts; once it is over, none at all. */
function actionRequired(
  record: OrderRecord,
  { url, clientSecret = null }: ActionRequired,
  now: number,
): OrderDecision<ReportOutcome> {
  const until_ms = Math.min(now + ACTION_REQUIRED_MAX_MS, record.intent.holdUntil_ms);
  if (until_ms <= now) return abandon(record, now);
  const later = { notBefore_ms: Math.min(now + delay_s(2) * 1000, until_ms) };
  const standing = { state: "action_required", url: url ?? "", until_ms, clientSecret } as const;
  return moveTo(record, standing, now, MOVED, later);
}

function doubt(
  record: OrderRecord,
  of: "authorize" | "capture",
  booking: string | null,
  now: number,
): OrderDecision<ReportOutcome> {
  return moveTo(record, { state: "in_doubt", of, booking }, now, MOVED, fruitless(record, now));
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
      return undo(record, { end: "failed", reason: outcome.reason, booking: null }, now, MOVED);
    case "retry":
      return putOff(record, outcome.after_s, now);
    case "unknown":
      return putOff(record, delay_s(record.tries), now);
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
      return fail(record, `capture: ${outcome.reason}`, now);
    case "unknown":
      return doubt(record, "capture", booking, now);
    case "retry":
      return putOff(record, outcome.after_s, now);
  }
}

function lookedUp(
  record: OrderRecord,
  outcome: LookupOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  if (outcome.kind === "retry") return putOff(record, outcome.after_s, now);
  if (outcome.kind === "unknown") return putOff(record, delay_s(record.tries), now);
  const { standing } = record;
  if (standing.state === "voiding") return stillToUndo(record, standing, outcome.standing, now);
  const booking = bookingOf(standing);
  const ofCapture = booking !== null;
  const found = outcome.standing;
  switch (found.kind) {
    case "prepared":
      if (ofCapture) return fail(record, "payment_lost", now);
      if (standing.state === "action_required") return stillWaiting(record, now);
      if (isHopeless(record, now)) return endUnpaid(record, now);
      return moveTo(record, { state: "authorizing" }, now, MOVED, triedAgain(record, now));
    case "action_required":
      if (ofCapture) return putOff(record, delay_s(record.tries), now);
      if (standing.state === "action_required") return stillWaiting(record, now);
      return actionRequired(record, found, now);
    case "authorized": {
      const card = found.card ?? record.card;
      if (!ofCapture) return moveTo(record, { state: "authorized" }, now, MOVED, { card });
      return moveTo(record, { state: "capturing", booking }, now, MOVED, triedAgain(record, now));
    }
    case "captured":
      if (ofCapture) return moveTo(record, { state: "confirmed", booking }, now, MOVED);
      return moveTo(record, { state: "authorized" }, now, MOVED);
    case "voided":
    case "refunded":
      return fail(record, `payment_${found.kind}`, now);
    case "declined":
      if (ofCapture) return fail(record, found.reason, now);
      return declined(record, found, now);
  }
}

/**
 * Several attempts came to nothing, and the hold is over: units that others wait for are not kept
 * for a payment that cannot be made. Each attempt was followed by a look-up.
 */
function isHopeless({ intent, attempt }: OrderRecord, now: number): boolean {
  return now >= intent.holdUntil_ms && attempt >= ATTEMPTS_BEYOND_HOLD_MIN;
}

/** Voided first, because a call that came late may still reserve the money. */
function endUnpaid(record: OrderRecord, now: number): OrderDecision<ReportOutcome> {
  return undo(record, { end: "declined", reason: UNPAID, booking: null }, now, MOVED);
}

/** The reason of an order whose payment could not be made while its hold lasted. */
const UNPAID = "payment_not_made";

function fail(record: OrderRecord, reason: string, now: number): OrderDecision<ReportOutcome> {
  const booking = bookingOf(record.standing);
  return undo(record, { end: "failed", reason, booking }, now, MOVED);
}

/** The shopper has not completed the action; past the deadline the payment is voided. */
function stillWaiting(record: OrderRecord, now: number): OrderDecision<ReportOutcome> {
  const { standing } = record;
  if (standing.state !== "action_required") return putOff(record, delay_s(record.tries), now);
  const left_s = (standing.until_ms - now) / 1000;
  if (left_s <= 0) return abandon(record, now);
  return putOff(record, Math.min(delay_s(record.tries), ACTION_LOOK_MAX_S, left_s), now);
}

function abandon(record: OrderRecord, now: number): OrderDecision<ReportOutcome> {
  return undo(record, { end: "declined", reason: ABANDONED, booking: null }, now, MOVED);
}

function voided(
  record: OrderRecord,
  outcome: Exclude<SettleOutcome, { kind: "retry" }>,
  now: number,
): OrderDecision<ReportOutcome> {
  const { standing } = record;
  if (standing.state !== "voiding") return reportLateVoid(record, outcome, now);
  switch (outcome.kind) {
    case "approved": {
      const { end, reason } = standing;
      return moveTo(record, { state: end, reason }, now, MOVED);
    }
    case "declined":
    case "unknown":
      // Neither shows whether money is left, so look it up before another void or refund.
      return moveTo(record, { ...standing, how: "lookup" }, now, MOVED, fruitless(record, now));
  }
}

/** Decides by the payment's state: a reservation is voided, a capture refunded, else it is over. */
function stillToUndo(
  record: OrderRecord,
  standing: Extract<OrderStanding, { state: "voiding" }>,
  found: PaymentStanding,
  now: number,
): OrderDecision<ReportOutcome> {
  const { end, reason } = standing;
  switch (found.kind) {
    case "prepared":
    case "action_required":
    case "authorized":
      return moveTo(record, { ...standing, how: "void" }, now, MOVED, triedAgain(record, now));
    case "captured":
      return moveTo(record, { ...standing, how: "refund" }, now, MOVED, triedAgain(record, now));
    case "declined":
      if (!found.mustVoid && !found.mayReopen)
        return moveTo(record, { state: end, reason }, now, MOVED);
      return moveTo(record, { ...standing, how: "void" }, now, MOVED, triedAgain(record, now));
    case "voided":
    case "refunded":
      return moveTo(record, { state: end, reason }, now, MOVED);
  }
}

function putOff(
  record: OrderRecord,
  after_s: number,
  now: number,
  { newKey = false, tried = true } = {},
): OrderDecision<ReportOutcome> {
  const until_ms = now + Math.ceil(after_s * 1000);
  const next: OrderRecord = {
    ...record,
    lease: null,
    tries: record.tries + (tried ? 1 : 0),
    notBefore_ms: until_ms,
    wakeAt_ms: until_ms,
    updatedAt_ms: now,
    ...(newKey ? nextAttempt(record, now) : {}),
  };
  return { record: next, effects: [], outcome: { kind: "put_off", until_ms } };
}

/** The last key is known to have had no effect, and may be bound to a stored failure. */
function nextAttempt(record: OrderRecord, now: number): Partial<OrderRecord> {
  return { attempt: record.attempt + 1, attemptAt_ms: now };
}

/** As `nextAttempt`, but keeps the count of tries, so that the back-off continues. */
function triedAgain(record: OrderRecord, now: number): Partial<OrderRecord> {
  return { ...nextAttempt(record, now), tries: record.tries };
}

/** One more try without progress: the wait before the next one is longer. */
function fruitless(record: OrderRecord, now: number): Partial<OrderRecord> {
  return { tries: record.tries + 1, notBefore_ms: now + delay_s(record.tries) * 1000 };
}

/**
 * What a consumer found when it took a step, applied to the order.
 *
 * Guarantee: an unknown payment outcome leads to `in_doubt` and nowhere else: it never frees stock
 * (P4), and nothing is authorized or captured again before a look-up said that nothing had
 * happened (P3); tries that bring nothing come less and less often. A report under a lease that has
 * gone to another changes nothing; late but still the last, it is the truth about the step and
 * counts. A cancel the merchant asked for in the meantime is granted with the report.
 */
import {
  ACTION_LOOK_MAX_S,
  ACTION_REQUIRED_MAX_MS,
  SPREAD_MAX_MS,
  SPREAD_MIN_MS,
} from "../limits.ts";
import { isFinal, type OrderRecord } from "./order.ts";
import { fruitless, putOff, triedAgain } from "./retry.ts";
import {
  MOVED,
  type BookOutcome,
  type PutOff,
  type ReportOutcome,
  type StepReport,
} from "./step-outcomes.ts";
import { bookingOf, cancelNow, delay_s, moveTo, undo, type OrderDecision } from "./transition.ts";
import { stillToUndo, voided } from "./undo.ts";
import type { AuthorizeOutcome, LookupOutcome, SettleOutcome } from "./payment-backend.ts";

/**
 * Applies what the consumer found; a report under another lease changes nothing.
 *
 * @param chance from 0 to 1: what is put off waits up to a quarter longer, never less, so that
 *   orders a backend sent away together do not come back together
 */
export function report(
  record: OrderRecord,
  leaseId: string,
  reported: StepReport | PutOff,
  now: number,
  chance = 0,
): OrderDecision<ReportOutcome> {
  if (record.lease?.id !== leaseId || isFinal(record.standing)) {
    return { record, effects: [], outcome: { kind: "stale" } };
  }
  const decision = applied(record, reported, now);
  return spread(record.wish === null ? decision : grantCancel(record, decision, now), now, chance);
}

/** The merchant's wish overtakes everything except an end that came without taking money. */
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
  if (reported.outcome.kind === "retry") {
    return putOff(record, Math.max(reported.outcome.after_s, delay_s(record.tries)), now);
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
      return putOff(record, outcome.after_s, now);
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
      return moveTo(record, { state: "authorizing" }, now, MOVED, triedAgain(record, now));
    case "action_required":
      if (ofCapture) return putOff(record, delay_s(record.tries), now);
      if (standing.state === "action_required") return stillWaiting(record, now);
      return actionRequired(record, found.url, now);
    case "authorized": {
      if (!ofCapture) return moveTo(record, { state: "authorized" }, now, MOVED);
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
      return moveTo(record, { state: "declined", reason: found.reason }, now, MOVED);
  }
}

function fail(record: OrderRecord, reason: string, now: number): OrderDecision<ReportOutcome> {
  const booking = bookingOf(record.standing);
  return undo(record, { end: "failed", reason, booking }, now, MOVED);
}

/** The shopper has not finished their part; past the deadline the payment is voided. */
function stillWaiting(record: OrderRecord, now: number): OrderDecision<ReportOutcome> {
  const { standing } = record;
  if (standing.state === "action_required" && now >= standing.until_ms) {
    const ending = { end: "declined", reason: "action_abandoned", booking: null } as const;
    return undo(record, ending, now, MOVED);
  }
  return putOff(record, Math.min(delay_s(record.tries), ACTION_LOOK_MAX_S), now);
}

/**
 * The saga's commands: place, accept, reject, lease, cancel, giveUp, depart, wake, hurry, nudge.
 * The outcome of a step is applied in `report.ts`.
 *
 * Guarantee: at most one consumer holds a lease at a time, and the standing that allows a side
 * effect (`authorizing`, `capturing`) is durable before the consumer gets the step.
 */
import { LEASE_MS, PROGRESS_WATCHDOG_MAX_MS, PROGRESS_WATCHDOG_MS } from "../limits.ts";
import { mayBeReservedLate, withLateVoid } from "./late-void.ts";
import {
  isAtRest,
  isFinal,
  nextStep,
  stepKey,
  type OrderIntent,
  type OrderRecord,
  type Rejection,
  type StepKind,
} from "./order.ts";
import { GIVEN_UP } from "./reasons.ts";
import {
  cancelNow,
  giveUpNow,
  isToGiveUp,
  isUnpaid,
  mayGiveUp,
  moveTo,
  type OrderDecision,
} from "./transition.ts";

export function place(intent: OrderIntent, now: number): OrderRecord {
  return {
    v: 1,
    intent,
    standing: { state: "placing" },
    version: 1,
    paymentId: null,
    attempt: 1,
    attemptAt_ms: now,
    tries: 0,
    notBefore_ms: 0,
    wakeAt_ms: now + PROGRESS_WATCHDOG_MS,
    wish: null,
    givenUp: false,
    providerCode: null,
    card: null,
    refunds: [],
    dispute: null,
    settlementDue_ms: null,
    lease: null,
    progressAt_ms: now,
    updatedAt_ms: now,
  };
}

/** @throws Error when the order is past placing, because a final state must not change */
function assertPlacing({ intent, standing }: OrderRecord): void {
  if (standing.state === "placing") return;
  throw new Error(`order ${intent.id}: is ${standing.state} and cannot be placed again`);
}

/**
 * The order owns its units: it is accepted, and from here on it reaches a final state (P2).
 * @param until_ms when the holds end that its units came from, no later than the intent says
 */
export function accept(
  placed: OrderRecord,
  now: number,
  until_ms = placed.intent.holdUntil_ms,
): OrderDecision<"accepted"> {
  assertPlacing(placed);
  const record = { ...placed, intent: { ...placed.intent, holdUntil_ms: until_ms } };
  if (record.wish === "cancel") return cancelNow(record, now, "accepted");
  if (record.givenUp) return giveUpNow(record, now, "accepted");
  return moveTo(record, { state: "accepted" }, now, "accepted");
}

/** Units taken for some lines before another line was refused return to their cart. */
export function reject(
  record: OrderRecord,
  rejection: Rejection,
  now: number,
): OrderDecision<"rejected"> {
  assertPlacing(record);
  return moveTo(record, { state: "rejected", rejection }, now, "rejected");
}

export type LeaseOutcome =
  | { readonly kind: "step"; readonly step: StepKind; readonly key: string }
  | { readonly kind: "busy"; readonly until_ms: number }
  | { readonly kind: "wait"; readonly until_ms: number }
  | { readonly kind: "nothing" };

function isLeased({ lease: held }: OrderRecord, now: number): boolean {
  return held !== null && held.until_ms > now;
}

/** Grants one consumer the exclusive right to take the next step, for the duration of a lease. */
export function lease(
  record: OrderRecord,
  leaseId: string,
  now: number,
): OrderDecision<LeaseOutcome> {
  const same = (outcome: LeaseOutcome): OrderDecision<LeaseOutcome> => {
    return { record, effects: [], outcome };
  };
  const step = nextStep(record, now);
  if (step === null) return same({ kind: "nothing" });
  if (record.lease !== null && record.lease.until_ms > now) {
    return same({ kind: "busy", until_ms: record.lease.until_ms });
  }
  const undone = undoneBefore(record, now);
  if (undone !== null) {
    const undoing = lease(undone.record, leaseId, now);
    return { ...undoing, effects: [...undone.effects, ...undoing.effects] };
  }
  if (record.notBefore_ms > now) return same({ kind: "wait", until_ms: record.notBefore_ms });
  const until_ms = now + LEASE_MS;
  const held = { lease: { id: leaseId, until_ms }, wakeAt_ms: until_ms };
  const outcome: LeaseOutcome = { kind: "step", step, key: stepKey(record, step) };
  const { standing } = record;
  if (step === "authorize" && standing.state === "accepted") {
    return moveTo(record, { state: "authorizing" }, now, outcome, held);
  }
  if (step === "book" && standing.state === "authorized") {
    return moveTo(record, { state: "booking" }, now, outcome, held);
  }
  if (step === "capture" && standing.state === "booked") {
    const { booking } = standing;
    const fresh = { ...held, attempt: 1, attemptAt_ms: now };
    const capturing = moveTo(record, { state: "capturing", booking }, now, outcome, fresh);
    return {
      ...capturing,
      outcome: { kind: "step", step, key: stepKey(capturing.record, step) },
    };
  }
  return { record: { ...record, ...held }, effects: [], outcome };
}

/** A cancellation or a giving up whose consumer, whose report would have applied it, has died. */
function undoneBefore(record: OrderRecord, now: number): OrderDecision<null> | null {
  if (record.standing.state === "voiding" || isFinal(record.standing)) return null;
  if (record.wish === "cancel") return cancelNow(record, now, null);
  return isToGiveUp(record) ? giveUpNow(record, now, null) : null;
}

/** Records the provider's id of the payment, before anything is charged to it. */
export function recordPayment(
  record: OrderRecord,
  leaseId: string,
  paymentId: string,
): OrderDecision<"recorded" | "stale"> {
  if (record.lease?.id !== leaseId || record.standing.state !== "authorizing") {
    return { record, effects: [], outcome: "stale" };
  }
  if (record.paymentId !== null && record.paymentId !== paymentId) {
    return { record, effects: [], outcome: "stale" };
  }
  return { record: { ...record, paymentId }, effects: [], outcome: "recorded" };
}

export type CancelOutcome =
  /** `after_step`: recorded, and applied when the step in flight has ended. */
  | { readonly kind: "cancelling"; readonly when: "now" | "after_step" }
  | { readonly kind: "not_cancellable"; readonly state: string };

/**
 * The merchant's cancel: possible in every state but the final ones and an undo that ends in
 * another state. Money captured in the meantime is refunded. Safe to repeat.
 */
export function cancel(record: OrderRecord, now: number): OrderDecision<CancelOutcome> {
  const { standing } = record;
  const same = (outcome: CancelOutcome): OrderDecision<CancelOutcome> => {
    return { record, effects: [], outcome };
  };
  const isCancelled = standing.state === "voiding" && standing.end === "cancelled";
  if (isCancelled || standing.state === "cancelled") {
    return same({ kind: "cancelling", when: "now" });
  }
  if (isFinal(standing) || standing.state === "voiding") {
    return same({ kind: "not_cancellable", state: standing.state });
  }
  if (isLeased(record, now) || standing.state === "placing") {
    const outcome: CancelOutcome = { kind: "cancelling", when: "after_step" };
    if (record.wish === "cancel") return same(outcome);
    return { record: { ...record, wish: "cancel" }, effects: [], outcome };
  }
  const decision = cancelNow(record, now, { kind: "cancelling", when: "now" } as const);
  if (isFinal(decision.record.standing)) return decision;
  return { ...decision, effects: [...decision.effects, { kind: "queue" }] };
}

export type GiveUpOutcome =
  /** `after_step`: recorded, and applied when the step in flight has ended. */
  | { readonly kind: "giving_up"; readonly when: "now" | "after_step" }
  /** The shop has the order, or it is over. */
  | { readonly kind: "too_late"; readonly state: string };

/**
 * The shopper's giving up, to pay another way: possible until the shop is told of the order. The
 * units and the seat stay theirs while the hold lasts. Safe to repeat.
 */
export function giveUp(record: OrderRecord, now: number): OrderDecision<GiveUpOutcome> {
  const { standing } = record;
  const same = (outcome: GiveUpOutcome): OrderDecision<GiveUpOutcome> => {
    return { record, effects: [], outcome };
  };
  const isGivenUp = "reason" in standing && standing.reason === GIVEN_UP;
  if (isGivenUp) return same({ kind: "giving_up", when: "now" });
  if (standing.state !== "placing" && !mayGiveUp(standing)) {
    return same({ kind: "too_late", state: standing.state });
  }
  if (isLeased(record, now) || standing.state === "placing") {
    const outcome: GiveUpOutcome = { kind: "giving_up", when: "after_step" };
    if (record.givenUp) return same(outcome);
    return { record: { ...record, givenUp: true }, effects: [], outcome };
  }
  const decision = giveUpNow(record, now, { kind: "giving_up", when: "now" } as const);
  if (isFinal(decision.record.standing)) return decision;
  return { ...decision, effects: [...decision.effects, { kind: "queue" }] };
}

/** What an order answers about itself; `over`: it has ended, and its report is on its way. */
export type DepartedAnswer = "unpaid" | "paid" | "over";

/**
 * The room's news that the order's shopper is gone. An order that waits for a shopper who has left
 * is given up; any other goes on, and is given up when it would need the shopper. Safe to repeat.
 */
export function depart(
  record: OrderRecord,
  hasLeft: boolean,
  now: number,
): OrderDecision<DepartedAnswer> {
  const isNews = hasLeft && record.hasLeft !== true && !isFinal(record.standing);
  const gone = isNews ? { ...record, hasLeft } : record;
  if (!isToGiveUp(gone) || isLeased(gone, now)) {
    return { record: gone, effects: [], outcome: answerOf(gone) };
  }
  const decision = giveUpNow(gone, now, null);
  const outcome = answerOf(decision.record);
  if (isFinal(decision.record.standing)) return { ...decision, outcome };
  return { ...decision, effects: [...decision.effects, { kind: "queue" }], outcome };
}

function answerOf({ standing }: OrderRecord): DepartedAnswer {
  if (isFinal(standing)) return "over";
  return isUnpaid(standing) ? "unpaid" : "paid";
}

/** At `wakeAt_ms` the order is queued again: its wait is over, or its consumer made no progress. */
export function wake(record: OrderRecord, now: number): OrderDecision<"queued" | "asleep"> {
  const sleeps = record.standing.state === "placing" || isAtRest(record);
  if (sleeps || now < record.wakeAt_ms) return { record, effects: [], outcome: "asleep" };
  const silence_ms = now - record.updatedAt_ms;
  const next_ms = Math.min(Math.max(silence_ms, PROGRESS_WATCHDOG_MS), PROGRESS_WATCHDOG_MAX_MS);
  const woken = { ...record, wakeAt_ms: now + next_ms };
  return { record: woken, effects: [{ kind: "queue" }], outcome: "queued" };
}

/** The operator's retry: the next step may be taken now instead of at `notBefore_ms`. */
export function hurry(record: OrderRecord, now: number): OrderDecision<"queued" | "final"> {
  if (isAtRest(record)) return { record, effects: [], outcome: "final" };
  const next: OrderRecord = {
    ...record,
    notBefore_ms: Math.min(record.notBefore_ms, now),
    wakeAt_ms: isLeased(record, now) ? record.wakeAt_ms : now + PROGRESS_WATCHDOG_MS,
  };
  return { record: next, effects: [{ kind: "queue" }], outcome: "queued" };
}

/** What a hint is about: the payment itself, that money is reserved, or refunds and dispute. */
export type NewsOf = "payment" | "reserved" | "settlement";

/**
 * A hint that the payment changed at the provider (a webhook). The hint is not trusted: it only
 * makes an order that waits for the provider or the shopper look up its payment now, not later, and
 * a confirmed one its refunds and its dispute. Of one that ended without a sale a reservation is
 * voided, which is right whether or not the hint is. One that is about to be confirmed reads its
 * refunds then, because the provider may have taken the money before the order knows it.
 */
export function nudge(
  record: OrderRecord,
  now: number,
  about: NewsOf = "payment",
): OrderDecision<"queued" | "not_waiting"> {
  const { standing } = record;
  if (about === "settlement" && standing.state === "confirmed" && record.paymentId !== null) {
    // A step in flight may have read before what this is about, so its report does not answer it.
    const due_ms = Math.max(now, record.lease?.until_ms ?? now);
    const due: OrderRecord = { ...record, settlementDue_ms: due_ms };
    return { ...hurry(due, now), outcome: "queued" };
  }
  if (about === "settlement" && !isFinal(standing) && record.paymentId !== null) {
    const later: OrderRecord = { ...record, settlementDue_ms: now };
    return { record: later, effects: [], outcome: "not_waiting" };
  }
  if (about === "reserved" && mayBeReservedLate(record)) {
    return { ...hurry(withLateVoid(record, now), now), outcome: "queued" };
  }
  const waits =
    standing.state === "action_required" ||
    standing.state === "in_doubt" ||
    (standing.state === "voiding" && standing.how === "lookup");
  if (!waits || record.notBefore_ms <= now) return { record, effects: [], outcome: "not_waiting" };
  return { ...hurry(record, now), outcome: "queued" };
}

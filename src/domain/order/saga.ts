/**
 * The saga's commands: place, accept, reject, lease, cancel, wake, hurry, nudge. The outcome of a
 * step is applied in `report.ts`.
 *
 * Guarantee: at most one consumer holds a lease at a time, and the standing that allows a side
 * effect (`authorizing`, `capturing`) is durable before the consumer gets the step.
 */
import { LEASE_MS, PROGRESS_WATCHDOG_MAX_MS, PROGRESS_WATCHDOG_MS } from "../limits.ts";
import {
  isFinal,
  nextStep,
  stepKey,
  type OrderIntent,
  type OrderRecord,
  type Rejection,
  type StepKind,
} from "./order.ts";
import { cancelNow, moveTo, type OrderDecision } from "./transition.ts";

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

/** The order owns its units: it is accepted, and from here on it reaches a final state (P2). */
export function accept(record: OrderRecord, now: number): OrderDecision<"accepted"> {
  assertPlacing(record);
  if (record.wish === "cancel") return cancelNow(record, now, "accepted");
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
  // The consumer whose report would have applied the cancellation has died.
  if (record.wish === "cancel" && record.standing.state !== "voiding") {
    const cancelled = cancelNow(record, now, null);
    const undoing = lease(cancelled.record, leaseId, now);
    return { ...undoing, effects: [...cancelled.effects, ...undoing.effects] };
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

/** At `wakeAt_ms` the order is queued again: its wait is over, or its consumer made no progress. */
export function wake(record: OrderRecord, now: number): OrderDecision<"queued" | "asleep"> {
  const sleeps = record.standing.state === "placing" || isFinal(record.standing);
  if (sleeps || now < record.wakeAt_ms) return { record, effects: [], outcome: "asleep" };
  const silence_ms = now - record.updatedAt_ms;
  const next_ms = Math.min(Math.max(silence_ms, PROGRESS_WATCHDOG_MS), PROGRESS_WATCHDOG_MAX_MS);
  const woken = { ...record, wakeAt_ms: now + next_ms };
  return { record: woken, effects: [{ kind: "queue" }], outcome: "queued" };
}

/** The operator's retry: the next step may be taken now instead of at `notBefore_ms`. */
export function hurry(record: OrderRecord, now: number): OrderDecision<"queued" | "final"> {
  if (isFinal(record.standing)) return { record, effects: [], outcome: "final" };
  const next: OrderRecord = {
    ...record,
    notBefore_ms: Math.min(record.notBefore_ms, now),
    wakeAt_ms: isLeased(record, now) ? record.wakeAt_ms : now + PROGRESS_WATCHDOG_MS,
  };
  return { record: next, effects: [{ kind: "queue" }], outcome: "queued" };
}

/**
 * A hint that the payment changed at the provider (a webhook). The hint is not trusted: it only
 * makes an order that waits for the provider or the shopper look up its payment now, not later.
 */
export function nudge(record: OrderRecord, now: number): OrderDecision<"queued" | "not_waiting"> {
  const { standing } = record;
  const waits =
    standing.state === "action_required" ||
    standing.state === "in_doubt" ||
    (standing.state === "voiding" && standing.how === "lookup");
  if (!waits || record.notBefore_ms <= now) return { record, effects: [], outcome: "not_waiting" };
  return { ...hurry(record, now), outcome: "queued" };
}

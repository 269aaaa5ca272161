/**
 * The saga's commands: place, accept, reject, lease, cancel, hurry. What a consumer reports about
 * a step it took is applied in `order-report.ts`.
 *
 * Guarantee: at most one consumer holds a lease at a time, and the standing that allows a side
 * effect (`authorizing`, `capturing`) is durable before the step is handed out.
 */
import { LEASE_MS } from "./limits.ts";
import {
  isFinal,
  nextStep,
  stepKey,
  type OrderIntent,
  type OrderRecord,
  type Rejection,
  type StepKind,
} from "./order.ts";
import { bookingOf, moveTo, undo, type OrderDecision } from "./order-transition.ts";

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
    lease: null,
    progressAt_ms: now,
    updatedAt_ms: now,
  };
}

/** @throws Error when the order is past placing, or a final state could change: a caller's bug */
function assertPlacing({ intent, standing }: OrderRecord): void {
  if (standing.state === "placing") return;
  throw new Error(`order ${intent.id}: is ${standing.state} and cannot be placed again`);
}

/** The units are this order's: it is accepted, and from here on it reaches a final state (P2). */
export function accept(record: OrderRecord, now: number): OrderDecision<"accepted"> {
  assertPlacing(record);
  return moveTo(record, { state: "accepted" }, now, "accepted");
}

/** Units taken for some lines before one was refused go back to the cart they came from. */
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

/** Gives one consumer the right to take the next step, for the length of one lease. */
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
  if (record.notBefore_ms > now) return same({ kind: "wait", until_ms: record.notBefore_ms });
  const held = { lease: { id: leaseId, until_ms: now + LEASE_MS } };
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

/** The provider's id of the payment, before anything is charged to it. */
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
  | { readonly kind: "cancelling" }
  | { readonly kind: "busy"; readonly until_ms: number }
  | { readonly kind: "not_cancellable"; readonly state: string };

/** The merchant's cancel: possible until the money may have been taken. */
export function cancel(record: OrderRecord, now: number): OrderDecision<CancelOutcome> {
  const { standing } = record;
  const same = (outcome: CancelOutcome): OrderDecision<CancelOutcome> => {
    return { record, effects: [], outcome };
  };
  switch (standing.state) {
    case "accepted":
    case "authorizing":
    case "action_required":
    case "authorized":
    case "booking":
    case "booked": {
      if (record.lease !== null && record.lease.until_ms > now) {
        return same({ kind: "busy", until_ms: record.lease.until_ms });
      }
      const reason = "cancelled_by_merchant";
      const outcome: CancelOutcome = { kind: "cancelling" };
      if (record.paymentId === null) {
        return moveTo(record, { state: "cancelled", reason }, now, outcome);
      }
      const booking = bookingOf(standing);
      const decision = undo(record, "cancelled", reason, booking, now, outcome);
      return { ...decision, effects: [...decision.effects, { kind: "queue" }] };
    }
    default:
      return same({ kind: "not_cancellable", state: standing.state });
  }
}

/** An operator's push: the next step may be taken now. */
export function hurry(record: OrderRecord, now: number): OrderDecision<"queued" | "final"> {
  if (isFinal(record.standing)) return { record, effects: [], outcome: "final" };
  const next = { ...record, notBefore_ms: Math.min(record.notBefore_ms, now) };
  return { record: next, effects: [{ kind: "queue" }], outcome: "queued" };
}

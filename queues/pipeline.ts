/**
 * Takes an order's next steps with the backends, one leased step at a time.
 *
 * Guarantee: nothing is called without a lease, and the Order has made durable what allows the
 * call before it is made. The outcome is told to the Order at once; if this Worker dies in
 * between, the lease runs out and the step is repeated with the same key.
 */
import type { LeaseOutcome } from "../src/domain/order-saga.ts";
import { STEPS_PER_MESSAGE_MAX } from "../src/domain/limits.ts";
import { stepKey, type OrderRecord, type StepKind } from "../src/domain/order.ts";
import type { PutOff, ReportOutcome, StepReport } from "../src/domain/order-report.ts";
import type { PaymentBackend } from "../src/domain/payment.ts";
import type { OrderBackend } from "./backends/order-backend.ts";
import type { Breaker } from "./breakers.ts";

/** The Order object, as the pipeline uses it. */
export interface LeasedOrder {
  lease(leaseId: string): Promise<LeaseOutcome & { readonly record: OrderRecord | null }>;
  recordPayment(leaseId: string, paymentId: string): Promise<"recorded" | "stale">;
  report(leaseId: string, said: StepReport | PutOff): Promise<ReportOutcome>;
}

export interface Pipeline {
  readonly payments: PaymentBackend;
  readonly orders: OrderBackend;
  readonly paymentBreaker: Breaker;
  readonly orderBreaker: Breaker;
  readonly now: () => number;
  readonly newId: () => string;
}

export type Progress =
  /** Nothing is left to do for a message: the order is final, waits for its shopper, or is held. */
  { readonly kind: "done" } | { readonly kind: "again"; readonly after_s: number };

/** Takes steps until the order is final or has to wait. */
export async function advance(pipeline: Pipeline, order: LeasedOrder): Promise<Progress> {
  for (let taken = 0; taken < STEPS_PER_MESSAGE_MAX; taken += 1) {
    const leaseId = pipeline.newId();
    const leased = await order.lease(leaseId);
    const { record } = leased;
    if (leased.kind === "nothing" || record === null) return { kind: "done" };
    if (leased.kind !== "step") return again(leased.until_ms, pipeline.now());
    const said = await takeStep(pipeline, order, leaseId, leased.step, record);
    if (said === null) return { kind: "again", after_s: 1 };
    const outcome = await order.report(leaseId, said);
    if (outcome.kind === "put_off") return again(outcome.until_ms, pipeline.now());
    if (outcome.kind === "stale") return { kind: "again", after_s: 1 };
  }
  return { kind: "again", after_s: 1 };
}

function again(until_ms: number, now: number): Progress {
  return { kind: "again", after_s: Math.max(Math.ceil((until_ms - now) / 1000), 1) };
}

/** Null when the lease went to another while the step was being taken. */
async function takeStep(
  pipeline: Pipeline,
  order: LeasedOrder,
  leaseId: string,
  step: StepKind,
  record: OrderRecord,
): Promise<StepReport | PutOff | null> {
  const { payments, now } = pipeline;
  const { intent } = record;
  if (step === "book") {
    const booked = await guarded(pipeline.orderBreaker, now, () =>
      pipeline.orders.book(intent, now()),
    );
    return "after_s" in booked && booked.kind === "put_off" ? booked : { step, outcome: booked };
  }
  const { paymentId } = record;
  if (step === "authorize") return authorize(pipeline, order, leaseId, record);
  if (paymentId === null) throw new Error(`order ${intent.id}: ${step} without a payment`);
  const key = stepKey(record, step);
  const money = { amount: intent.total, currency: intent.currency };
  if (step === "capture") {
    const outcome = await guarded(pipeline.paymentBreaker, now, () =>
      payments.capture({ paymentId, money, key }),
    );
    return outcome.kind === "put_off" ? outcome : { step, outcome };
  }
  if (step === "lookup") {
    const outcome = await guarded(pipeline.paymentBreaker, now, () =>
      payments.lookup({ paymentId }),
    );
    return outcome.kind === "put_off" ? outcome : { step, outcome };
  }
  const unbooked = await pipeline.orders.cancel(intent, now());
  if (unbooked.kind === "unknown") return { kind: "put_off", after_s: 5, newKey: false };
  const outcome = await guarded(pipeline.paymentBreaker, now, () =>
    step === "void" ? payments.void({ paymentId, key }) : payments.refund({ paymentId, key }),
  );
  return outcome.kind === "put_off" ? outcome : { step, outcome };
}

/** The payment's id is durable in the Order before anything is charged to it. */
async function authorize(
  pipeline: Pipeline,
  order: LeasedOrder,
  leaseId: string,
  record: OrderRecord,
): Promise<StepReport | PutOff | null> {
  const { payments, paymentBreaker, now } = pipeline;
  const { intent } = record;
  const money = { amount: intent.total, currency: intent.currency };
  let { paymentId } = record;
  if (paymentId === null) {
    const prepared = await guarded(paymentBreaker, now, () => {
      return payments.prepare({ orderId: intent.id, money, key: stepKey(record, "prepare") });
    });
    switch (prepared.kind) {
      case "put_off":
        return prepared;
      case "declined":
        return { step: "authorize", outcome: prepared };
      case "retry":
        return { kind: "put_off", after_s: prepared.after_s, newKey: false };
      case "unknown":
        // Preparing charges nothing; a payment nobody knows of is left behind unconfirmed.
        return { kind: "put_off", after_s: 1, newKey: true };
      case "prepared":
        paymentId = prepared.paymentId;
    }
    if ((await order.recordPayment(leaseId, paymentId)) === "stale") return null;
  }
  const known = paymentId;
  const outcome = await guarded(paymentBreaker, now, () => {
    const key = stepKey(record, "authorize");
    const { paymentMethod: method, returnUrl } = intent;
    return payments.authorize({ paymentId: known, method, returnUrl, key });
  });
  return outcome.kind === "put_off" ? outcome : { step: "authorize", outcome };
}

/** Asks the breaker first and tells it afterwards. A refusal by the backend is an answer. */
async function guarded<Outcome extends { readonly kind: string }>(
  breaker: Breaker,
  now: () => number,
  call: () => Promise<Outcome>,
): Promise<Outcome | PutOff> {
  const permission = await breaker.ask(now());
  if (permission.kind === "wait") {
    const after_s = Math.max(Math.ceil((permission.until_ms - now()) / 1000), 1);
    return { kind: "put_off", after_s, newKey: false };
  }
  const { probe } = permission;
  const startedAt_ms = now();
  const outcome = await call();
  const failed = outcome.kind === "unknown" || outcome.kind === "retry";
  await breaker.told({ failed, duration_ms: now() - startedAt_ms, probe }, now());
  return outcome;
}

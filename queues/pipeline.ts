/**
 * Takes an order's next steps by calling the backends, one leased step at a time.
 *
 * Guarantee: a backend is called only under a lease, after the Order has made the standing that
 * allows the call durable. No call begins that might outlast its lease. The outcome is reported to
 * the Order at once; if this Worker dies before, the lease expires and the step is repeated with
 * the same key. An order that has to wait is queued by its own alarm, so that waiting uses up none
 * of the queue's retries.
 */
import type { LeaseOutcome } from "../src/domain/order/saga.ts";
import { SLOT_WAIT_MAX_MS, STEPS_PER_MESSAGE_MAX } from "../src/domain/limits.ts";
import {
  stepKey,
  type OrderIntent,
  type OrderRecord,
  type StepKind,
} from "../src/domain/order/order.ts";
import { refundKey, refundToMake } from "../src/domain/order/refunds.ts";
import type { PutOff, ReportOutcome, StepReport } from "../src/domain/order/step-outcomes.ts";
import { delay_s } from "../src/domain/order/transition.ts";
import type {
  Misconfigured,
  PaidOrder,
  PaymentBackend,
} from "../src/domain/order/payment-backend.ts";
import type { OrderBackend } from "../src/domain/order/order-backend.ts";
import { log } from "../src/platform/log.ts";
import type { Breaker } from "./breakers.ts";
import type { Bulkhead } from "./bulkhead.ts";
import type { Pace } from "./pace.ts";

/** About the time until a call that hangs times out and frees its slot. */
const SLOT_AGAIN_S = 2;
/** The minimum wait after a refusal of the breaker. */
const AFTER_BREAKER_MIN_S = 0.1;
const UNBOOK_AGAIN_S = 5;

/** The Order object, as the pipeline uses it. */
export interface LeasedOrder {
  lease(leaseId: string): Promise<LeaseAnswer>;
  recordPayment(leaseId: string, paymentId: string): Promise<"recorded" | "stale">;
  /** Also leases the next step under `nextLeaseId`, unless that is null. */
  report(
    leaseId: string,
    reported: StepReport | PutOff,
    nextLeaseId: string | null,
  ): Promise<ReportOutcome & { readonly next: LeaseAnswer | null }>;
}

type LeaseAnswer = LeaseOutcome & { readonly record: OrderRecord | null };

export interface Pipeline {
  readonly payments: PaymentBackend;
  readonly orders: OrderBackend;
  readonly paymentBreaker: Breaker;
  readonly orderBreaker: Breaker;
  readonly paymentPace: Pace;
  readonly orderPace: Pace;
  readonly paymentSlots: Bulkhead;
  readonly orderSlots: Bulkhead;
  readonly now: () => number;
  readonly newId: () => string;
}

export type Progress =
  /** Nothing is left to do here: the order is final, or another consumer has the lease. */
  | { readonly kind: "done" }
  /** The order queues itself again after about `after_s`; its alarm is durable in the Order. */
  | { readonly kind: "waits"; readonly after_s: number }
  /** The order has a next step now; the message is retried so that other orders go first. */
  | { readonly kind: "again"; readonly after_s: number };

/** Takes steps until the order is final or has to wait. */
export async function advance(pipeline: Pipeline, order: LeasedOrder): Promise<Progress> {
  let leaseId = pipeline.newId();
  let leased = await order.lease(leaseId);
  for (let taken = 1; taken <= STEPS_PER_MESSAGE_MAX; taken += 1) {
    const { record } = leased;
    if (leased.kind === "nothing" || record === null) return { kind: "done" };
    if (leased.kind !== "step") return waits(leased.until_ms, pipeline.now());
    const reported = await takeStep(pipeline, order, leaseId, leased.step, record);
    if (reported === null) return { kind: "done" };
    const nextLeaseId = taken < STEPS_PER_MESSAGE_MAX ? pipeline.newId() : null;
    const outcome = await order.report(leaseId, reported, nextLeaseId);
    if (outcome.kind === "put_off") return waits(outcome.until_ms, pipeline.now());
    if (outcome.kind === "stale") return { kind: "done" };
    if (nextLeaseId === null || outcome.next === null) break;
    leaseId = nextLeaseId;
    leased = outcome.next;
  }
  return { kind: "again", after_s: 1 };
}

function waits(until_ms: number, now: number): Progress {
  return { kind: "waits", after_s: Math.max(Math.ceil((until_ms - now) / 1000), 1) };
}

/** Null when another consumer took over the lease during the step. */
async function takeStep(
  pipeline: Pipeline,
  order: LeasedOrder,
  leaseId: string,
  step: StepKind,
  record: OrderRecord,
): Promise<StepReport | PutOff | null> {
  const { payments, orders, now } = pipeline;
  const { intent, paymentId } = record;
  const toPayments = gateOf(pipeline, "payment", record);
  if (step === "book") {
    const toOrders = gateOf(pipeline, "orders", record);
    const outcome = await guarded(toOrders, () => orders.book(intent, now()));
    return outcome.kind === "put_off" ? outcome : { step, outcome };
  }
  if (step === "authorize") return authorize(pipeline, toPayments, order, leaseId, record);
  if (paymentId === null) throw new Error(`order ${intent.id}: ${step} without a payment`);
  const key = stepKey(record, step);
  if (step === "capture") {
    const money = { amount: intent.total, currency: intent.currency };
    const outcome = await guarded(toPayments, () => payments.capture({ paymentId, money, key }));
    return outcome.kind === "put_off" ? outcome : { step, outcome };
  }
  if (record.standing.state === "voiding") {
    // The booking is cancelled first, because goods whose payment is refunded must not be sent.
    const notUnbooked = await unbook(pipeline, record);
    if (notUnbooked !== null) return notUnbooked;
  }
  if (step === "refund_part") return refundPart(payments, toPayments, paymentId, record);
  if (step === "settlement") {
    const { currency } = intent;
    const outcome = await guarded(toPayments, () => payments.settlement({ paymentId, currency }));
    return outcome.kind === "put_off" ? outcome : { step, outcome };
  }
  if (step === "lookup") {
    const outcome = await guarded(toPayments, () => payments.lookup({ paymentId }));
    return outcome.kind === "put_off" ? outcome : { step, outcome };
  }
  const outcome = await guarded(toPayments, () =>
    step === "void" ? payments.void({ paymentId, key }) : payments.refund({ paymentId, key }),
  );
  return outcome.kind === "put_off" ? outcome : { step, outcome };
}

async function refundPart(
  payments: PaymentBackend,
  gate: BackendGate,
  paymentId: string,
  record: OrderRecord,
): Promise<StepReport | PutOff | null> {
  const refund = refundToMake(record);
  if (refund === null) return null;
  const money = { amount: refund.amount, currency: record.intent.currency };
  const key = refundKey(record, refund);
  const outcome = await guarded(gate, () => {
    return payments.refundPart({ paymentId, refundId: refund.id, money, key });
  });
  return outcome.kind === "put_off" ? outcome : { step: "refund_part", outcome };
}

/** What the provider is told of the order. Orders of the first versions state little of it. */
function paidOrderOf({ id, sale, email, name, phone, shipTo, payment }: OrderIntent): PaidOrder {
  const shipping =
    shipTo === null ? null : { name: shipTo["name"] ?? name ?? "", phone, address: shipTo };
  return {
    id,
    sale,
    email,
    shipping,
    description: payment?.description ?? sale,
    statementSuffix: payment?.statementSuffix ?? null,
    methods: payment?.methods ?? [],
  };
}

/** Null when the booking is known to be cancelled. */
async function unbook(pipeline: Pipeline, record: OrderRecord): Promise<PutOff | null> {
  const { orders, now } = pipeline;
  const unbooked = await guarded(gateOf(pipeline, "orders", record), () => {
    return orders.cancel(record.intent, now());
  });
  if (unbooked.kind === "put_off") return unbooked;
  if (unbooked.kind === "cancelled") return null;
  return { kind: "put_off", after_s: UNBOOK_AGAIN_S, newKey: false, tried: true };
}

/** The payment's id is durable in the Order before anything is charged to it. */
async function authorize(
  { payments }: Pipeline,
  gate: BackendGate,
  order: LeasedOrder,
  leaseId: string,
  record: OrderRecord,
): Promise<StepReport | PutOff | null> {
  const { intent } = record;
  const money = { amount: intent.total, currency: intent.currency };
  let { paymentId } = record;
  if (paymentId === null) {
    const prepared = await guarded(gate, () => {
      const key = stepKey(record, "prepare");
      return payments.prepare({ order: paidOrderOf(intent), money, key });
    });
    switch (prepared.kind) {
      case "put_off":
        return prepared;
      case "misconfigured":
        logMistake(intent.id, prepared);
        return { step: "authorize", outcome: prepared };
      case "declined":
        return { step: "authorize", outcome: prepared };
      case "retry":
        return { kind: "put_off", after_s: prepared.after_s, newKey: false, tried: true };
      case "unknown":
        // Preparing charges nothing, so a payment with an unknown id is left behind unconfirmed.
        return { kind: "put_off", after_s: delay_s(record.tries), newKey: true, tried: true };
      case "prepared":
        paymentId = prepared.paymentId;
    }
    if ((await order.recordPayment(leaseId, paymentId)) === "stale") return null;
  }
  const known = paymentId;
  const outcome = await guarded(gate, () => {
    const key = stepKey(record, "authorize");
    const { paymentMethod: method, returnUrl } = intent;
    return payments.authorize({ paymentId: known, method, returnUrl, key });
  });
  if (outcome.kind === "put_off") return outcome;
  if (outcome.kind === "declined" && SHOPPERS_ALARMS.has(outcome.reason)) {
    log.warn("payment", "token_refused", { order: intent.id, code: outcome.reason });
  }
  if (outcome.kind !== "misconfigured") return { step: "authorize", outcome };
  logMistake(intent.id, outcome);
  // An earlier try may have reserved the money, which a refused key does not show.
  const isUnclear = outcome.isKeyRefused === true && record.paymentId !== null;
  const unclear = { kind: "unknown", reason: outcome.code } as const;
  return { step: "authorize", outcome: isUnclear ? unclear : outcome };
}

/** Also a wrong publishable key may cause these, but so can any browser: no error of the shop's. */
const SHOPPERS_ALARMS: ReadonlySet<string> = new Set([
  "livemode_mismatch",
  "payment_intent_incompatible_payment_method",
  "request_not_sent",
]);

/** The shop's settings have to be changed, because no order can be paid so. */
function logMistake(order: string, { code, param = null, requestId = null }: Misconfigured): void {
  log.error("payment", "misconfigured", { order, code, param, request: requestId });
}

/** The part of an outcome that counts for breaker and pace. */
interface Called {
  readonly kind: string;
  readonly throttled?: boolean;
  readonly after_s?: number;
  readonly unsent?: boolean;
}

/** What every call to a backend has to pass: a slot, breaker, pace, and the time of the lease. */
interface BackendGate {
  readonly breaker: Breaker;
  readonly pace: Pace;
  /** An order that has begun, or was put off, goes before new ones. */
  readonly waited: boolean;
  readonly slots: Bulkhead;
  readonly now: () => number;
  readonly leasedUntil_ms: number;
}

function gateOf(
  pipeline: Pipeline,
  backend: "payment" | "orders",
  { lease, paymentId, notBefore_ms }: OrderRecord,
): BackendGate {
  const { now } = pipeline;
  const order = {
    now,
    leasedUntil_ms: lease?.until_ms ?? 0,
    waited: paymentId !== null || notBefore_ms > 0,
  };
  return backend === "payment"
    ? {
        breaker: pipeline.paymentBreaker,
        pace: pipeline.paymentPace,
        slots: pipeline.paymentSlots,
        ...order,
      }
    : {
        breaker: pipeline.orderBreaker,
        pace: pipeline.orderPace,
        slots: pipeline.orderSlots,
        ...order,
      };
}

/** Postponed without a call. */
function notTried(after_s: number): PutOff {
  return { kind: "put_off", after_s, newKey: false, tried: false };
}

/** Waits for a free slot, then calls through the breaker. */
async function guarded<Outcome extends Called>(
  gate: BackendGate,
  call: () => Promise<Outcome>,
): Promise<Outcome | PutOff> {
  const { slots, now, leasedUntil_ms, pace } = gate;
  const waitingSince_ms = now();
  if (!(await slots.enter())) return notTried(SLOT_AGAIN_S);
  try {
    const waited_ms = now() - waitingSince_ms;
    const mayOutlastLease = now() + pace.timeout_ms > leasedUntil_ms;
    if (waited_ms > SLOT_WAIT_MAX_MS || mayOutlastLease) return notTried(SLOT_AGAIN_S);
    return await throughBreaker(gate, call);
  } finally {
    slots.leave();
  }
}

/**
 * For the breaker a refusal is a success; `unknown`, `retry` and a throw are failures. A backend
 * that throttles is well, so that is no failure, and slows calls down instead (`domain/pace.ts`).
 * A request that was never sent tells nothing of the backend, so it is not counted at all.
 */
async function throughBreaker<Outcome extends Called>(
  { breaker, pace, now, waited }: BackendGate,
  call: () => Promise<Outcome>,
): Promise<Outcome | PutOff> {
  await pace.refresh(now());
  const permission = await breaker.ask(now());
  if (permission.kind === "wait") {
    return notTried(Math.max((permission.until_ms - now()) / 1000, AFTER_BREAKER_MIN_S));
  }
  const { probe } = permission;
  const paced_ms = probe ? null : await pace.ask(waited, now());
  if (paced_ms !== null) return notTried((paced_ms - now()) / 1000);
  const startedAt_ms = now();
  let [failed, throttled, unsent, retryAfter_ms] = [true, false, false, 0];
  try {
    const outcome = await call();
    unsent = outcome.unsent === true;
    throttled = outcome.kind === "retry" && outcome.throttled === true;
    retryAfter_ms = (outcome.after_s ?? 0) * 1000;
    failed = outcome.kind === "unknown" || (outcome.kind === "retry" && !throttled);
    return outcome;
  } finally {
    if (unsent && probe) breaker.forgetProbe();
    if (!unsent) pace.record(throttled ? retryAfter_ms : null, now());
    // Counted as a success, many of them would hide that the other calls fail.
    if (!unsent && (!throttled || probe)) {
      await breaker.record({ failed, duration_ms: now() - startedAt_ms, probe }, now());
    }
  }
}

/**
 * Stripe without a network: the sandbox's payments, keys and errors, called by the real adapter.
 *
 * Guarantee: what a call does and answers is decided by `simulation/sandbox`; what the adapter
 * makes of it by `queues/backends/stripe.ts` and `stripe-answers.ts`. Between them stand the faults
 * of a network and of a provider: an answer that never comes, an effect that comes late.
 */
import Stripe from "stripe";
import { z } from "zod";
import { paymentsThrough } from "../../queues/backends/stripe.ts";
import type { CallOptions, StripeCalls } from "../../queues/backends/stripe-calls.ts";
import { PAYMENT_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { type Account, DEFAULT_ACCOUNT } from "../sandbox/account.ts";
import { BROKEN, TOO_MANY } from "../sandbox/api-error.ts";
import type { ConfirmationToken } from "../sandbox/confirmation-token.ts";
import { formOf } from "../sandbox/form.ts";
import { isClosed, moveDispute, openDispute } from "../sandbox/disputes.ts";
import { fingerprintOf, recall, type Remembered } from "../sandbox/idempotency.ts";
import { applyCommand, type Command } from "../sandbox/payment.ts";
import type { Payment } from "../sandbox/payment-schema.ts";
import { perform } from "../sandbox/perform.ts";
import { answerError, type Records } from "../sandbox/records.ts";
import { nextSettlement_ms, refundPayment, settleDueRefunds } from "../sandbox/refunds.ts";
import { readCall } from "../sandbox/stripe-requests.ts";
import { tokenNamed } from "./cards.ts";
import {
  drawCourse,
  type PaymentFacts,
  type ProviderParts,
  type SimulatedPayments,
} from "./payments.ts";

const LATENCY_MAX_MS = 200;
const HANG_MS = 30_000;
const LATE_MAX_MS = 60_000;
const DISPUTE_MAX_MS = 40 * 60_000;
const ORIGIN = "https://bank.example";

const errorBody = z.object({
  error: z.object({
    type: z.enum(["api_error", "card_error", "idempotency_error", "invalid_request_error"]),
    message: z.string(),
    code: z.string().exactOptional(),
    decline_code: z.string().exactOptional(),
    param: z.string().exactOptional(),
  }),
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly options: CallOptions;
}

export class StripeMemory implements SimulatedPayments {
  readonly #parts: ProviderParts;
  readonly #payments = new Map<string, Payment>();
  readonly #byOrder = new Map<string, Set<string>>();
  readonly #keys = new Map<string, Remembered>();
  readonly #tokens = new Map<string, ConfirmationToken>();
  /** Tokens are made by their names, because no browser is simulated; there are no domains. */
  readonly #records: Records = {
    payment: (id) => this.#payments.get(id) ?? null,
    paymentWith: (id) => [...this.#payments.values()].find((each) => hasPart(each, id)) ?? null,
    payments: () => [...this.#payments.values()],
    token: (id) => this.#tokens.get(id) ?? tokenNamed(id, this.#parts.time.now),
    domains: () => [],
  };
  #ids = 0;

  constructor(parts: ProviderParts) {
    this.#parts = parts;
  }

  backend(now: () => number): PaymentBackend {
    return paymentsThrough(this.#calls(), () => PAYMENT_TIMEOUT_MS, now);
  }

  of(order: string): PaymentFacts[] {
    return [...(this.#byOrder.get(order) ?? [])].flatMap((id) => {
      const payment = this.#payments.get(id);
      return payment === undefined ? [] : [factsOf(payment, order)];
    });
  }

  authenticate(paymentId: string, agreed: boolean): void {
    const payment = this.#payments.get(paymentId);
    if (payment === undefined) return;
    const command: Command = { kind: "authenticate", accepted: agreed };
    const moment = { charge: this.#newId("ch"), now: this.#parts.time.now };
    this.#keep(applyCommand(payment, command, moment).payment);
  }

  refundAtProvider(order: string, amount: number): void {
    const payment = this.#captured(order);
    if (payment === null) return;
    const { standing } = payment;
    if (standing.status !== "succeeded") return;
    const left = standing.captured - standing.refunded;
    if (left === 0) return;
    const wanted = { amount: Math.min(amount, left), reason: null, metadata: {} };
    const id = this.#newId("re");
    const { now } = this.#parts.time;
    this.#keep(refundPayment(payment, { id, ...wanted }, DEFAULT_ACCOUNT, now).payment);
  }

  moveDispute(order: string, isConfirmed: boolean): void {
    const payment = this.#captured(order);
    if (payment === null) return;
    const { faults, time } = this.#parts;
    // An order that is being undone waits for the end of the dispute, so that must come.
    if (!isConfirmed && payment.dispute === null) {
      time.after(faults.between(1, DISPUTE_MAX_MS), () => this.#closeDispute(order));
    }
    const { dispute } = payment;
    if (dispute === null) {
      const wanted = { reason: "fraudulent", isInquiry: faults.random() < 0.5, amount: null };
      this.#keep(openDispute(payment, { id: this.#newId("du"), ...wanted }, time.now) ?? payment);
    } else this.#closeDispute(order);
  }

  #closeDispute(order: string): void {
    const payment = this.#captured(order);
    const dispute = payment?.dispute ?? null;
    if (payment === null || dispute === null || isClosed(dispute)) return;
    const isInquiry = dispute.status.startsWith("warning_");
    const ends = isInquiry ? (["warning_closed"] as const) : (["won", "lost"] as const);
    this.#keep(moveDispute(payment, this.#parts.faults.pick(ends)) ?? payment);
  }

  #captured(order: string): Payment | null {
    const ids = [...(this.#byOrder.get(order) ?? [])];
    const payments = ids.flatMap((id) => this.#payments.get(id) ?? []);
    return payments.find(({ standing }) => standing.status === "succeeded") ?? null;
  }

  #calls(): StripeCalls {
    const post = (path: string, params: object, options: CallOptions) => {
      return this.#ask({ method: "POST", path, parameters: formOf(params), options });
    };
    const get = (path: string, params: object, options: CallOptions) => {
      return this.#ask({ method: "GET", path, parameters: formOf(params), options });
    };
    const intents = "/v1/payment_intents";
    return {
      paymentIntents: {
        create: (params, options) => post(intents, params, options),
        confirm: (id, params, options) => post(`${intents}/${id}/confirm`, params, options),
        capture: (id, params, options) => post(`${intents}/${id}/capture`, params, options),
        cancel: (id, params, options) => post(`${intents}/${id}/cancel`, params, options),
        retrieve: (id, params, options) => get(`${intents}/${id}`, params, options),
      },
      refunds: {
        create: (params, options) => post("/v1/refunds", params, options),
        list: (params, options) => get("/v1/refunds", params, options),
      },
      disputes: {
        list: (params, options) => get("/v1/disputes", params, options),
      },
    };
  }

  async #ask(request: Request): Promise<unknown> {
    const { faults, time } = this.#parts;
    const slow_ms = faults.strikes("payment_slow") ? faults.between(0, PAYMENT_TIMEOUT_MS) : 0;
    const latency_ms = faults.between(20, LATENCY_MAX_MS) + slow_ms;
    if (latency_ms > request.options.timeout) {
      time.after(latency_ms, () => this.#answer(request, 0));
      return this.#lost(request.options.timeout);
    }
    const there_ms = Math.ceil(latency_ms * faults.random());
    await time.sleep(there_ms);
    const left_ms = request.options.timeout - there_ms;
    if (this.#parts.isPaymentOut()) {
      faults.count("payment_outage");
      // A provider that goes down may still perform its last request.
      if (faults.random() < 0.5) this.#answer(request, 0);
      return this.#lost(left_ms);
    }
    if (faults.strikes("payment_lost_before")) return this.#lost(left_ms);
    if (faults.strikes("payment_late")) {
      const late_ms = faults.between(left_ms, LATE_MAX_MS);
      time.after(late_ms, () => this.#answer(request, 0));
      return this.#lost(left_ms);
    }
    if (faults.strikes("payment_hang")) {
      this.#answer(request, HANG_MS);
      return this.#lost(left_ms);
    }
    if (faults.strikes("payment_429")) {
      return thrown({ ...answerError(TOO_MANY), headers: { "retry-after": "1" } });
    }
    if (faults.strikes("payment_500_before")) return thrown(this.#broken(request));
    const answer = this.#answer(request, 0);
    await time.sleep(latency_ms - there_ms);
    if (faults.strikes("payment_500_after")) return thrown(this.#broken(request));
    if (faults.strikes("payment_lost_after")) {
      return this.#lost(request.options.timeout - latency_ms);
    }
    return answer.status === 200 ? JSON.parse(answer.body) : thrown(answer);
  }

  async #lost(wait_ms: number): Promise<never> {
    await this.#parts.time.sleep(wait_ms);
    const message = "An error occurred with our connection to Stripe.";
    throw new Stripe.errors.StripeConnectionError({ message, type: "api_error" });
  }

  /** A 500, which the provider remembers as the answer to the key. */
  #broken(request: Request): Answer {
    const broken = answerError(BROKEN);
    this.#remember(request, broken, 0);
    const shouldRetry = request.method === "GET" ? "true" : "false";
    return { ...broken, headers: { "stripe-should-retry": shouldRetry } };
  }

  /** What the call does, once for its key, and what the provider answers. */
  #answer(request: Request, hold_ms: number): Answer {
    const { method, path, parameters, options } = request;
    const key = options.idempotencyKey;
    if (key !== undefined) {
      const first = this.#keys.get(key) ?? null;
      const recalled = recall(first, fingerprintOf(method, path, parameters), this.#parts.time.now);
      if (recalled.kind === "refused") return answerError(recalled.error);
      if (recalled.kind === "replay") return recalled.first;
    }
    const read = readCall(method, path, parameters);
    if (read.kind === "refused") return answerError(read.error);
    const performed = perform(read.call, this.#records, {
      now: this.#parts.time.now,
      origin: ORIGIN,
      account: this.#accountFor(request),
      by: "secret",
      isLive: false,
      newId: (prefix) => this.#newId(prefix),
    });
    const { payment, token } = performed.changed;
    if (token !== undefined) this.#tokens.set(token.id, token);
    if (payment !== undefined) this.#keep(payment);
    this.#remember(request, performed, hold_ms);
    return performed;
  }

  /** How the merchant's refunds go; one that undoes an order succeeds. */
  #accountFor({ method, path, parameters }: Request): Account {
    const isOurs = parameters.some(([name]) => name === "metadata[refund]");
    if (method !== "POST" || path !== "/v1/refunds" || !isOurs) return DEFAULT_ACCOUNT;
    if (this.#parts.faults.strikesOften("refund_refused")) {
      return { ...DEFAULT_ACCOUNT, balance: "insufficient" };
    }
    const { kind, settles_ms } = drawCourse(this.#parts);
    const refunds = kind === "succeeds" ? "by_card" : kind;
    return { ...DEFAULT_ACCOUNT, refunds, refundSettles_ms: settles_ms };
  }

  #remember({ method, path, parameters, options }: Request, answer: Answer, hold_ms: number): void {
    const key = options.idempotencyKey;
    if (key === undefined) return;
    const { now } = this.#parts.time;
    this.#keys.set(key, {
      version: 1,
      fingerprint: fingerprintOf(method, path, parameters),
      status: answer.status,
      body: answer.body,
      requestId: "req",
      at_ms: now,
      busyUntil_ms: now + hold_ms,
    });
  }

  #keep(payment: Payment): void {
    const before = this.#payments.get(payment.id);
    this.#payments.set(payment.id, payment);
    const { order } = payment;
    if (order === null) return;
    const ids = this.#byOrder.get(order) ?? new Set();
    this.#byOrder.set(order, ids.add(payment.id));
    this.#parts.tell(`payment ${payment.standing.status}`, `${order} ${payment.id}`);
    this.#parts.promises.look(order);
    if (before === undefined || before.standing.status !== payment.standing.status) {
      this.#parts.events.payment(order, payment.standing.status === "requires_capture");
    }
    if (before?.refunds !== payment.refunds || before.dispute !== payment.dispute) {
      this.#settlementChanged(payment, order, before !== undefined);
    }
    const was = before === undefined ? "none" : moneyOf(before);
    this.#parts.promises.moneyMoved(order, payment.id, was, moneyOf(payment));
  }

  #settlementChanged(payment: Payment, order: string, isNews: boolean): void {
    if (isNews) this.#parts.events.settlement(order);
    const due_ms = nextSettlement_ms(payment);
    if (due_ms === null) return;
    const { time } = this.#parts;
    time.at(due_ms, () => {
      const now = this.#payments.get(payment.id);
      if (now === undefined) return;
      const settled = settleDueRefunds(now, time.now);
      if (settled !== now) this.#keep(settled);
    });
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_${this.#ids}`;
  }
}

function hasPart({ standing, refunds, dispute }: Payment, id: string): boolean {
  if ("charge" in standing && standing.charge === id) return true;
  return dispute?.id === id || refunds.some((refund) => refund.id === id);
}

function thrown({ status, body, headers = {} }: Answer): Promise<never> {
  const { error } = errorBody.parse(JSON.parse(body));
  const raw = { ...error, statusCode: status, headers };
  return Promise.reject(Stripe.errors.StripeError.generate(raw));
}

function moneyOf({ standing, dispute }: Payment): PaymentFacts["money"] {
  switch (standing.status) {
    case "requires_payment_method":
    case "requires_action":
    case "canceled":
      return "none";
    case "requires_capture":
      return "reserved";
    case "succeeded":
      // The bank gave it back.
      if (dispute?.status === "lost") return "none";
      return standing.refunded < standing.captured ? "taken" : "none";
  }
}

function factsOf(payment: Payment, order: string): PaymentFacts {
  const { id, amount, standing, dispute } = payment;
  const captured = standing.status === "succeeded" ? standing.captured : 0;
  const captures = standing.status === "succeeded" ? 1 : 0;
  const refunds = payment.refunds.map((refund) => {
    return {
      providerId: refund.id,
      refundId: refund.metadata["refund"] ?? null,
      amount: refund.amount,
      state: refund.status,
      failure: refund.failureReason,
    };
  });
  const money = moneyOf(payment);
  const facts = { id, order, money, amount, captures, captured, refunds };
  return { ...facts, dispute: dispute?.status ?? null };
}

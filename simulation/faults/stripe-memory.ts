/**
 * Stripe without a network: the sandbox's payments, keys and errors, called by the real adapter.
 *
 * Guarantee: what a call does and answers is decided by `simulation/sandbox`; what the adapter
 * makes of it by `queues/backends/stripe.ts` and `stripe-answers.ts`. Between them stand the faults
 * of a network and of a provider: an answer that never comes, an effect that comes late.
 */
import Stripe from "stripe";
import { z } from "zod";
import {
  paymentsThrough,
  type CallOptions,
  type StripeCalls,
} from "../../queues/backends/stripe.ts";
import { PAYMENT_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { BROKEN, TOO_MANY } from "../sandbox/api-error.ts";
import { fingerprintOf, recall, type Remembered } from "../sandbox/idempotency.ts";
import { applyCommand, type Command, type Payment } from "../sandbox/payment.ts";
import { answerError, perform } from "../sandbox/perform.ts";
import type { Call } from "../sandbox/stripe-requests.ts";
import type { PaymentFacts, ProviderParts, SimulatedPayments } from "./payments.ts";

const LATENCY_MAX_MS = 200;
const HANG_MS = 30_000;
const LATE_MAX_MS = 60_000;
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
  readonly path: string;
  readonly call: Call;
  readonly options: CallOptions;
}

export class StripeMemory implements SimulatedPayments {
  readonly #parts: ProviderParts;
  readonly #payments = new Map<string, Payment>();
  readonly #byOrder = new Map<string, Set<string>>();
  readonly #keys = new Map<string, Remembered>();
  #ids = 0;

  constructor(parts: ProviderParts) {
    this.#parts = parts;
  }

  backend(now: () => number): PaymentBackend {
    return paymentsThrough(this.#calls(), PAYMENT_TIMEOUT_MS, now);
  }

  of(order: string): PaymentFacts[] {
    return [...(this.#byOrder.get(order) ?? [])].flatMap((id) => {
      const payment = this.#payments.get(id);
      return payment === undefined ? [] : [{ id, order, ...moneyOf(payment) }];
    });
  }

  authenticate(paymentId: string, agreed: boolean): void {
    const payment = this.#payments.get(paymentId);
    if (payment === undefined) return;
    const command: Command = { kind: "authenticate", accepted: agreed };
    this.#keep(applyCommand(payment, command, this.#newId("ch")).payment);
  }

  #calls(): StripeCalls {
    const command = (path: string, id: string, command: Command, options: CallOptions) => {
      return this.#ask({ path, call: { kind: "command", id, command, expand: false }, options });
    };
    return {
      paymentIntents: {
        create: ({ amount, currency, metadata }, options) => {
          const order = String(metadata?.["order"]);
          const call: Call = { kind: "create", amount, currency, order, expand: false };
          return this.#ask({ path: "/v1/payment_intents", call, options });
        },
        confirm: (id, { payment_method, return_url }, options) => {
          const method = payment_method ?? null;
          const confirm: Command = { kind: "confirm", method, returnUrl: return_url ?? null };
          return command(`/v1/payment_intents/${id}/confirm`, id, confirm, options);
        },
        capture: (id, { amount_to_capture }, options) => {
          const capture: Command = { kind: "capture", amount: amount_to_capture ?? null };
          return command(`/v1/payment_intents/${id}/capture`, id, capture, options);
        },
        cancel: (id, _params, options) => {
          return command(`/v1/payment_intents/${id}/cancel`, id, { kind: "cancel" }, options);
        },
        retrieve: (id, { expand }, options) => {
          const call: Call = { kind: "retrieve", id, expand: expand !== undefined };
          return this.#ask({ path: `/v1/payment_intents/${id}`, call, options });
        },
      },
      refunds: {
        create: ({ payment_intent }, options) => {
          const refund: Command = { kind: "refund", amount: null };
          return command("/v1/refunds", payment_intent ?? "", refund, options);
        },
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
    await time.sleep(latency_ms);
    const left_ms = request.options.timeout - latency_ms;
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
      return thrown({ ...answerError(TOO_MANY, null), headers: { "retry-after": "1" } });
    }
    if (faults.strikes("payment_500_before")) return thrown(this.#broken(request));
    const answer = this.#answer(request, 0);
    if (faults.strikes("payment_500_after")) return thrown(this.#broken(request));
    if (faults.strikes("payment_lost_after")) return this.#lost(left_ms);
    return answer.status === 200 ? JSON.parse(answer.body) : thrown(answer);
  }

  async #lost(wait_ms: number): Promise<never> {
    await this.#parts.time.sleep(wait_ms);
    const message = "An error occurred with our connection to Stripe.";
    throw new Stripe.errors.StripeConnectionError({ message, type: "api_error" });
  }

  /** A 500, which the provider remembers as the answer to the key. */
  #broken({ path, call, options }: Request): Answer {
    const broken = answerError(BROKEN, null);
    this.#remember({ path, call, options }, broken, 0);
    const shouldRetry = call.kind === "retrieve" ? "true" : "false";
    return { ...broken, headers: { "stripe-should-retry": shouldRetry } };
  }

  /** What the call does, once for its key, and what the provider answers. */
  #answer(request: Request, hold_ms: number): Answer {
    const { call, options, path } = request;
    const key = options.idempotencyKey;
    if (key !== undefined) {
      const first = this.#keys.get(key) ?? null;
      const recalled = recall(first, fingerprint(path, call), this.#parts.time.now);
      if (recalled.kind === "refused") return answerError(recalled.error, null);
      if (recalled.kind === "replay") return recalled.first;
    }
    const payment = call.kind === "create" ? null : (this.#payments.get(call.id) ?? null);
    const newIds = { payment: this.#newId("pi"), charge: this.#newId("ch"), refund: "re" };
    const performed = perform(call, payment, {
      now: this.#parts.time.now,
      origin: ORIGIN,
      newIds,
    });
    if (performed.changed !== null) this.#keep(performed.changed);
    this.#remember(request, performed, hold_ms);
    return performed;
  }

  #remember({ path, call, options }: Request, answer: Answer, hold_ms: number): void {
    const key = options.idempotencyKey;
    if (key === undefined) return;
    const { now } = this.#parts.time;
    this.#keys.set(key, {
      version: 1,
      fingerprint: fingerprint(path, call),
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
    this.#parts.webhook(order);
    const was = before === undefined ? "none" : moneyOf(before).money;
    this.#parts.promises.moneyMoved(order, payment.id, was, moneyOf(payment).money);
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_${this.#ids}`;
  }
}

function fingerprint(path: string, call: Call): string {
  return fingerprintOf("POST", path, [["call", JSON.stringify(call)]]);
}

function thrown({ status, body, headers = {} }: Answer): Promise<never> {
  const { error } = errorBody.parse(JSON.parse(body));
  const raw = { ...error, statusCode: status, headers };
  return Promise.reject(Stripe.errors.StripeError.generate(raw));
}

function moneyOf({ standing }: Payment): Pick<PaymentFacts, "money" | "captures"> {
  switch (standing.status) {
    case "requires_payment_method":
    case "requires_action":
    case "canceled":
      return { money: "none", captures: 0 };
    case "requires_capture":
      return { money: "reserved", captures: 0 };
    case "succeeded":
      return { money: standing.refunded < standing.captured ? "taken" : "none", captures: 1 };
  }
}

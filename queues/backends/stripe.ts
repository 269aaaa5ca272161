/**
 * The payment backend for Stripe, through the official SDK, with a configurable base URL.
 *
 * Guarantee: that of `PaymentBackend`. Every operation returns within `timeout_ms` even when Stripe
 * hangs, `declined` is returned only where Stripe's answer is final, and no call is retried here,
 * because the saga alone decides when to retry and with which key.
 *
 * Weak: Stripe stores the answer to a key, even a 500, and repeats it. After `unknown` the same key
 * can only yield the same answer, so the saga continues with `lookup`, then with a new key.
 *
 * Not for webhooks: `src/api/stripe-webhook.ts` receives them.
 */
import Stripe from "stripe";
import type {
  AuthorizeOutcome,
  LookupOutcome,
  Money,
  PaymentBackend,
  PrepareOutcome,
  SettleOutcome,
} from "../../src/domain/order/payment-backend.ts";
import { stripeAmount } from "./stripe-amounts.ts";
import {
  authorizedBy,
  readError,
  readPaymentId,
  readRefund,
  readSettled,
  readStanding,
  type Refusal,
  settledBy,
  unknown,
} from "./stripe-answers.ts";

export interface StripeSettings {
  /** A secret or restricted key that may write payment intents and refunds. */
  readonly apiKey: string;
  /** Scheme, host and port only, for example `https://api.stripe.com`. */
  readonly baseUrl: string;
  /** The time-out of one operation, including a look-up that it needs. */
  readonly timeout_ms: number;
}

/** The SDK's methods that this adapter calls; a simulation implements them without a network. */
export interface StripeCalls {
  readonly paymentIntents: {
    create(params: Stripe.PaymentIntentCreateParams, options: CallOptions): Promise<unknown>;
    confirm(
      id: string,
      params: Stripe.PaymentIntentConfirmParams,
      options: CallOptions,
    ): Promise<unknown>;
    capture(
      id: string,
      params: Stripe.PaymentIntentCaptureParams,
      options: CallOptions,
    ): Promise<unknown>;
    cancel(
      id: string,
      params: Stripe.PaymentIntentCancelParams,
      options: CallOptions,
    ): Promise<unknown>;
    retrieve(
      id: string,
      params: Stripe.PaymentIntentRetrieveParams,
      options: CallOptions,
    ): Promise<unknown>;
  };
  readonly refunds: {
    create(params: Stripe.RefundCreateParams, options: CallOptions): Promise<unknown>;
  };
}

/** Options of the SDK; `timeout` in milliseconds. */
export interface CallOptions {
  readonly timeout: number;
  readonly idempotencyKey?: string;
}

type Answer = { readonly kind: "answer"; readonly body: unknown };

const UNPAYABLE = { kind: "declined", reason: "invalid_request" } as const;

/** @throws Error for a base URL that cannot work: a mistake of the operator, not an outcome */
export function stripePayments(settings: StripeSettings): PaymentBackend {
  return paymentsThrough(stripeClient(settings), settings.timeout_ms, () => Date.now());
}

export function paymentsThrough(
  client: StripeCalls,
  timeout_ms: number,
  now: () => number,
): PaymentBackend {
  const within = () => deadline(timeout_ms, now);
  return {
    name: "stripe",
    prepare: (request) => prepare(client, request, within()),
    authorize: (request) => authorize(client, request, within()),
    capture: (request) => capture(client, request, within()),
    void: (request) => cancel(client, request, within()),
    refund: (request) => refund(client, request, within()),
    lookup: (request) => lookup(client, request.paymentId, within()),
  };
}

function stripeClient({ apiKey, baseUrl, timeout_ms }: StripeSettings): Stripe {
  const base = new URL(baseUrl);
  const protocol = base.protocol === "http:" ? "http" : "https";
  if (!/^https?:$/.test(base.protocol) || base.pathname !== "/" || base.search !== "") {
    throw new Error(`Stripe's base URL must be a bare http(s) origin, got ${baseUrl}`);
  }
  return new Stripe(apiKey, {
    httpClient: Stripe.createFetchHttpClient(),
    protocol,
    host: base.hostname,
    port: base.port || (protocol === "http" ? "80" : "443"),
    timeout: timeout_ms,
    maxNetworkRetries: 0,
    // Telemetry would send metrics of one shopper's call in the headers of another's.
    telemetry: false,
  });
}

/** The time of one operation, shared by its calls. */
interface Deadline {
  readonly now: () => number;
  /** What is left of it, as an option of the SDK's calls. */
  readonly left: () => { readonly timeout: number };
}

function deadline(timeout_ms: number, now: () => number): Deadline {
  const end = now() + timeout_ms;
  return { now, left: () => ({ timeout: Math.max(1, end - now()) }) };
}

async function ask({ now }: Deadline, call: () => Promise<unknown>): Promise<Answer | Refusal> {
  try {
    return { kind: "answer", body: await call() };
  } catch (error) {
    return readError(error, now());
  }
}

async function prepare(
  client: StripeCalls,
  request: { readonly orderId: string; readonly money: Money; readonly key: string },
  time: Deadline,
): Promise<PrepareOutcome> {
  const amount = stripeAmount(request.money);
  if (amount === null) return UNPAYABLE;
  const params = {
    amount,
    currency: request.money.currency.toLowerCase(),
    capture_method: "manual" as const,
    // Cards only: other methods redirect away for minutes or settle days later.
    payment_method_types: ["card"],
    metadata: { order: request.orderId },
  };
  const answer = await ask(time, () =>
    client.paymentIntents.create(params, { ...time.left(), idempotencyKey: request.key }),
  );
  if (answer.kind === "contested") return UNPAYABLE;
  if (answer.kind !== "answer") return answer;
  const paymentId = readPaymentId(answer.body);
  return paymentId === null
    ? unknown("unreadable payment intent")
    : { kind: "prepared", paymentId };
}

async function authorize(
  client: StripeCalls,
  request: {
    readonly paymentId: string;
    readonly method: string;
    readonly returnUrl: string;
    readonly key: string;
  },
  time: Deadline,
): Promise<AuthorizeOutcome> {
  const params = { payment_method: request.method, return_url: request.returnUrl };
  const answer = await ask(time, () =>
    client.paymentIntents.confirm(request.paymentId, params, {
      ...time.left(),
      idempotencyKey: request.key,
    }),
  );
  if (answer.kind === "answer") return authorizedBy(readStanding(answer.body));
  if (answer.kind !== "contested") return answer;
  // "declined" here could free the stock of a payment that an earlier call has authorized.
  const found = await lookup(client, request.paymentId, time);
  return found.kind === "found" ? authorizedBy(found.standing) : found;
}

async function capture(
  client: StripeCalls,
  request: { readonly paymentId: string; readonly money: Money; readonly key: string },
  time: Deadline,
): Promise<SettleOutcome> {
  const amount = stripeAmount(request.money);
  if (amount === null) return UNPAYABLE;
  const { paymentId, key } = request;
  const answer = await ask(time, () =>
    client.paymentIntents.capture(
      paymentId,
      { amount_to_capture: amount },
      { ...time.left(), idempotencyKey: key },
    ),
  );
  if (answer.kind === "answer") return readSettled(answer.body, "succeeded");
  return settle(client, answer, { paymentId, wanted: "captured" }, time);
}

async function cancel(
  client: StripeCalls,
  { paymentId, key }: { readonly paymentId: string; readonly key: string },
  time: Deadline,
): Promise<SettleOutcome> {
  const answer = await ask(time, () =>
    client.paymentIntents.cancel(paymentId, {}, { ...time.left(), idempotencyKey: key }),
  );
  if (answer.kind === "answer") return readSettled(answer.body, "canceled");
  return settle(client, answer, { paymentId, wanted: "voided" }, time);
}

async function refund(
  client: StripeCalls,
  { paymentId, key }: { readonly paymentId: string; readonly key: string },
  time: Deadline,
): Promise<SettleOutcome> {
  const answer = await ask(time, () =>
    client.refunds.create({ payment_intent: paymentId }, { ...time.left(), idempotencyKey: key }),
  );
  if (answer.kind === "answer") return readRefund(answer.body);
  return settle(client, answer, { paymentId, wanted: "refunded" }, time);
}

/** A refusal because of the payment's state is a success when it is the wanted state. */
async function settle(
  client: StripeCalls,
  refusal: Refusal,
  goal: { readonly paymentId: string; readonly wanted: "captured" | "voided" | "refunded" },
  time: Deadline,
): Promise<SettleOutcome> {
  if (refusal.kind !== "contested") return refusal;
  const found = await lookup(client, goal.paymentId, time);
  return found.kind === "found" ? settledBy(found.standing, goal.wanted) : found;
}

async function lookup(
  client: StripeCalls,
  paymentId: string,
  time: Deadline,
): Promise<LookupOutcome> {
  const answer = await ask(time, () =>
    client.paymentIntents.retrieve(paymentId, { expand: ["latest_charge"] }, time.left()),
  );
  if (answer.kind === "answer") {
    const standing = readStanding(answer.body);
    return standing.kind === "unknown" ? standing : { kind: "found", standing };
  }
  if (answer.kind === "retry" || answer.kind === "unknown") return answer;
  return unknown(`look-up refused: ${answer.reason}`);
}

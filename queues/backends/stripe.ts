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
 * A refusal because of the shop's settings is `misconfigured` where the payment is made; later the
 * payment exists, so a refused key only delays it: it is `retry`, and told to `onKeyRefused`.
 *
 * Not for webhooks: `src/api/stripe-webhook.ts` receives them. `docs/stripe.md` has every request.
 */
import Stripe from "stripe";
import { BACKEND_TIMEOUT_MAX_MS } from "../../src/domain/limits.ts";
import { amountFault, type AmountFault } from "../../src/domain/money/amounts.ts";
import type {
  AuthorizeOutcome,
  LookupOutcome,
  Misconfigured,
  PaymentBackend,
  PrepareOutcome,
  SettleOutcome,
} from "../../src/domain/order/payment-backend.ts";
import { DETAILS_EXPIRED } from "../../src/domain/order/reasons.ts";
import {
  authorizedBy,
  disputedRest,
  readLost,
  readPaymentId,
  readRefund,
  readSettled,
  readStanding,
  settledBy,
} from "./stripe-answers.ts";
import {
  afterMistake,
  ask,
  type Calls,
  type KeyRefusal,
  notSent,
  type StripeCalls,
  unread,
} from "./stripe-calls.ts";
import { type Mistake, type Refusal, unknown } from "./stripe-errors.ts";
import { refundPart, settlement } from "./stripe-refunds.ts";
import {
  captureParams,
  confirmParams,
  createParams,
  disputeParams,
  refundParams,
  WITH_CHARGE,
} from "./stripe-requests.ts";

export interface StripeSettings {
  /** A secret or restricted key that may write payment intents and refunds, and read disputes. */
  readonly apiKey: string;
  /** Scheme, host and port only, for example `https://api.stripe.com`. */
  readonly baseUrl: string;
  /** The time-out of one operation, including a look-up that it needs; read for each. */
  readonly timeout_ms: number;
  readonly onKeyRefused?: (refusal: KeyRefusal) => void;
}

/** @throws Error for a base URL that cannot work: a mistake of the operator, not an outcome */
export function stripePayments(settings: StripeSettings): PaymentBackend {
  const { onKeyRefused } = settings;
  const timeoutOf_ms = (): number => settings.timeout_ms;
  return paymentsThrough(stripeClient(settings), timeoutOf_ms, () => Date.now(), onKeyRefused);
}

export function paymentsThrough(
  client: StripeCalls,
  timeoutOf_ms: () => number,
  now: () => number,
  onKeyRefused?: (refusal: KeyRefusal) => void,
): PaymentBackend {
  const callsOf = (operation: keyof PaymentBackend, payment: string): Calls => {
    const end = now() + timeoutOf_ms();
    return {
      client,
      now,
      left: () => ({ timeout: Math.max(1, end - now()) }),
      onMistake: ({ code, requestId: request }) => {
        onKeyRefused?.({ operation, payment, code, request });
      },
    };
  };
  return {
    name: "stripe",
    prepare: (request) => prepare(callsOf("prepare", ""), request),
    authorize: (request) => authorize(callsOf("authorize", request.paymentId), request),
    capture: (request) => capture(callsOf("capture", request.paymentId), request),
    void: (request) => cancel(callsOf("void", request.paymentId), request),
    refund: (request) => refund(callsOf("refund", request.paymentId), request),
    refundPart: (request) => refundPart(callsOf("refundPart", request.paymentId), request),
    settlement: ({ paymentId }) => settlement(callsOf("settlement", paymentId), paymentId),
    lookup: ({ paymentId }) => lookup(callsOf("lookup", paymentId), paymentId),
  };
}

function stripeClient({ apiKey, baseUrl }: StripeSettings): Stripe {
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
    // Of a call that states none; each of this adapter's does.
    timeout: BACKEND_TIMEOUT_MAX_MS,
    maxNetworkRetries: 0,
    // Telemetry would send metrics of one shopper's call in the headers of another's.
    telemetry: false,
  });
}

function misconfigured({ code, param, requestId, isKey }: Mistake): Misconfigured {
  return { kind: "misconfigured", code, param, requestId, isKeyRefused: isKey };
}

async function prepare(
  calls: Calls,
  { order, money, key }: Parameters<PaymentBackend["prepare"]>[0],
): Promise<PrepareOutcome> {
  const fault = amountFault(money.amount, money.currency);
  if (fault !== null) return unpayable(fault.kind);
  const answer = await ask(calls, () => {
    const options = { ...calls.left(), idempotencyKey: key };
    return calls.client.paymentIntents.create(createParams(order, money), options);
  });
  switch (answer.kind) {
    case "answer": {
      const paymentId = readPaymentId(answer.body);
      if (paymentId === null) return unknown("unreadable payment intent");
      return { kind: "prepared", paymentId };
    }
    case "mistake":
      return misconfigured(answer);
    case "contested":
      return unknown(answer.reason);
    case "unsent":
      return { kind: "misconfigured", code: "request_not_sent", unsent: true };
    default:
      return answer;
  }
}

/** The codes that Stripe has for it; a sale with such a price is refused when it is stored. */
function unpayable(kind: AmountFault["kind"]): Misconfigured {
  const isCurrency = kind === "not_supported";
  const code = isCurrency
    ? "invalid_currency"
    : kind === "step"
      ? "invalid_amount"
      : `amount_${kind}`;
  return { kind: "misconfigured", code, param: isCurrency ? "currency" : "amount" };
}

async function authorize(
  calls: Calls,
  { paymentId, method, returnUrl, key }: Parameters<PaymentBackend["authorize"]>[0],
): Promise<AuthorizeOutcome> {
  const answer = await ask(calls, () => {
    const options = { ...calls.left(), idempotencyKey: key };
    return calls.client.paymentIntents.confirm(
      paymentId,
      confirmParams(method, returnUrl),
      options,
    );
  });
  switch (answer.kind) {
    case "answer":
      return authorizedBy(readStanding(answer.body));
    case "mistake":
      return misconfigured(answer);
    case "unsent":
      // The shopper named the means of payment. An earlier call may have been sent, hence the void.
      return { kind: "declined", reason: "request_not_sent", mustVoid: true, unsent: true };
    case "contested": {
      // "declined" here could free the stock of a payment that an earlier call has authorized.
      const found = await lookup(calls, paymentId);
      return found.kind === "found" ? authorizedBy(found.standing) : found;
    }
    case "declined": {
      if (answer.reason !== DETAILS_EXPIRED) return answer;
      // They may be spent because an earlier call has paid with them, which came late.
      const found = await lookup(calls, paymentId);
      if (found.kind !== "found") return found;
      return found.standing.kind === "prepared" ? answer : authorizedBy(found.standing);
    }
    default:
      return answer;
  }
}

async function capture(
  calls: Calls,
  { paymentId, money, key }: Parameters<PaymentBackend["capture"]>[0],
): Promise<SettleOutcome> {
  const answer = await ask(calls, () => {
    const options = { ...calls.left(), idempotencyKey: key };
    return calls.client.paymentIntents.capture(paymentId, captureParams(money), options);
  });
  if (answer.kind === "answer") return readSettled(answer.body, "succeeded");
  return settle(calls, answer, { paymentId, wanted: "captured" });
}

async function cancel(
  calls: Calls,
  { paymentId, key }: Parameters<PaymentBackend["void"]>[0],
): Promise<SettleOutcome> {
  const answer = await ask(calls, () => {
    const options = { ...calls.left(), idempotencyKey: key };
    return calls.client.paymentIntents.cancel(paymentId, {}, options);
  });
  if (answer.kind === "answer") return readSettled(answer.body, "canceled");
  return settle(calls, answer, { paymentId, wanted: "voided" });
}

async function refund(
  calls: Calls,
  { paymentId, key }: Parameters<PaymentBackend["refund"]>[0],
): Promise<SettleOutcome> {
  const answer = await ask(calls, () => {
    const options = { ...calls.left(), idempotencyKey: key };
    return calls.client.refunds.create(refundParams(paymentId), options);
  });
  if (answer.kind === "answer") return readRefund(answer.body);
  return settle(calls, answer, { paymentId, wanted: "refunded" });
}

/** A refusal because of the payment's state is a success when it is the wanted state. */
async function settle(
  calls: Calls,
  refusal: Refusal,
  goal: { readonly paymentId: string; readonly wanted: "captured" | "voided" | "refunded" },
): Promise<SettleOutcome> {
  if (refusal.kind === "mistake") return afterMistake(calls, refusal);
  if (refusal.kind === "unsent") return notSent(refusal);
  if (refusal.kind !== "contested") return refusal;
  const found = await lookup(calls, goal.paymentId);
  if (found.kind !== "found") return found;
  const settled = settledBy(found.standing, goal.wanted);
  // The call that used the key before may still be under way.
  const isUnclear = refusal.by === "key" && settled.kind === "declined";
  return isUnclear ? unknown(refusal.reason) : settled;
}

async function lookup(calls: Calls, paymentId: string): Promise<LookupOutcome> {
  const answer = await ask(calls, () => {
    return calls.client.paymentIntents.retrieve(paymentId, WITH_CHARGE, calls.left());
  });
  if (answer.kind !== "answer") return unread(calls, answer);
  const standing = readStanding(answer.body);
  if (standing.kind === "unknown") return standing;
  const rest = standing.kind === "captured" ? disputedRest(answer.body) : null;
  const isBack = rest !== null && (await hasLost(calls, paymentId, rest));
  return { kind: "found", standing: isBack ? { kind: "refunded" } : standing };
}

/**
 * Whether lost disputes gave the buyer at least this much back. A charge says that it was disputed,
 * not how that ended, and it cannot be refunded afterwards. While the answer is not known, no.
 */
async function hasLost(calls: Calls, paymentId: string, rest: number): Promise<boolean> {
  const answer = await ask(calls, () => {
    return calls.client.disputes.list(disputeParams(paymentId), calls.left());
  });
  const lost = answer.kind === "answer" ? readLost(answer.body) : null;
  return lost !== null && lost > 0 && lost >= rest;
}

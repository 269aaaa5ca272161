/**
 * Parses the answers of Stripe: objects into standings, errors into refusals.
 *
 * Guarantee: an unreadable answer is `unknown`, and only an answer that is final at Stripe is
 * `declined`. Pure: no request is made here.
 *
 * Sources: https://docs.stripe.com/error-low-level, https://docs.stripe.com/api/errors,
 * https://docs.stripe.com/payments/paymentintents/lifecycle.
 */
import Stripe from "stripe";
import { z } from "zod";
import type {
  AuthorizeOutcome,
  Declined,
  PaymentStanding,
  RetryLater,
  SettleOutcome,
  Unknown,
} from "../../src/domain/order/payment-backend.ts";
import { retryAfter_s } from "../../src/encoding/retry-after.ts";

/** A wrong or restricted key needs the operator; retrying sooner would only fill the log. */
const KEY_TROUBLE_AFTER_S = 60;
/** Stripe asks for exponential back-off on 429 and 409, mostly without a `Retry-After`. */
const BUSY_AFTER_S = 2;
/** A longer `Retry-After` is cut to this, because an order must not wait for a day. */
const RETRY_AFTER_MAX_S = 600;

/**
 * Stripe refused because of the payment's state, or because the key was used for another request.
 * Either way an earlier call had an effect, so the standing decides and not the error.
 */
export interface Contested {
  readonly kind: "contested";
  readonly reason: string;
}

export type Refusal = Declined | RetryLater | Unknown | Contested;

const CONTESTED_CODES = new Set([
  "payment_intent_unexpected_state",
  "charge_already_captured",
  "charge_already_refunded",
]);

export function unknown(reason: string): Unknown {
  return { kind: "unknown", reason };
}

/** Interprets an error thrown by the SDK. Any other error is `unknown`. */
export function readError(error: unknown, now: number): Refusal {
  if (!(error instanceof Stripe.errors.StripeError)) return unknown("unreadable answer");
  if (error instanceof Stripe.errors.StripeConnectionError) return unknown(error.message);
  const { statusCode: status, headers } = error;
  const code = error.code ?? error.rawType ?? "error";
  if (status === undefined) return unknown("unreadable answer");
  const reason = `${status} ${code}`;
  if (status >= 500 || status < 400) return unknown(reason);
  if (status === 401 || status === 403) {
    const after_s = KEY_TROUBLE_AFTER_S;
    return { kind: "retry", after_s, reason: `${reason}: Stripe refuses the API key` };
  }
  const shouldRetry = headers?.["stripe-should-retry"];
  const busy = status === 409 || status === 429 || error.code === "rate_limit";
  if (busy && shouldRetry === "false") return unknown(`${reason}: a retry cannot succeed`);
  if (busy || shouldRetry === "true") {
    const requested_s = retryAfter_s(headers?.["retry-after"] ?? null, now) ?? BUSY_AFTER_S;
    return {
      kind: "retry",
      after_s: Math.min(Math.max(requested_s, 1), RETRY_AFTER_MAX_S),
      reason,
    };
  }
  if (error.rawType === "idempotency_error" || CONTESTED_CODES.has(error.code ?? "")) {
    return { kind: "contested", reason: code };
  }
  if (status === 402) return declinedBy(error);
  return { kind: "declined", reason: "invalid_request" };
}

/** Stripe omits codes that do not apply, and the SDK fills in "" for a missing one. */
function declinedBy(error: { decline_code?: unknown; code?: unknown }): Declined {
  const codes = [error.decline_code, error.code];
  const reason = codes.find((code) => typeof code === "string" && code !== "");
  return { kind: "declined", reason: typeof reason === "string" ? reason : "card_declined" };
}

const IntentAnswer = z.object({
  object: z.literal("payment_intent"),
  id: z.string().min(1).max(255),
  status: z.string(),
  last_payment_error: z
    .object({ code: z.string().nullish(), decline_code: z.string().nullish() })
    .nullish(),
  next_action: z
    .object({
      redirect_to_url: z.object({ url: z.url({ protocol: /^https?$/ }) }).nullish(),
    })
    .nullish(),
  latest_charge: z.union([z.string(), z.object({ refunded: z.boolean() })]).nullish(),
});

type IntentAnswer = z.infer<typeof IntentAnswer>;

const RefundAnswer = z.object({ object: z.literal("refund"), status: z.string() });

/** The id of a prepared payment; null when the answer is not a payment intent. */
export function readPaymentId(answer: unknown): string | null {
  const read = IntentAnswer.safeParse(answer);
  return read.success ? read.data.id : null;
}

/** The standing of a payment; `unknown` while Stripe is processing it, and when unreadable. */
export function readStanding(answer: unknown): PaymentStanding | Unknown {
  const read = IntentAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable payment intent");
  const intent = read.data;
  switch (intent.status) {
    case "requires_payment_method":
      if (intent.last_payment_error) return declinedBy(intent.last_payment_error);
      return { kind: "prepared" };
    case "requires_confirmation":
      return { kind: "prepared" };
    case "requires_action": {
      const url = intent.next_action?.redirect_to_url?.url;
      return url ? { kind: "action_required", url } : unknown("requires_action without a redirect");
    }
    case "requires_capture":
      return { kind: "authorized" };
    case "succeeded":
      return standingOfTaken(intent);
    case "canceled":
      return { kind: "voided" };
    default:
      return unknown(intent.status);
  }
}

/** An intent stays `succeeded` after a refund; only its charge shows that it was refunded. */
function standingOfTaken(intent: IntentAnswer): PaymentStanding | Unknown {
  const charge = intent.latest_charge;
  if (charge == null || typeof charge === "string") return unknown("succeeded without its charge");
  return { kind: charge.refunded ? "refunded" : "captured" };
}

/** The outcome of an authorization that left the payment in this standing. */
export function authorizedBy(standing: PaymentStanding | Unknown): AuthorizeOutcome {
  switch (standing.kind) {
    case "authorized":
    case "captured":
      return { kind: "approved" };
    case "prepared":
      return unknown("the payment is not confirmed");
    case "voided":
    case "refunded":
      return { kind: "declined", reason: `payment_${standing.kind}` };
    default:
      return standing;
  }
}

/** The outcome of a capture, void or refund that left the payment in this standing. */
export function settledBy(
  standing: PaymentStanding | Unknown,
  wanted: "captured" | "voided" | "refunded",
): SettleOutcome {
  if (standing.kind === wanted) return { kind: "approved" };
  if (standing.kind === "unknown") return standing;
  return { kind: "declined", reason: "invalid_request" };
}

/** The answer to a capture or a cancellation: its status is enough, and no charge is expanded. */
export function readSettled(answer: unknown, wanted: "succeeded" | "canceled"): SettleOutcome {
  const read = IntentAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable payment intent");
  return read.data.status === wanted ? { kind: "approved" } : unknown(read.data.status);
}

/** A pending refund counts as done: Stripe has already deducted the amount from the charge. */
export function readRefund(answer: unknown): SettleOutcome {
  const read = RefundAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable refund");
  switch (read.data.status) {
    case "succeeded":
    case "pending":
      return { kind: "approved" };
    case "failed":
    case "canceled":
      return { kind: "declined", reason: `refund_${read.data.status}` };
    default:
      return unknown(`refund ${read.data.status}`);
  }
}

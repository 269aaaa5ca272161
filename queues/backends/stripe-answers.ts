/**
 * Reads what Stripe answers: objects into standings, errors into refusals.
 *
 * Guarantee: an answer that cannot be read is `unknown`, and only an answer that is final at Stripe
 * is `declined`. Pure: no request is made here.
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

/** A wrong or restricted key needs a person; asking more often would only fill the log. */
const KEY_TROUBLE_AFTER_S = 60;
/** Stripe wants exponential back-off on 429 and 409 and seldom gives its first wait. */
const BUSY_AFTER_S = 2;
/** A longer Retry-After than this is taken for a mistake: an order must not sleep for a day. */
const RETRY_AFTER_MAX_S = 600;

/**
 * Stripe refused because of the state the payment is in, or because the key already stands for
 * another request. Either way an earlier call did something: the standing decides, not the error.
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

/** What a thrown error of the SDK means. Anything that is not an error of Stripe's is `unknown`. */
export function readError(error: unknown, now: number): Refusal {
  if (!(error instanceof Stripe.errors.StripeError)) return unknown("unreadable answer");
  if (error instanceof Stripe.errors.StripeConnectionError) return unknown(error.message);
  const { statusCode: status, headers } = error;
  const word = error.code ?? error.rawType ?? "error";
  if (status === undefined) return unknown("unreadable answer");
  const reason = `${status} ${word}`;
  if (status >= 500 || status < 400) return unknown(reason);
  if (status === 401 || status === 403) {
    const after_s = KEY_TROUBLE_AFTER_S;
    return { kind: "retry", after_s, reason: `${reason}: Stripe refuses the API key` };
  }
  const shouldRetry = headers?.["stripe-should-retry"];
  const busy = status === 409 || status === 429 || error.code === "rate_limit";
  if (busy && shouldRetry === "false") return unknown(`${reason}: asking again is of no use`);
  if (busy || shouldRetry === "true") {
    const asked_s = retryAfter_s(headers?.["retry-after"] ?? null, now) ?? BUSY_AFTER_S;
    return { kind: "retry", after_s: Math.min(Math.max(asked_s, 1), RETRY_AFTER_MAX_S), reason };
  }
  if (error.rawType === "idempotency_error" || CONTESTED_CODES.has(error.code ?? "")) {
    return { kind: "contested", reason: word };
  }
  if (status === 402) return declinedBy(error);
  return { kind: "declined", reason: "invalid_request" };
}

/** Stripe leaves out codes that do not apply, and the SDK fills in "" for a missing one. */
function declinedBy(error: { decline_code?: unknown; code?: unknown }): Declined {
  const words = [error.decline_code, error.code];
  const reason = words.find((word) => typeof word === "string" && word !== "");
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

/** The id of a freshly prepared payment, or null when the answer is not a payment intent. */
export function readPaymentId(answer: unknown): string | null {
  const read = IntentAnswer.safeParse(answer);
  return read.success ? read.data.id : null;
}

/** Where the payment stands; `unknown` while Stripe itself is still at it, or when unreadable. */
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

/** `succeeded` stays after a refund: only the charge shows whether the money was returned. */
function standingOfTaken(intent: IntentAnswer): PaymentStanding | Unknown {
  const charge = intent.latest_charge;
  if (charge == null || typeof charge === "string") return unknown("succeeded without its charge");
  return { kind: charge.refunded ? "refunded" : "captured" };
}

/** The outcome of an authorization whose payment has this standing. */
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

/** The outcome of an operation that should make the payment `wanted`. */
export function settledBy(
  standing: PaymentStanding | Unknown,
  wanted: "captured" | "voided" | "refunded",
): SettleOutcome {
  if (standing.kind === wanted) return { kind: "approved" };
  if (standing.kind === "unknown") return standing;
  return { kind: "declined", reason: "invalid_request" };
}

/** The answer to a capture or a cancellation. Its status is enough; no charge is expanded. */
export function readSettled(answer: unknown, wanted: "succeeded" | "canceled"): SettleOutcome {
  const read = IntentAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable payment intent");
  return read.data.status === wanted ? { kind: "approved" } : unknown(read.data.status);
}

/** A pending refund is a refund: Stripe has taken the amount off the charge already. */
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

/**
 * Parses the errors of Stripe: what a refused request means for a payment.
 *
 * Guarantee: an unreadable error is `unknown`, and only an answer that is final at Stripe is
 * `declined` or a mistake of the shop. A request that was never sent is `unsent`, because it tells
 * nothing about Stripe, so it must not count for the breaker. Pure: no request is made here.
 *
 * Sources: https://docs.stripe.com/error-low-level, https://docs.stripe.com/error-codes,
 * https://docs.stripe.com/api/errors.
 */
import Stripe from "stripe";
import type { Declined, RetryLater, Unknown } from "../../src/domain/order/payment-backend.ts";
import { DETAILS_EXPIRED } from "../../src/domain/order/reasons.ts";
import { retryAfter_s } from "../../src/encoding/retry-after.ts";

/** A wrong or restricted key needs the operator; retrying sooner would only fill the log. */
export const KEY_TROUBLE_AFTER_S = 60;
/** Only another release writes the request another way. */
export const UNSENT_AFTER_S = 60;
/** Stripe asks for exponential back-off on 429 and 409, mostly without a `Retry-After`. */
const BUSY_AFTER_S = 2;
/** A longer `Retry-After` is cut to this, because an order must not wait for a day. */
const RETRY_AFTER_MAX_S = 600;

/**
 * Stripe refused because of the payment's state (`state`), or because the key was used for another
 * request (`key`). Either way an earlier call had an effect, so the standing decides and not the
 * error.
 */
export interface Contested {
  readonly kind: "contested";
  readonly by: "state" | "key";
  readonly reason: string;
}

/**
 * The request itself was refused, which another card cannot change: the shop's settings are wrong.
 * `isKey`: Stripe refuses the API key, so it says nothing about the payment.
 */
export interface Mistake {
  readonly kind: "mistake";
  readonly code: string;
  readonly param: string | null;
  readonly requestId: string | null;
  readonly isKey: boolean;
}

/** The SDK could not write the request, so nothing was sent: it says nothing about Stripe. */
export interface Unsent {
  readonly kind: "unsent";
  readonly reason: string;
}

export type Refusal = Declined | RetryLater | Unknown | Contested | Mistake | Unsent;

const CONTESTED_CODES = new Set([
  "payment_intent_unexpected_state",
  "charge_already_captured",
  "charge_already_refunded",
]);

/** What the buyer entered can never be paid with, although Stripe answers 400. */
const BUYERS_CODES = new Set([
  "email_invalid",
  "shipping_address_invalid",
  "payment_method_billing_details_address_missing",
  "payment_method_customer_decline",
  "payment_method_provider_decline",
  "payment_intent_payment_attempt_expired",
  "payment_intent_payment_attempt_failed",
  "payment_intent_authentication_failure",
]);

/** A token of test mode where the shop's key is of live mode, or the other way round. */
const OTHER_MODE = "livemode_mismatch";
/** A means of payment that the sale does not take. */
const INCOMPATIBLE = "payment_intent_incompatible_payment_method";
/** What was entered is no longer at Stripe, or was used before: it must be entered again. */
const SPENT_CODES = new Set([
  "resource_missing",
  "token_already_used",
  "payment_method_unexpected_state",
]);

export function unknown(reason: string): Unknown {
  return { kind: "unknown", reason };
}

/**
 * Interprets an error of a call. A `URIError` is of the writing of the request: the SDK encodes
 * path and body with `encodeURIComponent`, which refuses text that UTF-8 does not have. It throws
 * other errors also for answers that it cannot read, so these show nothing.
 */
export function readError(error: unknown, now: number): Refusal {
  if (error instanceof URIError) return { kind: "unsent", reason: `not sent: ${error.message}` };
  if (!(error instanceof Stripe.errors.StripeError)) return unknown("unreadable answer");
  if (error instanceof Stripe.errors.StripeConnectionError) return unknown(error.message);
  const { statusCode: status, headers } = error;
  if (status === undefined) return unknown("unreadable answer");
  const reason = `${status} ${codeOf(error)}`;
  if (status >= 500 || status < 400) return unknown(reason);
  if (status === 401 || status === 403) return mistake(error, true);
  const shouldRetry = headers?.["stripe-should-retry"];
  const busy = status === 409 || status === 429 || error.code === "rate_limit";
  if (busy && shouldRetry === "false") return unknown(`${reason}: a retry cannot succeed`);
  if (busy || shouldRetry === "true") {
    const requested_s = retryAfter_s(headers?.["retry-after"] ?? null, now) ?? BUSY_AFTER_S;
    return {
      kind: "retry",
      after_s: Math.min(Math.max(requested_s, 1), RETRY_AFTER_MAX_S),
      reason,
      ...(status === 429 || error.code === "rate_limit" ? { throttled: true } : {}),
    };
  }
  return readFinal(error, status);
}

/** Of a request that would be refused again. */
function readFinal(error: Stripe.errors.StripeError, status: number): Refusal {
  const reason = codeOf(error);
  const code = error.code ?? "";
  if (error.rawType === "idempotency_error") return { kind: "contested", by: "key", reason };
  if (CONTESTED_CODES.has(code)) return { kind: "contested", by: "state", reason };
  if (status === 402) return declinedBy(error);
  if (BUYERS_CODES.has(code)) return { kind: "declined", reason };
  if (code === INCOMPATIBLE) return { kind: "declined", reason };
  if (isOfShopper(error)) {
    return { kind: "declined", reason: isOfOtherMode(error) ? OTHER_MODE : DETAILS_EXPIRED };
  }
  if (isOfOtherMode(error)) return { ...mistake(error, false), code: OTHER_MODE };
  // The payment that we keep the id of is not in this account: the key is of another one.
  if (code === "resource_missing") return mistake(error, true);
  return mistake(error, false);
}

/**
 * The publishable key is of the test mode and the secret key is not, or the other way round.
 * Stripe has no code for it; if it changes the words, this is told apart no longer.
 */
function isOfOtherMode({ code, message }: Stripe.errors.StripeError): boolean {
  if (code === "livemode_mismatch") return true;
  return code === "resource_missing" && message.includes("similar object exists in");
}

/**
 * The browser chooses what to pay with, so nothing that Stripe has against it is a mistake of the
 * shop: anybody could cause such alarms. A new token can be made.
 */
function isOfShopper({ code = "", param = "" }: Stripe.errors.StripeError): boolean {
  if (param === "confirmation_token" || param === "payment_method") return true;
  if (code === OTHER_MODE) return true;
  return SPENT_CODES.has(code) && param === "";
}

function mistake(error: Stripe.errors.StripeError, isKey: boolean): Mistake {
  const { param = "", requestId = "" } = error;
  return {
    kind: "mistake",
    code: isKey && error.code === undefined ? "api_key_refused" : codeOf(error),
    param: param === "" ? null : param,
    requestId: requestId === "" ? null : requestId,
    isKey,
  };
}

/** Stripe omits a code that does not apply. */
function codeOf({ code = "", rawType }: Stripe.errors.StripeError): string {
  if (code !== "") return code;
  return rawType === undefined || rawType === "invalid_request_error" ? "invalid_request" : rawType;
}

/** Stripe omits codes that do not apply, and the SDK fills in "" for a missing one. */
export function declinedBy(error: { decline_code?: unknown; code?: unknown }): Declined {
  const codes = [error.decline_code, error.code];
  const reason = codes.find((code) => typeof code === "string" && code !== "");
  return { kind: "declined", reason: typeof reason === "string" ? reason : "card_declined" };
}

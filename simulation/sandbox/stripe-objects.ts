/**
 * Payment intents, confirmation tokens and errors as JSON objects of Stripe's API.
 *
 * Guarantee: the fields that a Stripe client reads to follow a payment with manual capture are
 * present and have Stripe's meaning. Fields of other products are left out. Pure.
 *
 * Sources: https://docs.stripe.com/api/payment_intents/object and
 * https://docs.stripe.com/api/confirmation_tokens/object.
 */
import { type ApiError, cardError } from "./api-error.ts";
import { chargeObject } from "./charge-objects.ts";
import type { ConfirmationToken } from "./confirmation-token.ts";
import { cardFactsOf } from "./instrument.ts";
import type { Payment } from "./payment-schema.ts";

export interface Rendering {
  /** The origin under which the shopper's browser reaches the sandbox. */
  readonly origin: string;
  /** Paths of the fields that are to be whole objects, such as `latest_charge`. */
  readonly expand: readonly string[];
}

export function paymentIntentObject(payment: Payment, { origin, expand }: Rendering) {
  const { standing } = payment;
  const charge = chargeObject(payment, expand.includes("latest_charge.refunds"));
  const isExpanded = expand.some((path) => path.startsWith("latest_charge"));
  return {
    ...publicPaymentIntentObject(payment, origin),
    allowed_payment_method_types: payment.isAutomatic ? null : payment.types,
    amount_capturable: standing.status === "requires_capture" ? payment.amount : 0,
    amount_received: standing.status === "succeeded" ? standing.captured : 0,
    automatic_payment_methods: payment.isAutomatic
      ? { allow_redirects: "always", enabled: true }
      : null,
    latest_charge: isExpanded ? charge : (charge?.id ?? null),
    metadata: payment.metadata,
    statement_descriptor: null,
    statement_descriptor_suffix: payment.statementSuffix,
  };
}

/** The fields that Stripe shows to a publishable key. */
export function publicPaymentIntentObject(payment: Payment, origin: string) {
  const { standing } = payment;
  return {
    id: payment.id,
    object: "payment_intent",
    amount: payment.amount,
    canceled_at: null,
    cancellation_reason: standing.status === "canceled" ? standing.reason : null,
    capture_method: "manual",
    client_secret: payment.clientSecret,
    confirmation_method: "automatic",
    created: seconds(payment.createdAt_ms),
    currency: payment.currency,
    description: payment.description,
    last_payment_error: lastError(payment),
    livemode: false,
    next_action: nextAction(payment, origin),
    payment_method: standing.status === "requires_payment_method" ? null : payment.method,
    payment_method_types: payment.types,
    receipt_email: payment.receiptEmail,
    setup_future_usage: null,
    shipping: payment.shipping,
    status: standing.status,
  };
}

function lastError({ standing }: Payment) {
  if (standing.status !== "requires_payment_method" || standing.refusal === null) return null;
  return errorFields(cardError(standing.refusal));
}

/** Where the shopper authenticates: the bank's page, which Stripe.js can show in a dialog. */
function nextAction({ id, standing }: Payment, origin: string) {
  if (standing.status !== "requires_action") return null;
  const url = `${origin}/sandbox/authenticate/${id}`;
  if (standing.where === "dialog") {
    const details = { source: id, stripe_js: url, type: "three_d_secure_redirect" };
    return { type: "use_stripe_sdk", use_stripe_sdk: details };
  }
  return {
    type: "redirect_to_url",
    redirect_to_url: { return_url: standing.returnUrl, url },
  };
}

export function tokenObject(token: ConfirmationToken) {
  return {
    id: token.id,
    object: "confirmation_token",
    created: seconds(token.createdAt_ms),
    expires_at: seconds(token.expiresAt_ms),
    livemode: token.isLive,
    mandate_data: null,
    metadata: null,
    payment_intent: token.usedFor,
    payment_method_options: null,
    payment_method_preview: previewObject(token),
    return_url: token.returnUrl,
    setup_future_usage: null,
    setup_intent: null,
    shipping: token.shipping,
    use_stripe_sdk: true,
  };
}

function previewObject({ instrument, billing }: ConfirmationToken) {
  const { type } = instrument;
  const shared = { billing_details: billing, customer: null, type };
  const card = cardFactsOf(instrument);
  if (card === null) return { ...shared, [type]: {} };
  const { brand, last4, fingerprint, wallet, expMonth, expYear } = card;
  return {
    ...shared,
    card: {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: null },
      country: "US",
      display_brand: brand,
      exp_month: expMonth,
      exp_year: expYear,
      fingerprint,
      funding: "credit",
      generated_from: null,
      last4,
      networks: { available: [brand], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: wallet === null ? null : { type: wallet, dynamic_last4: null, [wallet]: {} },
    },
  };
}

export function errorObject(error: ApiError, intent: object | null = null) {
  const fields = errorFields(error);
  return { error: intent === null ? fields : { ...fields, payment_intent: intent } };
}

function errorFields({ status: _, ...fields }: ApiError) {
  if (fields.code === undefined) return fields;
  const page = fields.code.replaceAll("_", "-");
  return { ...fields, doc_url: `https://docs.stripe.com/error-codes/${page}` };
}

/** A page of a list (https://docs.stripe.com/api/pagination). */
export function listObject(url: string, data: readonly object[], hasMore: boolean) {
  return { object: "list", data, has_more: hasMore, url };
}

function seconds(at_ms: number): number {
  return Math.floor(at_ms / 1000);
}

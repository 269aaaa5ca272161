/**
 * The parameters of every request to Stripe. `docs/stripe.md` lists each of them with its source;
 * a test compares that page with what is sent here.
 *
 * Guarantee: the same order gives the same parameters, because Stripe refuses a repeated
 * idempotency key with others. Pure.
 */
import type Stripe from "stripe";
import { asciiEmail } from "../../src/domain/buyer/email.ts";
import { COUNTRIES } from "../../src/domain/checkout/countries.ts";
import type { Money, PaidOrder, Shipping } from "../../src/domain/order/payment-backend.ts";

/** The most that Stripe lists on one page. */
const PAGE_LENGTH = 100;

/** With the charge as an object, which has the card, and what was refunded. */
export const WITH_CHARGE = { expand: ["latest_charge"] };

export function createParams(
  order: PaidOrder,
  { amount, currency }: Money,
): Stripe.PaymentIntentCreateParams {
  const { id, sale, description, email, methods, shipping, statementSuffix } = order;
  const params: Stripe.PaymentIntentCreateParams = {
    amount,
    currency: currency.toLowerCase(),
    capture_method: "manual",
    description,
    metadata: { order: id, sale },
  };
  // Of both Stripe leaves out the methods that cannot be captured manually.
  if (methods.length === 0) params.automatic_payment_methods = { enabled: true };
  else params.allowed_payment_method_types = [...methods];
  const receiptEmail = asciiEmail(email);
  if (receiptEmail !== null) params.receipt_email = receiptEmail;
  const shipTo = shippingParams(shipping);
  if (shipTo !== null) params.shipping = shipTo;
  if (statementSuffix !== null) params.statement_descriptor_suffix = statementSuffix;
  return params;
}

/** Null without a name, which Stripe requires: the payment does not fail for a courtesy. */
function shippingParams(
  shipping: Shipping | null,
): Stripe.PaymentIntentCreateParams.Shipping | null {
  if (shipping === null || shipping.name === "") return null;
  const { name, phone, address } = shipping;
  const { line1, line2, city, region, postalCode, country = "" } = address;
  const params: Stripe.PaymentIntentCreateParams.Shipping = { name, address: {} };
  if (isStated(line1)) params.address.line1 = line1;
  if (isStated(line2)) params.address.line2 = line2;
  if (isStated(city)) params.address.city = city;
  if (isStated(region)) params.address.state = region;
  if (isStated(postalCode)) params.address.postal_code = postalCode;
  // Addresses of the first versions are free text, and Stripe refuses what is no country.
  if (COUNTRIES.includes(country)) params.address.country = country;
  if (isStated(phone)) params.phone = phone;
  return params;
}

function isStated(value: string | null | undefined): value is string {
  return value !== undefined && value !== null && value !== "";
}

/**
 * A confirmation token was made by Stripe's script, whose page also does the next action, such as
 * 3-D Secure in a dialog; with a payment method the shopper goes to the action's own page.
 */
export function confirmParams(
  method: string,
  returnUrl: string,
): Stripe.PaymentIntentConfirmParams {
  const params: Stripe.PaymentIntentConfirmParams = { return_url: returnUrl, ...WITH_CHARGE };
  if (method.startsWith("ctoken_")) {
    params.confirmation_token = method;
    params.use_stripe_sdk = true;
  } else {
    params.payment_method = method;
  }
  return params;
}

export function captureParams({ amount }: Money): Stripe.PaymentIntentCaptureParams {
  return { amount_to_capture: amount };
}

/** Of all that is left. */
export function refundParams(paymentId: string): Stripe.RefundCreateParams {
  return { payment_intent: paymentId };
}

export function partParams(
  paymentId: string,
  refundId: string,
  { amount }: Money,
): Stripe.RefundCreateParams {
  return { payment_intent: paymentId, amount, metadata: { refund: refundId } };
}

/** @param after the last refund of the page before; null for the first page */
export function refundPageParams(paymentId: string, after: string | null): Stripe.RefundListParams {
  const page = { payment_intent: paymentId, limit: PAGE_LENGTH };
  return after === null ? page : { ...page, starting_after: after };
}

export function disputeParams(paymentId: string): Stripe.DisputeListParams {
  return { payment_intent: paymentId, limit: PAGE_LENGTH };
}

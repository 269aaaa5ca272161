/**
 * Payments, refunds and errors as JSON objects of Stripe's API.
 *
 * Guarantee: the fields that a Stripe client reads to follow a card payment with manual capture
 * are present and have Stripe's meaning. Fields of other products are left out. Pure.
 *
 * Source: https://docs.stripe.com/api/payment_intents/object.
 */
import { type ApiError, cardError } from "./api-error.ts";
import type { Payment } from "./payment.ts";

export interface Rendering {
  /** The origin under which the shopper's browser reaches the sandbox. */
  readonly origin: string;
  /** True: `latest_charge` is the whole charge rather than its id. */
  readonly expandCharge: boolean;
}

export function paymentIntentObject(payment: Payment, { origin, expandCharge }: Rendering) {
  const { standing } = payment;
  const charge = chargeObject(payment);
  return {
    id: payment.id,
    object: "payment_intent",
    amount: payment.amount,
    amount_capturable: standing.status === "requires_capture" ? payment.amount : 0,
    amount_received: standing.status === "succeeded" ? standing.captured : 0,
    capture_method: "manual",
    confirmation_method: "automatic",
    created: Math.floor(payment.createdAt_ms / 1000),
    currency: payment.currency,
    last_payment_error: lastError(payment),
    latest_charge: expandCharge ? charge : (charge?.id ?? null),
    livemode: false,
    metadata: payment.order === null ? {} : { order: payment.order },
    next_action: nextAction(payment, origin),
    payment_method: standing.status === "requires_payment_method" ? null : payment.method,
    payment_method_types: ["card"],
    status: standing.status,
  };
}

function lastError({ standing }: Payment) {
  if (standing.status !== "requires_payment_method" || standing.refusal === null) return null;
  return errorFields(cardError(standing.refusal));
}

function nextAction({ id, standing }: Payment, origin: string) {
  if (standing.status !== "requires_action") return null;
  const url = `${origin}/sandbox/authenticate/${id}`;
  return {
    type: "redirect_to_url",
    redirect_to_url: { return_url: standing.returnUrl, url },
  };
}

function chargeObject(payment: Payment) {
  const { standing } = payment;
  if (standing.status === "requires_payment_method" || standing.status === "requires_action") {
    return null;
  }
  if (standing.charge === null) return null;
  const captured = standing.status === "succeeded" ? standing.captured : 0;
  const refunded = standing.status === "succeeded" ? standing.refunded : 0;
  return {
    id: standing.charge,
    object: "charge",
    amount: payment.amount,
    amount_captured: captured,
    amount_refunded: refunded,
    captured: captured > 0,
    currency: payment.currency,
    paid: true,
    payment_intent: payment.id,
    refunded: standing.status === "canceled" || (captured > 0 && refunded === captured),
    status: "succeeded",
  };
}

export function refundObject(payment: Payment, amount: number, id: string, now: number) {
  const { standing } = payment;
  return {
    id,
    object: "refund",
    amount,
    charge: standing.status === "succeeded" ? standing.charge : null,
    created: Math.floor(now / 1000),
    currency: payment.currency,
    payment_intent: payment.id,
    status: "succeeded",
  };
}

export function errorObject(error: ApiError) {
  return { error: errorFields(error) };
}

function errorFields({ status: _, ...fields }: ApiError) {
  return fields;
}

/**
 * Confirmation tokens: what a shopper entered in the stand-in for Stripe.js, kept until the shop
 * confirms a payment with it.
 *
 * Guarantee: a token confirms one payment, once, within twelve hours, and only in the mode of the
 * key that made it. Pure.
 *
 * Source: https://docs.stripe.com/api/confirmation_tokens/object.
 */
import { z } from "zod";
import { type ApiError, invalidRequest, notFound, otherMode } from "./api-error.ts";
import { Instrument } from "./instrument.ts";
import { BillingDetails, Shipping } from "./payment-schema.ts";

const LIFETIME_MS = 12 * 60 * 60 * 1000;

/** The stored form; `version` changes with its shape. */
export const ConfirmationToken = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  isLive: z.boolean(),
  instrument: Instrument,
  billing: BillingDetails,
  shipping: Shipping.nullable(),
  returnUrl: z.string().nullable(),
  /** As the Elements that made it were set up; null when they did not say. */
  captureMethod: z.enum(["manual", "automatic", "automatic_async"]).nullable(),
  createdAt_ms: z.int(),
  expiresAt_ms: z.int(),
  /** The payment that it confirmed. */
  usedFor: z.string().nullable(),
});

export type ConfirmationToken = z.infer<typeof ConfirmationToken>;

export function createToken(
  wanted: Pick<
    ConfirmationToken,
    "isLive" | "instrument" | "billing" | "shipping" | "returnUrl" | "captureMethod"
  >,
  id: string,
  now: number,
): ConfirmationToken {
  const times = { createdAt_ms: now, expiresAt_ms: now + LIFETIME_MS };
  return { version: 1, id, ...wanted, ...times, usedFor: null };
}

/** Why the token cannot confirm a payment now; null when it can. */
export function tokenRefusal(
  token: ConfirmationToken | null,
  id: string,
  now: number,
): ApiError | null {
  if (token === null) return notFound("confirmation_token", id, "confirmation_token");
  if (token.isLive)
    return notFound("confirmation_token", id, "confirmation_token", otherMode(true));
  const invalid = (message: string): ApiError => {
    return invalidRequest(
      message,
      "payment_intent_confirmation_token_invalid",
      "confirmation_token",
    );
  };
  if (token.usedFor !== null) {
    return invalid(`The ConfirmationToken ${id} was already used to confirm ${token.usedFor}.`);
  }
  if (now >= token.expiresAt_ms) return invalid(`The ConfirmationToken ${id} has expired.`);
  if (token.captureMethod !== null && token.captureMethod !== "manual") {
    const message =
      `The capture_method of the ConfirmationToken (${token.captureMethod}) does not match that ` +
      "of the PaymentIntent (manual).";
    return invalidRequest(message, undefined, "capture_method");
  }
  return null;
}

/**
 * Turns Sluice's money (minor units of ISO 4217) into the integer Stripe expects.
 *
 * Guarantee: the amount sent to Stripe is worth exactly Sluice's amount, or none is sent.
 * Not for rounding: money that Stripe cannot express is refused, never charged approximately.
 *
 * Source: https://docs.stripe.com/currencies, "zero-decimal", "three-decimal" and "special cases".
 */
import type { Money } from "../../src/domain/order/payment-backend.ts";

/** ISO 4217 gives these no minor unit, Stripe still takes them with two decimals. */
const TWO_DECIMALS_AT_STRIPE = new Set(["ISK", "UGX"]);

/** ISO 4217 gives these two decimals, Stripe takes them with none. */
const NO_DECIMALS_AT_STRIPE = new Set(["MGA"]);

/** Stripe takes the third decimal of these only when it is zero. */
const LAST_DIGIT_ZERO = new Set(["BHD", "JOD", "KWD", "OMR", "TND"]);

/** The `amount` parameter for Stripe, or null when Stripe cannot express this money. */
export function stripeAmount(money: Money): number | null {
  const { amount, currency } = money;
  if (TWO_DECIMALS_AT_STRIPE.has(currency)) return amount * 100;
  if (NO_DECIMALS_AT_STRIPE.has(currency)) return amount % 100 === 0 ? amount / 100 : null;
  if (LAST_DIGIT_ZERO.has(currency)) return amount % 10 === 0 ? amount : null;
  return amount;
}

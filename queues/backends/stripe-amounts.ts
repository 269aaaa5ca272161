/**
 * Converts Sluice's money (minor units of ISO 4217) to the integer Stripe expects.
 *
 * Guarantee: the converted amount has exactly the same value, or there is none: an amount that
 * Stripe cannot express is refused, never rounded.
 *
 * Source: https://docs.stripe.com/currencies, "zero-decimal", "three-decimal" and "special cases".
 */
import type { Money } from "../../src/domain/order/payment-backend.ts";

/** ISO 4217 defines no minor unit for these; Stripe expects two decimals. */
const TWO_DECIMALS_AT_STRIPE = new Set(["ISK", "UGX"]);

/** ISO 4217 defines two decimals for these; Stripe expects none. */
const NO_DECIMALS_AT_STRIPE = new Set(["MGA"]);

/** The third decimal of these must be zero at Stripe. */
const LAST_DIGIT_ZERO = new Set(["BHD", "JOD", "KWD", "OMR", "TND"]);

/** The `amount` parameter for Stripe, or null when Stripe cannot express this money. */
export function stripeAmount(money: Money): number | null {
  const { amount, currency } = money;
  if (TWO_DECIMALS_AT_STRIPE.has(currency)) return amount * 100;
  if (NO_DECIMALS_AT_STRIPE.has(currency)) return amount % 100 === 0 ? amount / 100 : null;
  if (LAST_DIGIT_ZERO.has(currency)) return amount % 10 === 0 ? amount : null;
  return amount;
}

/**
 * Sluice's minor units as Stripe's: the exceptions that Stripe documents, and exactness.
 */
import { expect, test } from "vitest";
import { stripeAmount } from "../../../queues/backends/stripe-amounts.ts";

test.each([
  [12_900, "EUR", 12_900],
  [500, "JPY", 500],
  [5, "ISK", 500],
  [5, "UGX", 500],
  [1_200, "MGA", 12],
  [1_250, "MGA", null],
  [5_120, "KWD", 5_120],
  [5_124, "KWD", null],
])("%d minor units of %s are %s to Stripe", (amount, currency, expected) => {
  expect(stripeAmount({ amount, currency })).toBe(expected);
});

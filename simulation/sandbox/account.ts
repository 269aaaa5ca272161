/**
 * The merchant's account at the sandbox: what it accepts, offers and does with refunds. At Stripe
 * these are settings of the dashboard; here `PUT /sandbox/account` changes them.
 *
 * Guarantee: every setting has a default, with which payments and refunds succeed. Pure.
 */
import { z } from "zod";

/**
 * Types of payment methods that Stripe can capture manually and that the sandbox has
 * (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method).
 */
export const METHOD_TYPES = ["card", "link", "klarna", "paypal", "amazon_pay"] as const;

/** The wallets that the stand-in for Stripe.js can show as buttons. */
export const WALLETS = ["apple_pay", "google_pay", "link"] as const;

/**
 * `key: "refused"`: every call is answered 401, as for a key that was rolled.
 * `methods`: the types that are enabled; a payment cannot name others.
 * `wallets`: those that the shopper's browser offers.
 * `authentication: "redirect"`: also payments that are confirmed with `use_stripe_sdk` send the
 * shopper to the bank's page, not to a dialog in the shop's page.
 * `refunds`: `by_card` as documented for the test card, `pending` until it is settled by
 * `POST /sandbox/refunds/{id}`; the others change by themselves after `refundSettles_ms`.
 * `balance: "insufficient"`: no refund can be made.
 */
export const Account = z.strictObject({
  key: z.enum(["accepted", "refused"]).default("accepted"),
  methods: z.array(z.enum(METHOD_TYPES)).default(["card", "link"]),
  wallets: z.array(z.enum(WALLETS)).default([...WALLETS]),
  authentication: z.enum(["as_requested", "redirect"]).default("as_requested"),
  refunds: z
    .enum(["by_card", "pending", "pending_then_succeeds", "pending_then_fails", "fails_later"])
    .default("by_card"),
  refundSettles_ms: z.int().min(0).max(3_600_000).default(2000),
  balance: z.enum(["sufficient", "insufficient"]).default("sufficient"),
});

export type Account = z.infer<typeof Account>;
export type MethodType = (typeof METHOD_TYPES)[number];

export const DEFAULT_ACCOUNT: Account = Account.parse({});

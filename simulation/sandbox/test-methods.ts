/**
 * The test payment methods: each always has the same outcome.
 *
 * Names and error codes are Stripe's (https://docs.stripe.com/testing), so that a test written for
 * the sandbox also runs against Stripe's own test mode. Methods that begin with `pm_sandbox_` do
 * not exist at Stripe.
 */
import type { CardRefusal } from "./api-error.ts";

export type Outcome =
  | { readonly kind: "authorizes" }
  | { readonly kind: "refuses"; readonly refusal: CardRefusal }
  | { readonly kind: "asks_shopper" }
  | { readonly kind: "authorizes_but_cannot_be_captured" };

function refuses(code: string, decline_code: string | null, message: string): Outcome {
  return { kind: "refuses", refusal: { code, decline_code, message } };
}

const OUTCOMES: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["pm_card_visa", { kind: "authorizes" }],
  ["pm_card_mastercard", { kind: "authorizes" }],
  [
    "pm_card_chargeDeclined",
    refuses("card_declined", "generic_decline", "Your card was declined."),
  ],
  [
    "pm_card_chargeDeclinedInsufficientFunds",
    refuses("card_declined", "insufficient_funds", "Your card has insufficient funds."),
  ],
  ["pm_card_chargeDeclinedExpiredCard", refuses("expired_card", null, "Your card has expired.")],
  [
    "pm_card_chargeDeclinedProcessingError",
    refuses("processing_error", null, "An error occurred while processing your card."),
  ],
  ["pm_card_authenticationRequired", { kind: "asks_shopper" }],
  ["pm_sandbox_captureFails", { kind: "authorizes_but_cannot_be_captured" }],
]);

/** The outcome of a payment method; null when the sandbox does not know the method. */
export function outcomeOf(method: string): Outcome | null {
  return OUTCOMES.get(method) ?? null;
}

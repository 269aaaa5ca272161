/**
 * The test payment methods: each stands for one fate of a card.
 *
 * Names and error codes are Stripe's (https://docs.stripe.com/testing), so that a test written for
 * the sandbox also runs against Stripe's own test mode; `pm_sandbox_` marks what Stripe lacks.
 */
import type { CardRefusal } from "./api-error.ts";

export type Fate =
  | { readonly kind: "authorizes" }
  | { readonly kind: "refuses"; readonly refusal: CardRefusal }
  | { readonly kind: "asks_shopper" }
  | { readonly kind: "authorizes_but_cannot_be_captured" };

function refuses(code: string, decline_code: string | null, message: string): Fate {
  return { kind: "refuses", refusal: { code, decline_code, message } };
}

const FATES: ReadonlyMap<string, Fate> = new Map<string, Fate>([
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

/** The fate of a payment method, or null for one that the sandbox does not know. */
export function fateOf(method: string): Fate | null {
  return FATES.get(method) ?? null;
}

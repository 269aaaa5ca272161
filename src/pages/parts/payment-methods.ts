/**
 * The ways to pay that the built-in checkout offers.
 *
 * Guarantee: no card data is ever typed into these pages. They offer the payment provider's test
 * cards, by name, and only when the deployment says so with `TEST_CARDS=on`. A shop that sells for
 * money takes the card on its own checkout page and places the order through the API.
 */
import { z } from "zod";

export const TEST_CARDS = [
  { id: "pm_card_visa", words: "Visa 4242", hint: "is paid" },
  { id: "pm_card_mastercard", words: "Mastercard 4444", hint: "is paid" },
  { id: "pm_card_chargeDeclined", words: "Visa 0002", hint: "is declined" },
  {
    id: "pm_card_chargeDeclinedInsufficientFunds",
    words: "Visa 9995",
    hint: "is declined: not enough money",
  },
  {
    id: "pm_card_authenticationRequired",
    words: "Visa 3184",
    hint: "asks you to confirm with the bank (3-D Secure)",
  },
] as const;

const IDS = TEST_CARDS.map(({ id }) => id);

export const paymentMethodSchema = z.enum(IDS, { error: "Choose one of the cards" });

/** @param setting the variable `TEST_CARDS` */
export function offersTestCards(setting: string): boolean {
  return setting === "on";
}

/**
 * The payment methods of the built-in checkout.
 *
 * Guarantee: no card data is ever typed into these pages. They offer the payment provider's test
 * cards, by name, and only when the deployment sets `TEST_CARDS=on`. A shop that takes real money
 * has a checkout page of its own and places the order through the API.
 */
import { z } from "zod";

export const TEST_CARDS = [
  { id: "pm_card_visa", name: "Visa 4242", hint: "is paid" },
  { id: "pm_card_mastercard", name: "Mastercard 4444", hint: "is paid" },
  { id: "pm_card_chargeDeclined", name: "Visa 0002", hint: "is declined" },
  {
    id: "pm_card_chargeDeclinedInsufficientFunds",
    name: "Visa 9995",
    hint: "is declined: not enough money",
  },
  {
    id: "pm_card_authenticationRequired",
    name: "Visa 3184",
    hint: "asks you to confirm with the bank (3-D Secure)",
  },
] as const;

const IDS = TEST_CARDS.map(({ id }) => id);

export const paymentMethodSchema = z.enum(IDS, { error: "Choose one of the cards" });

/** @param setting the variable `TEST_CARDS` */
export function offersTestCards(setting: string): boolean {
  return setting === "on";
}

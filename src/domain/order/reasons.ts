/**
 * Why an order ended without a sale: which reasons are ours, which of them a buyer is shown, and
 * which count as a declined payment.
 *
 * Guarantee: of a payment that was declined its buyer learns only that it was, because a list of
 * stolen cards is tested by the differences between answers: no funds, expired, lost. The merchant
 * reads the provider's own code in the order and in its events. Pure.
 */
import type { OrderStanding } from "./order.ts";

/** The shopper gave the payment up. */
export const GIVEN_UP = "given_up";
/** The shopper did not confirm the payment at the bank in time. */
export const ABANDONED = "action_abandoned";
/** The shop's own settings kept the order from being paid. */
export const PAYMENT_UNAVAILABLE = "payment_unavailable";
/** The token of the means of payment was too old, or used; no bank was asked. */
export const DETAILS_EXPIRED = "payment_details_expired";
/** More than one buyer may have. */
export const LIMIT_REACHED = "limit_reached";
/** What a buyer is shown for every reason of a bank or a provider. */
const DECLINED = "payment_declined";

/** They say nothing of a card that its holder does not know. */
const SHOWN: ReadonlySet<string> = new Set([
  GIVEN_UP,
  ABANDONED,
  PAYMENT_UNAVAILABLE,
  DETAILS_EXPIRED,
  LIMIT_REACHED,
]);

/** The reason of an order as its buyer may know it. */
export function shownReason(standing: OrderStanding, reason: string | null): string | null {
  if (reason === null) return null;
  const isDeclined =
    standing.state === "declined" || (standing.state === "voiding" && standing.end === "declined");
  return !isDeclined || SHOWN.has(reason) ? reason : DECLINED;
}

const NO_ANSWER_OF_A_BANK: ReadonlySet<string> = new Set([PAYMENT_UNAVAILABLE, DETAILS_EXPIRED]);

/**
 * Whether an order that ended `declined` counts as a payment that was tried. Giving up counts,
 * because a bank that asks for a confirmation has shown that the card is in use.
 */
export function isTriedPayment(reason: string): boolean {
  return !NO_ANSWER_OF_A_BANK.has(reason);
}

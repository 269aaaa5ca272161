/**
 * What the checkout's script says about the payment form and about an order on its way. Text about
 * an order's state is in `text.js`, and what the server refuses comes with the server's page.
 */

export const LOADING = "The payment form is loading.";

export const SLOW =
  "The payment form takes longer than usual to load. Your cart stays reserved; please wait, or " +
  "try again.";

export const NOT_LOADED =
  "The payment form could not be loaded. Check your connection, and whether a blocker in your " +
  "browser stops it. Nothing was charged, and your cart stays reserved for the time shown above.";

export const NOT_LOADED_MORE =
  "If it still does not load, open this page without blockers, or ask the shop.";

export const CHECKING = "Your payment details are being checked.";

export const SENDING = "Your order is being sent.";

export const NO_ANSWER =
  "We did not get an answer from the shop. Press the button again: you will not order twice.";

export const NOT_UPDATED = "We could not update the total. Please try again.";

export const TOKEN_FAILED = "Your payment details could not be read. Please check them.";

export const CART_CHANGED =
  "Update the cart first: you have chosen another quantity. Nothing was charged.";

export const NOT_CONFIRMED = "The payment is not confirmed yet.";

export const CONTINUE_HERE =
  "Your bank asks you to confirm this payment. Press “Continue at your bank”.";

export const CONFIRM_THERE =
  "Your bank asks you to confirm this payment. Confirm it in your bank’s window.";

const SHOP_TROUBLE = "The shop cannot take this payment right now. Try again later.";

/**
 * What Stripe's error is to the shopper. Some types are written to the developer, and go to the
 * console.
 * @param {import("@stripe/stripe-js").StripeError} error
 * @param {string} otherwise
 */
export function errorText({ type, code, message }, otherwise) {
  const isRefused = code === "payment_intent_authentication_failure";
  if (isRefused || /card|validation|connection/.test(type)) return message ?? otherwise;
  reportError(new Error(message));
  return SHOP_TROUBLE;
}

/** Why a wallet was refused what was chosen in it; it shows no text of a page itself. */
export const NO_QUOTE = "We could not work out the total for the wallet. Please try again.";

export const DISCOUNT_REFUSED = "Your discount code cannot be used. Remove or correct it.";

/** @param {string} country as in addresses, such as DE */
export function notServedText(country) {
  const name = new Intl.DisplayNames("en", { type: "region" }).of(country) ?? country;
  return `This shop does not deliver to ${name}. Nothing was charged.`;
}

/** What a wallet gave is not all that the order needs. */
export const WALLET_INCOMPLETE =
  "Something is missing. Nothing was charged. Please check your order.";

/**
 * Of what the button said before, when the order is not placed because it differs now.
 * @param {string} was total with its currency
 * @param {string} is
 */
export function changedText(was, is) {
  const change = was === is ? "Your order has changed." : `The total was ${was}, it is ${is} now.`;
  return `${change} Nothing was charged. Please check your order.`;
}

/**
 * `stripe.handleNextAction()`: the bank's page in a dialog, or by redirect.
 *
 * Guarantee: a dialog that is closed refuses the payment, as at Stripe, so nothing waits for ever.
 */

import { fetchIntent } from "./stripe-api.js";

/**
 * @param {string} publishableKey
 * @param {string} clientSecret
 * @returns {ReturnType<typeof fetchIntent>}
 */
export async function handleNextAction(publishableKey, clientSecret) {
  const answer = await fetchIntent(publishableKey, clientSecret);
  const action = answer.paymentIntent?.next_action;
  if (action === undefined || action === null) return answer;
  if (action.type === "redirect_to_url" && action.redirect_to_url?.url) {
    window.location.assign(action.redirect_to_url.url);
    // The page is left; a promise that is settled would let the shop's script go on.
    return new Promise(() => undefined);
  }
  await authenticateInDialog(`${SANDBOX}/sandbox/authenticate/${answer.paymentIntent?.id}`);
  const after = await fetchIntent(publishableKey, clientSecret);
  const refusal = after.paymentIntent?.last_payment_error;
  if (after.paymentIntent?.status !== "requires_payment_method" || !refusal) return after;
  return { error: { ...refusal, type: "invalid_request_error", ...intentOf(after) } };
}

/**
 * @param {{ paymentIntent?: StandIn.Intent | undefined }} answer
 * @returns {{ payment_intent?: StandIn.Intent }}
 */
function intentOf({ paymentIntent }) {
  return paymentIntent === undefined ? {} : { payment_intent: paymentIntent };
}

/**
 * @param {string} url of the bank's page
 * @returns {Promise<void>} when the shopper has decided, or has closed the dialog
 */
function authenticateInDialog(url) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Confirm your payment");
  const frame = document.createElement("iframe");
  frame.src = `${url}?in=dialog`;
  frame.title = "3D Secure authentication";
  for (const [name, value] of DIALOG_STYLE) dialog.style.setProperty(name, value);
  for (const [name, value] of DIALOG_FRAME_STYLE) frame.style.setProperty(name, value);
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close and refuse";
  dialog.append(frame, close);
  document.body.append(dialog);
  return new Promise((resolve) => {
    const end = () => {
      window.removeEventListener("message", decided);
      dialog.remove();
      resolve();
    };
    const decided = (/** @type {MessageEvent<unknown>} */ event) => {
      if (event.origin !== SANDBOX || event.source !== frame.contentWindow) return;
      if (event.data === "sandbox: decided") end();
      if (event.data === "sandbox: close") void refuse();
    };
    const refuse = async () => {
      const body = new URLSearchParams({ decision: "refuse" });
      await fetch(`${url}?in=dialog`, { method: "POST", mode: "no-cors", body }).catch(() => null);
      end();
    };
    window.addEventListener("message", decided);
    close.addEventListener("click", () => void refuse());
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      void refuse();
    });
    dialog.showModal();
    frame.focus();
  });
}

/** Fits a phone of 360 by 640 with the button below the frame. */
/** @type {readonly (readonly [string, string])[]} */
const DIALOG_STYLE = [
  ["box-sizing", "border-box"],
  ["max-width", "calc(100vw - 1rem)"],
  ["max-height", "calc(100dvh - 1rem)"],
  ["padding", "0.75rem"],
  ["overflow", "auto"],
];

/** @type {readonly (readonly [string, string])[]} */
const DIALOG_FRAME_STYLE = [
  ["display", "block"],
  ["width", "min(26rem, 100vw - 3.5rem)"],
  ["height", "min(22rem, 100dvh - 8rem)"],
  ["margin-bottom", "0.75rem"],
  ["border", "0"],
];

/**
 * The stand-in for Stripe.js: defines `window.Stripe` with the part of the real surface that a
 * checkout with the Payment Element uses. The page gets a plain script, like Stripe's: the Worker
 * joins the modules of this folder that begin with `stripe`, without their imports and exports.
 *
 * Guarantee: its calls, results and events have the types of `@stripe/stripe-js`, and what
 * Stripe.js throws on is thrown on here. Not for a deployed shop, which loads Stripe's own script.
 */

import { fetchIntent, integrationError } from "./stripe-api.js";
import { createElements, groups } from "./stripe-elements.js";
import { handleNextAction } from "./stripe-next-action.js";

/** @type {StandIn.Constructor} */
const standIn = (publishableKey, options = {}) => {
  if (!/^pk_(?:live|test)_\w+$/.test(publishableKey)) {
    throw integrationError("Please call Stripe() with your publishable key.");
  }
  /** @type {StandIn.Setup} */
  const base = {
    publishableKey,
    locale: options.locale === undefined || options.locale === "auto" ? "en" : options.locale,
    amount: null,
    currency: null,
    captureMethod: null,
    allowed: null,
    appearance: null,
    options: null,
  };
  /** @satisfies {StandIn.Used} */
  const used = {
    elements: (/** @type {object | undefined} */ elementsOptions) => {
      return createElements(base, { ...elementsOptions });
    },
    createConfirmationToken: async ({ elements, params = {} }) => {
      const group = groups.get(elements);
      if (group === undefined) throw integrationError("elements must come from stripe.elements().");
      const answer = await group.createToken(params);
      return "error" in answer ? { error: answer.error } : answer;
    },
    handleNextAction: async (
      /** @type {{ clientSecret: string } | { hashedValue: string }} */ action,
    ) => {
      if ("hashedValue" in action) {
        throw integrationError("The stand-in handles no hashed values, only client secrets.");
      }
      return handleNextAction(publishableKey, action.clientSecret);
    },
    retrievePaymentIntent: (clientSecret) => fetchIntent(publishableKey, clientSecret),
  };
  if (!isStripe(used)) throw integrationError("The stand-in made no Stripe object.");
  return used;
};

/**
 * The page sees Stripe's type. What the stand-in lacks fails where it is used.
 *
 * @param {StandIn.Used} used
 * @returns {used is StandIn.RealStripe}
 */
function isStripe(used) {
  return "elements" in used;
}

Reflect.set(window, "Stripe", standIn);

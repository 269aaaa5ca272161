/**
 * What Stripe.js calls from the shop's page: a payment intent by its client secret. And the errors
 * of Stripe.js.
 */

/**
 * A mistake in how the page uses Stripe.js, which Stripe throws.
 *
 * @param {string} message
 */
export function integrationError(message) {
  const error = new Error(message);
  error.name = "IntegrationError";
  return error;
}

/** @type {StandIn.ErrorOf} */
const NO_CONNECTION = {
  type: "api_connection_error",
  message: "We are experiencing issues connecting to our payments provider. Please try again.",
};

/**
 * @param {string} publishableKey
 * @param {string} clientSecret
 * @returns {Promise<
 *   | { paymentIntent: StandIn.Intent, error?: undefined }
 *   | { paymentIntent?: undefined, error: StandIn.ErrorOf }
 * >}
 */
export async function fetchIntent(publishableKey, clientSecret) {
  const id = /^(pi_\w+?)_secret_\w+$/.exec(clientSecret)?.[1];
  if (id === undefined) {
    throw integrationError("The client secret of a PaymentIntent has the form pi_…_secret_….");
  }
  const query = new URLSearchParams({ client_secret: clientSecret });
  try {
    const response = await fetch(`${SANDBOX}/v1/payment_intents/${id}?${query}`, {
      headers: { authorization: `Bearer ${publishableKey}` },
    });
    const body = await response.json();
    return response.ok ? { paymentIntent: body } : { error: body.error };
  } catch {
    return { error: NO_CONNECTION };
  }
}

/**
 * Whether the built-in checkout can take a payment: the publishable key, and where Stripe.js comes
 * from.
 *
 * Guarantee: the page loads Stripe.js from Stripe's own address, or with a key of test mode from
 * this machine; any other address is a mistake, which is named and takes no payment. The key is
 * public: every shopper's browser gets it.
 */

/** https://docs.stripe.com/js/including: the address has the name of a release train. */
const STRIPE_SCRIPT = /^https:\/\/js\.stripe\.com\/[a-z0-9]+\/stripe\.js$/;
const LOCAL_SCRIPT = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?\/[\w./-]*$/;
const PUBLISHABLE_KEY = /^pk_(test|live)_[A-Za-z0-9_]{4,250}$/;

export interface PaymentVariables {
  readonly STRIPE_PUBLISHABLE_KEY: string;
  readonly STRIPE_JS_URL: string;
}

export type PaymentSetup =
  | {
      readonly kind: "ready";
      readonly publishableKey: string;
      readonly mode: "test" | "live";
      readonly scriptUrl: string;
      /** The stand-in's origin where the script is not Stripe's; null where it is. */
      readonly localOrigin: string | null;
    }
  /** `problem` is for the operator: a sentence that names the variable. */
  | { readonly kind: "not_configured"; readonly problem: string };

export function paymentSetup(variables: PaymentVariables): PaymentSetup {
  const { STRIPE_PUBLISHABLE_KEY: publishableKey, STRIPE_JS_URL: scriptUrl } = variables;
  if (publishableKey === "") {
    return missing("STRIPE_PUBLISHABLE_KEY is empty, so the checkout takes no payments");
  }
  const mode = PUBLISHABLE_KEY.exec(publishableKey)?.[1];
  if (mode !== "test" && mode !== "live") {
    return missing("STRIPE_PUBLISHABLE_KEY is not a key that begins with pk_test_ or pk_live_");
  }
  const ready = { kind: "ready", publishableKey, mode, scriptUrl } as const;
  if (STRIPE_SCRIPT.test(scriptUrl)) return { ...ready, localOrigin: null };
  if (!LOCAL_SCRIPT.test(scriptUrl)) {
    return missing(
      "STRIPE_JS_URL is not an address such as https://js.stripe.com/endive/stripe.js",
    );
  }
  if (mode === "live") {
    return missing("STRIPE_JS_URL is an address of this machine, but the key is of live mode");
  }
  return { ...ready, localOrigin: new URL(scriptUrl).origin };
}

function missing(problem: string): PaymentSetup {
  return { kind: "not_configured", problem };
}

/** As `GET /_sluice/health` tells it. */
export function paymentHealth(variables: PaymentVariables) {
  const setup = paymentSetup(variables);
  return setup.kind === "ready"
    ? { ready: true, mode: setup.mode, problem: null }
    : { ready: false, mode: null, problem: setup.problem };
}

/**
 * Where a page that pays may load from, beyond its own origin, as directives of a content security
 * policy: https://docs.stripe.com/security/guide#content-security-policy. `hooks.stripe.com` has
 * the pages of banks inside Stripe's dialog for 3-D Secure.
 */
export function paymentSources(setup: Extract<PaymentSetup, { readonly kind: "ready" }>): {
  readonly script: string;
  readonly frame: string;
  readonly connect: string;
} {
  const { localOrigin } = setup;
  if (localOrigin !== null) {
    return { script: localOrigin, frame: localOrigin, connect: localOrigin };
  }
  const scripts = "https://js.stripe.com https://*.js.stripe.com";
  return {
    script: scripts,
    frame: `${scripts} https://hooks.stripe.com`,
    connect: "https://api.stripe.com",
  };
}

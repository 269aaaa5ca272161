/**
 * Registers a domain with Stripe, so that the checkout on it shows Apple Pay, Google Pay and Link.
 *
 * Guarantee: it can be run again at any point; a domain that is registered stays, is enabled, and
 * what is inactive is validated again. Nothing else at Stripe is read or changed.
 *
 * Source: https://docs.stripe.com/payments/payment-methods/pmd-registration
 */
import Stripe from "stripe";
import { stripeKeyKind } from "../../src/domain/readiness/stripe-keys.ts";
import { OperatorError } from "../wrangler.ts";

const TIMEOUT_MS = 15_000;
const DASHBOARD = "https://dashboard.stripe.com/settings/payment_method_domains";

const WALLETS = [
  ["Apple Pay", "apple_pay"],
  ["Google Pay", "google_pay"],
  ["Link", "link"],
] as const;

export interface StripeAccess {
  readonly apiKey: string;
  /** Scheme, host and port of Stripe's API. */
  readonly baseUrl: string;
}

/** @throws OperatorError with what to do instead */
export async function registerDomain(host: string, access: StripeAccess): Promise<string> {
  const stripe = clientOf(access);
  try {
    return printDomain(await registered(stripe, host));
  } catch (error) {
    throw refusal(host, error);
  }
}

async function registered(stripe: Stripe, host: string): Promise<Stripe.PaymentMethodDomain> {
  const domains = stripe.paymentMethodDomains;
  const { data } = await domains.list({ domain_name: host, limit: 1 });
  const known = data[0] ?? (await domains.create({ domain_name: host }));
  const enabled = known.enabled ? known : await domains.update(known.id, { enabled: true });
  const isActive = WALLETS.every(([, wallet]) => enabled[wallet].status === "active");
  return isActive ? enabled : domains.validate(enabled.id);
}

function clientOf({ apiKey, baseUrl }: StripeAccess): Stripe {
  const kind = stripeKeyKind(apiKey);
  if (kind !== "test" && kind !== "live") {
    throw new OperatorError(
      "--register-domain needs STRIPE_API_KEY in the environment: a secret key, or a restricted " +
        "key that may write Payment Method Domains.",
    );
  }
  const { protocol, hostname, port } = new URL(baseUrl);
  return new Stripe(apiKey, {
    protocol: protocol === "http:" ? "http" : "https",
    host: hostname,
    port: port || (protocol === "http:" ? "80" : "443"),
    timeout: TIMEOUT_MS,
    telemetry: false,
  });
}

function printDomain(domain: Stripe.PaymentMethodDomain): string {
  const mode = domain.livemode ? "live" : "test";
  const states = WALLETS.map(([name, wallet]) => {
    const { status, status_details: details } = domain[wallet];
    const why = details === undefined ? "" : `: ${details.error_message}`;
    return `  ${name.padEnd(12)}${status}${status === "active" ? "" : why}`;
  });
  const isActive = WALLETS.every(([, wallet]) => domain[wallet].status === "active");
  return [
    `${domain.domain_name} is registered with Stripe, in ${mode} mode`,
    ...states,
    ...(isActive
      ? []
      : ["A wallet that is inactive is not shown. Correct what Stripe says, and run this again."]),
    ...(domain.livemode
      ? []
      : ["Live mode needs it too: run this again with a key of live mode before you sell."]),
    "",
  ].join("\n");
}

function refusal(host: string, error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const byHand = `add ${host} by hand under ${DASHBOARD} (Add a new domain)`;
  if (error instanceof Stripe.errors.StripePermissionError) {
    // Stripe's own name of the permission; the rest of its message has a part of the key.
    const [named = "write, Payment Method Domains"] = /\brak_\w+/.exec(error.message) ?? [];
    const what = `The key lacks a permission (${named}). Add it to the key, or`;
    return new OperatorError(`${what} ${byHand}.`);
  }
  if (error instanceof Stripe.errors.StripeAuthenticationError) {
    return new OperatorError("Stripe refuses STRIPE_API_KEY: it was rolled or mistyped.");
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError) {
    return new OperatorError(`Stripe does not take ${host}: ${error.message}`);
  }
  return new OperatorError(
    `Stripe did not answer as expected (${error.type}). Run it again, or ${byHand}.`,
  );
}

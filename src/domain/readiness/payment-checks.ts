/**
 * Whether a deployment can take money, and what to do where it cannot: the questions that the
 * deployment plan and the gate's readiness ask in the same words.
 *
 * What is not known is null, and nothing is claimed about it. Pure.
 */
import { paymentSetup, type PaymentVariables } from "../checkout/payment-setup.ts";
import { bad, type Check, good, type Severity } from "./check.ts";
import type { KeyAnswer } from "./orders-setup.ts";
import { holdsStripeSecret, type StripeKeyKind } from "./stripe-keys.ts";

export interface PaymentFacts {
  readonly gate: PaymentVariables;
  /** STRIPE_WEBHOOK_SECRET of the gate. */
  readonly hasWebhookSecret: boolean | null;
  /** Of the orders Worker. */
  readonly payment: {
    readonly backend: string;
    readonly key: StripeKeyKind | null;
    /** Whether STRIPE_API_BASE is Stripe's own address. */
    readonly isStripesOwn: boolean;
    readonly refunds: KeyAnswer | null;
    readonly disputes: KeyAnswer | null;
  } | null;
  /** False on this machine, where stand-ins for Stripe are as they should be. */
  readonly isDeployed: boolean;
  /** False if no sale has items for the built-in checkout; true where the sales are not known. */
  readonly sellsHere: boolean;
}

export function paymentChecks(facts: PaymentFacts): readonly Check[] {
  const leaked = leakedSecret(facts);
  if (facts.payment !== null && facts.payment.backend !== "stripe") {
    return [...leaked, otherBackend(facts.payment.backend)];
  }
  return [
    ...leaked,
    ...(leaked.length > 0 ? [] : [checkoutPage(facts)]),
    ...apiKey(facts),
    ...keyModes(facts),
    ...webhook(facts),
  ];
}

function leakedSecret({ gate }: PaymentFacts): readonly Check[] {
  if (!holdsStripeSecret(gate.STRIPE_PUBLISHABLE_KEY)) return [];
  const detail =
    "STRIPE_PUBLISHABLE_KEY holds a secret of Stripe, and variables are no place for secrets: " +
    "this one would be given to browsers. Roll that key in Stripe's Dashboard now, because it " +
    "is in a file, and set STRIPE_PUBLISHABLE_KEY to the key that begins with pk_.";
  return [bad("checkout_page", "error", detail)];
}

function otherBackend(backend: string): Check {
  if (backend !== "http") {
    return bad("payment_backend", "error", "PAYMENT_BACKEND must be stripe or http.");
  }
  const detail =
    "A server of the shop's own takes the payments (PAYMENT_BACKEND is http), so Stripe's " +
    "settings are not checked. `npm run conformance` tests that server (docs/backends.md).";
  return good("payment_backend", detail);
}

function checkoutPage({ gate, isDeployed, sellsHere }: PaymentFacts): Check {
  const name = "checkout_page";
  // A shop that pays on pages of its own, or only guards a path, needs no checkout here.
  const severity: Severity = sellsHere ? "error" : "warning";
  const setup = paymentSetup(gate);
  if (setup.kind === "not_configured") {
    return bad(name, severity, `${setup.problem}. ${remedyOf(gate)}`);
  }
  if (setup.localOrigin !== null && isDeployed) {
    const detail =
      "STRIPE_JS_URL is an address of this machine, which no shopper's browser reaches. Leave it " +
      "as it is in the repository's wrangler.toml: Stripe's own address.";
    return bad(name, severity, detail);
  }
  const script = setup.localOrigin === null ? "Stripe's own address" : "a stand-in on this machine";
  return good(name, `Stripe.js comes from ${script}, with a key of ${setup.mode} mode.`);
}

function remedyOf({ STRIPE_PUBLISHABLE_KEY: key }: PaymentVariables): string {
  if (/^pk_(test|live)_\w+$/.test(key)) {
    return "Leave STRIPE_JS_URL as it is in the repository's wrangler.toml, and deploy.";
  }
  return (
    "Set it to the publishable key of Stripe's Dashboard (Developers, API keys) under [vars] in " +
    "wrangler.toml, and deploy."
  );
}

const SET_KEY = "Set it with `npx wrangler secret put STRIPE_API_KEY --name sluice-orders`";

const WRONG_KEYS: Readonly<Partial<Record<StripeKeyKind, string>>> = {
  missing: `The orders Worker has no STRIPE_API_KEY, so every order waits unpaid. ${SET_KEY}.`,
  publishable:
    "STRIPE_API_KEY is a publishable key, with which nothing can be paid. " +
    `${SET_KEY}: a restricted key, which begins with rk_.`,
  unknown:
    "STRIPE_API_KEY is not a key of Stripe's: those begin with rk_live_, rk_test_, sk_live_ or " +
    `sk_test_. ${SET_KEY}.`,
};

function apiKey({ payment, isDeployed }: PaymentFacts): readonly Check[] {
  const name = "stripe_key";
  if (payment === null) return [];
  if (!payment.isStripesOwn && isDeployed) {
    const detail =
      "STRIPE_API_BASE is not https://api.stripe.com, so the key and every payment go elsewhere. " +
      "Leave it as it is in the repository's queues/wrangler.toml, and deploy.";
    return [bad("stripe_address", "error", detail)];
  }
  const { key, refunds, disputes } = payment;
  if (key === null) return [];
  const wrong = WRONG_KEYS[key];
  if (wrong !== undefined) return [bad(name, "error", wrong)];
  if (refunds === "refused") {
    const detail = `Stripe refuses STRIPE_API_KEY: it was rolled, has expired, or was mistyped.`;
    return [bad(name, "error", `${detail} ${SET_KEY}.`)];
  }
  const lacking = [
    ...(refunds === "not_permitted" ? ["Charges and Refunds: write"] : []),
    ...(disputes === "not_permitted" ? ["Disputes: read"] : []),
  ];
  if (lacking.length > 0) {
    const detail = `STRIPE_API_KEY lacks the permission ${lacking.join(" and ")}`;
    const what =
      "Add it to the key in Stripe's Dashboard; the key stays the same (docs/stripe.md).";
    return [bad(name, "warning", `${detail}. ${what}`)];
  }
  const accepted =
    refunds === "accepted" ? "Stripe accepts it." : "Stripe was not asked, or was silent.";
  return [good(name, `The key of the orders Worker is of ${key} mode. ${accepted}`)];
}

function keyModes({ gate, payment }: PaymentFacts): readonly Check[] {
  const name = "key_modes";
  const setup = paymentSetup(gate);
  const key = payment?.key ?? null;
  if (setup.kind !== "ready" || (key !== "test" && key !== "live")) return [];
  if (setup.mode !== key) {
    const detail =
      `STRIPE_PUBLISHABLE_KEY is of ${setup.mode} mode, but STRIPE_API_KEY of ${key} mode: no ` +
      "payment can succeed. Set both from the same mode of the same Stripe account.";
    return [bad(name, "error", detail)];
  }
  if (key === "live") return [good(name, "Both keys are of live mode: cards are charged.")];
  return [good(name, "Both keys are of test mode: only test cards work, and no money moves.")];
}

function webhook({ hasWebhookSecret }: PaymentFacts): readonly Check[] {
  const name = "stripe_webhook";
  if (hasWebhookSecret === null) return [];
  if (hasWebhookSecret) return [good(name, "Stripe's events are accepted.")];
  const detail =
    "The gate has no STRIPE_WEBHOOK_SECRET. Orders are paid all the same, but a payment that " +
    "waits for the shopper's bank continues later, and refunds and disputes that are made at " +
    "Stripe are not learned. Add the endpoint (docs/configuration.md, Stripe's events) and set " +
    "its secret with `npx wrangler secret put STRIPE_WEBHOOK_SECRET --name sluice-gate`.";
  return [bad(name, "warning", detail)];
}

export interface MailFacts {
  readonly backend: string;
  /** What keeps mails from being sent; null for nothing. */
  readonly problem: string | null;
}

/** @param gateBackend the gate's MAIL_BACKEND, by which its pages offer mails about turns */
export function mailCheck({ backend, problem }: MailFacts, gateBackend: string): Check {
  const name = "mail";
  if (backend === "off") {
    const detail =
      "MAIL_BACKEND is off: buyers get no mails from the shop. Set it to cloudflare or http, " +
      "with MAIL_FROM, in queues/wrangler.toml, and deploy (docs/mail.md).";
    return bad(name, "warning", detail);
  }
  if (problem !== null) {
    return bad(name, "warning", `${problem}: mails wait until it is corrected (docs/mail.md).`);
  }
  if (gateBackend === "off") {
    const detail =
      "MAIL_BACKEND is off at the gate: no page offers a mail when a turn comes. Set it in " +
      "wrangler.toml as in queues/wrangler.toml, and deploy (docs/mail.md).";
    return bad(name, "warning", detail);
  }
  return good(name, `Buyers get mails, sent with MAIL_BACKEND ${backend}.`);
}

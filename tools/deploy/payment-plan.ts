/**
 * What a deployment plan tells about money, before anything is deployed: the same questions as the
 * gate's readiness asks afterwards, as far as files, options and the account can answer them.
 *
 * Guarantee: no value of a secret is kept or shown; of STRIPE_API_KEY only the kind is known.
 */
import { type Check, good } from "../../src/domain/readiness/check.ts";
import {
  mailCheck,
  type PaymentFacts,
  paymentChecks,
} from "../../src/domain/readiness/payment-checks.ts";
import type { StripeKeyKind } from "../../src/domain/readiness/stripe-keys.ts";
import type { WorkerConfig } from "./deploy-config.ts";
import type { PlannedSecret, SecretState } from "./planned-secrets.ts";

const STRIPES_OWN = "https://api.stripe.com";

export interface PlannedWorker {
  readonly vars: WorkerConfig["vars"];
  readonly secrets: readonly PlannedSecret[];
}

/**
 * @param stripeKey the kind of the STRIPE_API_KEY in the given file; null without one there
 */
export function moneyChecks(
  gate: PlannedWorker,
  orders: PlannedWorker,
  stripeKey: StripeKeyKind | null,
): readonly Check[] {
  const backend = String(orders.vars["PAYMENT_BACKEND"] ?? "stripe");
  const keyState = stateOf(orders.secrets, "STRIPE_API_KEY");
  const facts: PaymentFacts = {
    gate: {
      STRIPE_PUBLISHABLE_KEY: textOf(gate.vars, "STRIPE_PUBLISHABLE_KEY"),
      STRIPE_JS_URL: textOf(gate.vars, "STRIPE_JS_URL"),
    },
    hasWebhookSecret: isSet(stateOf(gate.secrets, "STRIPE_WEBHOOK_SECRET")),
    payment: {
      backend,
      key: stripeKey ?? (keyState === "missing" ? "missing" : null),
      isStripesOwn: textOf(orders.vars, "STRIPE_API_BASE") === STRIPES_OWN,
      refunds: null,
      disputes: null,
    },
    isDeployed: true,
    sellsHere: true,
  };
  return [
    ...paymentChecks(facts),
    ...(backend === "stripe" && keyState === "set"
      ? [good("stripe_key", "STRIPE_API_KEY is set; the readiness tells its mode.")]
      : []),
    mailCheck(
      { backend: textOf(orders.vars, "MAIL_BACKEND") || "off", problem: mailProblem(orders) },
      textOf(gate.vars, "MAIL_BACKEND") || "off",
    ),
  ];
}

/** The secrets that decide whether it could take money, and that nothing given here tells of. */
export function unknownSecrets(gate: PlannedWorker, orders: PlannedWorker): readonly string[] {
  const isStripe = (textOf(orders.vars, "PAYMENT_BACKEND") || "stripe") === "stripe";
  const needed: readonly (readonly [PlannedWorker, string])[] = isStripe
    ? [
        [orders, "STRIPE_API_KEY"],
        [gate, "STRIPE_WEBHOOK_SECRET"],
      ]
    : [[orders, "BACKEND_SECRET"]];
  return needed.flatMap(([{ secrets }, name]) => {
    return secrets.some((one) => one.name === name && one.state === "unknown") ? [name] : [];
  });
}

function textOf(vars: WorkerConfig["vars"], name: string): string {
  return String(vars[name] ?? "");
}

function stateOf(secrets: readonly PlannedSecret[], name: string): SecretState {
  return secrets.find((secret) => secret.name === name)?.state ?? "unknown";
}

function isSet(state: SecretState): boolean | null {
  return state === "unknown" ? null : state === "set" || state === "in the file";
}

/** The missing settings of mails that are on; null for none. */
function mailProblem({ vars, secrets }: PlannedWorker): string | null {
  const isHttp = textOf(vars, "MAIL_BACKEND") === "http";
  const empty = (isHttp ? ["MAIL_FROM", "MAIL_API_URL"] : ["MAIL_FROM"]).filter((name) => {
    return textOf(vars, name) === "";
  });
  const problems = empty.map((name) => `${name} is empty`);
  if (isHttp && isSet(stateOf(secrets, "MAIL_API_KEY")) === false) {
    problems.push("MAIL_API_KEY is not set");
  }
  return problems.length === 0 ? null : problems.join(", ");
}

/**
 * Tells the gate how this Worker is set up: with each cron it writes to KV what the gate's
 * readiness cannot see otherwise.
 *
 * Guarantee: no value of a secret is written, and a failure is logged and fails nothing else. To
 * learn whether Stripe accepts the key, two short lists are read; nothing is changed there.
 */
import { z } from "zod";
import { PAYMENT_TIMEOUT_MS } from "../src/domain/limits.ts";
import type { KeyAnswer, OrdersSetup } from "../src/domain/readiness/orders-setup.ts";
import { stripeKeyKind } from "../src/domain/readiness/stripe-keys.ts";
import { errorText } from "../src/encoding/error-text.ts";
import { ORDERS_SETUP_KEY } from "../src/platform/kv-keys.ts";
import { log } from "../src/platform/log.ts";
import { chooseBackends } from "./backends/choose-backends.ts";
import { chooseMail } from "./mail/choose-mail.ts";
import manifest from "../package.json" with { type: "json" };

const STRIPES_OWN = "https://api.stripe.com";

/** Of a Worker whose settings may be missing or no text: it reports what they come to. */
const settingsSchema = z.object({
  PAYMENT_BACKEND: z.string().catch("").default("stripe"),
  STRIPE_API_BASE: z.string().catch("").default(""),
  STRIPE_API_KEY: z.string().catch("").default(""),
  MAIL_BACKEND: z.string().catch("").default("off"),
  MAIL_LINK_ORIGIN: z.string().catch("").default(""),
});

export async function reportSetup(env: OrdersEnv, now: number): Promise<void> {
  try {
    await env.CONFIG.put(ORDERS_SETUP_KEY, JSON.stringify(await setupOf(env, now)));
  } catch (error) {
    log.warn("orders", "setup_not_reported", { why: errorText(error) });
  }
}

async function setupOf(env: OrdersEnv, now: number): Promise<OrdersSetup> {
  const settings = settingsSchema.parse(env);
  const { PAYMENT_BACKEND: backend, STRIPE_API_BASE: base, STRIPE_API_KEY: apiKey } = settings;
  const key = stripeKeyKind(apiKey);
  const isUsable = backend === "stripe" && (key === "test" || key === "live");
  const ask = (list: string): Promise<KeyAnswer> => {
    return isUsable
      ? askStripe(`${base}/v1/${list}?limit=1`, apiKey)
      : Promise.resolve("no_answer");
  };
  const [refunds, disputes] = await Promise.all([ask("refunds"), ask("disputes")]);
  const mail = chooseMail(env);
  return {
    v: 1,
    at_ms: now,
    version: manifest.version,
    problems: problemsOf(env),
    payment: { backend, key, isStripesOwn: base === STRIPES_OWN, refunds, disputes },
    mail: {
      backend: settings.MAIL_BACKEND,
      problem: mail.kind === "unusable" ? mail.why : null,
      hasLinkOrigin: settings.MAIL_LINK_ORIGIN !== "",
    },
  };
}

function problemsOf(env: OrdersEnv): string[] {
  try {
    chooseBackends(env, env.ORDER_BOOK);
    return [];
  } catch (error) {
    return [errorText(error)];
  }
}

async function askStripe(url: string, apiKey: string): Promise<KeyAnswer> {
  try {
    const headers = { Authorization: `Bearer ${apiKey}` };
    const signal = AbortSignal.timeout(PAYMENT_TIMEOUT_MS);
    const { status, body } = await fetch(url, { headers, signal, redirect: "manual" });
    await body?.cancel();
    if (status === 200) return "accepted";
    if (status === 401) return "refused";
    return status === 403 ? "not_permitted" : "no_answer";
  } catch {
    return "no_answer";
  }
}

/**
 * Creates the payment and the order backend of a deployment from its variables and secrets.
 *
 * Guarantee: both backends or none. Settings that cannot work throw an error for the operator that
 * names each variable and never contains a value; no queue message is acknowledged until they are
 * corrected.
 */
import { z } from "zod";
import { ORDER_BOOK_TIMEOUT_MS, PAYMENT_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { log } from "../../src/platform/log.ts";
import { httpOrders } from "./http-orders.ts";
import { httpPayments } from "./http-payment.ts";
import type { OrderBackend } from "../../src/domain/order/order-backend.ts";
import { orderBook } from "./order-book.ts";
import { readBackendUrl, type SignedHttpSettings } from "./signed-http.ts";
import { stripePayments } from "./stripe.ts";
import type { KeyRefusal } from "./stripe-calls.ts";
import { readSecrets, type SecretsOutcome } from "../../src/webhooks/signature.ts";

const settingsSchema = z.object({
  PAYMENT_BACKEND: z
    .enum(["stripe", "http"], "PAYMENT_BACKEND must be stripe or http")
    .default("stripe"),
  PAYMENT_BACKEND_URL: z.string("PAYMENT_BACKEND_URL must be text").default(""),
  ORDER_BACKEND: z
    .enum(["order-book", "http"], "ORDER_BACKEND must be order-book or http")
    .default("order-book"),
  ORDER_BACKEND_URL: z.string("ORDER_BACKEND_URL must be text").default(""),
  BACKENDS_ALLOW_HTTP: z
    .enum(["on", "off"], "BACKENDS_ALLOW_HTTP must be on or off")
    .default("off"),
  BACKEND_SECRET: z.string("BACKEND_SECRET must be text").default(""),
  STRIPE_API_BASE: z.string("STRIPE_API_BASE must be text").default(""),
  STRIPE_API_KEY: z.string("STRIPE_API_KEY must be text").default(""),
});
type Settings = z.infer<typeof settingsSchema>;

/** How long one call may take, as the operator's limits say when it begins. */
export interface Timeouts {
  readonly payment_ms: () => number;
  readonly orders_ms: () => number;
}

const DEFAULT_TIMEOUTS: Timeouts = {
  payment_ms: () => PAYMENT_TIMEOUT_MS,
  orders_ms: () => ORDER_BOOK_TIMEOUT_MS,
};

export interface Backends {
  readonly payments: PaymentBackend;
  readonly orders: OrderBackend;
}

/** @param env the bindings of the Worker; only the settings of the backends are read */
export function chooseBackends(
  env: object,
  book: D1Database,
  timeouts = DEFAULT_TIMEOUTS,
): Backends {
  const read = settingsSchema.safeParse(env);
  if (!read.success) throw notConfigured(read.error.issues.map(({ message }) => message));
  const problems: string[] = [];
  const settings = read.data;
  const secrets = readSecrets(settings.BACKEND_SECRET);
  const usesHttp = settings.PAYMENT_BACKEND === "http" || settings.ORDER_BACKEND === "http";
  if (usesHttp && secrets.kind === "bad") problems.push(secretTrouble(secrets.why));
  const payments = paymentsOf(settings, secrets, timeouts.payment_ms, problems);
  const orders = ordersOf(settings, secrets, timeouts.orders_ms, book, problems);
  if (payments === null || orders === null || problems.length > 0) throw notConfigured(problems);
  return { payments, orders };
}

function notConfigured(problems: readonly string[]): Error {
  return new Error(`the backends are not configured: ${problems.join("; ")}`);
}

function secretTrouble(why: string): string {
  return `BACKEND_SECRET ${why}: set it with wrangler secret put BACKEND_SECRET`;
}

function paymentsOf(
  settings: Settings,
  secrets: SecretsOutcome,
  timeoutOf_ms: () => number,
  problems: string[],
): PaymentBackend | null {
  if (settings.PAYMENT_BACKEND === "http") {
    const http = httpSettings("PAYMENT_BACKEND_URL", settings, secrets, timeoutOf_ms, problems);
    return http === null ? null : httpPayments(http);
  }
  const { STRIPE_API_KEY: apiKey, STRIPE_API_BASE: baseUrl } = settings;
  if (apiKey === "") {
    problems.push("STRIPE_API_KEY is missing: set it with wrangler secret put STRIPE_API_KEY");
    return null;
  }
  const onKeyRefused = (refusal: KeyRefusal) => log.error("payment", "key_refused", { ...refusal });
  return stripePayments({
    apiKey,
    baseUrl,
    onKeyRefused,
    get timeout_ms() {
      return timeoutOf_ms();
    },
  });
}

function ordersOf(
  settings: Settings,
  secrets: SecretsOutcome,
  timeoutOf_ms: () => number,
  book: D1Database,
  problems: string[],
): OrderBackend | null {
  if (settings.ORDER_BACKEND === "order-book") return orderBook(book, timeoutOf_ms);
  const http = httpSettings("ORDER_BACKEND_URL", settings, secrets, timeoutOf_ms, problems);
  return http === null ? null : httpOrders(http);
}

function httpSettings(
  name: "PAYMENT_BACKEND_URL" | "ORDER_BACKEND_URL",
  settings: Settings,
  secrets: SecretsOutcome,
  timeoutOf_ms: () => number,
  problems: string[],
): SignedHttpSettings | null {
  const allowHttp = settings.BACKENDS_ALLOW_HTTP === "on";
  const address = readBackendUrl(settings[name], allowHttp);
  if (address.kind === "bad") {
    problems.push(`${name} ${address.why}`);
    return null;
  }
  if (secrets.kind === "bad") return null;
  return {
    url: address.url,
    secrets: secrets.secrets,
    get timeout_ms() {
      return timeoutOf_ms();
    },
    allowHttp,
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
    onTrouble: ({ type, why }) => log.warn("backend", "no_answer", { type, why }),
  };
}

/**
 * The pipeline of the orders Worker with its real backends: the sandbox provider behind the Stripe
 * SDK and the order book in D1. A test changes what it wants to see fail.
 */
import { env } from "cloudflare:workers";
import {
  MESSAGES_AT_ONCE,
  ORDER_CALLS_AT_ONCE,
  PAYMENT_CALLS_AT_ONCE,
  PAYMENT_TIMEOUT_MS,
} from "../../../src/domain/limits.ts";
import type { PaymentBackend } from "../../../src/domain/order/payment-backend.ts";
import { orderBook } from "../../../queues/backends/order-book.ts";
import { stripePayments } from "../../../queues/backends/stripe.ts";
import { Breaker } from "../../../queues/breakers.ts";
import { PaceMemory } from "../../../simulation/faults/pace-memory.ts";
import { Bulkhead } from "../../../queues/bulkhead.ts";
import { Pace } from "../../../queues/pace.ts";
import type { Pipeline } from "../../../queues/pipeline.ts";

export function stripe(): PaymentBackend {
  return stripePayments({
    apiKey: env.STRIPE_API_KEY,
    baseUrl: env.STRIPE_API_BASE,
    timeout_ms: PAYMENT_TIMEOUT_MS,
  });
}

/** With objects of their own: the tests of one file share the Worker's. */
export function pacesOf(): Pick<Pipeline, "paymentPace" | "orderPace"> {
  const pace = new PaceMemory(() => Date.now());
  return { paymentPace: new Pace(pace, "payment"), orderPace: new Pace(pace, "orders") };
}

export function pipelineWith(change: Partial<Pipeline> = {}): Pipeline {
  const waitingMax = MESSAGES_AT_ONCE;
  return {
    payments: stripe(),
    orders: orderBook(env.ORDER_BOOK),
    paymentBreaker: new Breaker(env.CONFIG, "payment", "test"),
    orderBreaker: new Breaker(env.CONFIG, "orders", "test"),
    ...pacesOf(),
    paymentSlots: new Bulkhead({ slots: () => PAYMENT_CALLS_AT_ONCE, waitingMax }),
    orderSlots: new Bulkhead({ slots: () => ORDER_CALLS_AT_ONCE, waitingMax }),
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
    ...change,
  };
}

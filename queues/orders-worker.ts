/**
 * The orders Worker: wires the queues to the pipeline, the order book and the dead letters.
 *
 * Guarantee: messages are acknowledged one by one. What cannot be read is parked at once with the
 * reason; what failed is tried again with a delay, and parked when the queue gives up.
 */
import { PAYMENT_TIMEOUT_MS } from "../src/domain/limits.ts";
import { orderMessageSchema, type OrderEvent } from "../src/domain/order-messages.ts";
import { orderBook } from "./backends/order-book.ts";
import { stripePayments } from "./backends/stripe.ts";
import { Breaker } from "./breakers.ts";
import { park } from "./dead-letters.ts";
import { keepEvents, readEvent } from "./events.ts";
import { advance, type Pipeline } from "./pipeline.ts";

const ORDERS = "sluice-orders";
const EVENTS = "sluice-events";
/** Under the platform's six simultaneous connections of one invocation. */
const ORDERS_AT_ONCE = 5;

let isolate: { readonly env: OrdersEnv; readonly pipeline: Pipeline } | null = null;

/** Breakers count per isolate, so the pipeline outlives a single batch. */
function pipelineOf(env: OrdersEnv): Pipeline {
  if (isolate?.env === env) return isolate.pipeline;
  // Without it no order can be paid; messages wait, with a delay, and the log says what is missing.
  const { STRIPE_API_KEY: key }: { STRIPE_API_KEY?: string } = env;
  if (key === undefined || key === "") {
    throw new Error("STRIPE_API_KEY is missing: set it with wrangler secret put STRIPE_API_KEY");
  }
  const by = crypto.randomUUID().slice(0, 8);
  const pipeline: Pipeline = {
    payments: stripePayments({
      apiKey: key,
      baseUrl: env.STRIPE_API_BASE,
      timeout_ms: PAYMENT_TIMEOUT_MS,
    }),
    orders: orderBook(env.ORDER_BOOK),
    paymentBreaker: new Breaker(env.CONFIG, "payment", by),
    orderBreaker: new Breaker(env.CONFIG, "orders", by),
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
  };
  isolate = { env, pipeline };
  return pipeline;
}

async function takeOrder(env: OrdersEnv, message: Message): Promise<void> {
  const parsed = orderMessageSchema.safeParse(message.body);
  if (!parsed.success) {
    await park(env.ORDER_BOOK, ORDERS, "not an order message", message, Date.now());
    message.ack();
    return;
  }
  const order = env.ORDER.get(env.ORDER.idFromName(parsed.data.order));
  const progress = await advance(pipelineOf(env), order);
  if (progress.kind === "done") message.ack();
  else message.retry({ delaySeconds: progress.after_s });
}

function retryLater(message: Message, queue: string, error: unknown): void {
  const why = error instanceof Error ? error.message : "unknown";
  const said = { at: "orders", event: "message_failed", queue, message: message.id, why };
  console.error(JSON.stringify(said));
  message.retry({ delaySeconds: Math.min(2 ** message.attempts, 300) });
}

async function takeOrders(env: OrdersEnv, messages: readonly Message[]): Promise<void> {
  const waiting = [...messages];
  const lane = async (): Promise<void> => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      const current = message;
      await takeOrder(env, current).catch((error: unknown) => retryLater(current, ORDERS, error));
    }
  };
  await Promise.all(Array.from({ length: ORDERS_AT_ONCE }, lane));
}

async function takeEvents(env: OrdersEnv, messages: readonly Message[]): Promise<void> {
  const events: OrderEvent[] = [];
  const readable: Message[] = [];
  for (const message of messages) {
    const event = readEvent(message.body);
    if (event === null) {
      await park(env.ORDER_BOOK, EVENTS, "not an event", message, Date.now());
      message.ack();
    } else {
      events.push(event);
      readable.push(message);
    }
  }
  try {
    await keepEvents(env.ORDER_BOOK, events);
    for (const message of readable) message.ack();
  } catch (error) {
    for (const message of readable) retryLater(message, EVENTS, error);
  }
}

async function parkAll(env: OrdersEnv, queue: string, messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    try {
      await park(env.ORDER_BOOK, queue, "retries used up", message, Date.now());
      message.ack();
    } catch (error) {
      retryLater(message, queue, error);
    }
  }
}

export default {
  async queue(batch, env): Promise<void> {
    switch (batch.queue) {
      case ORDERS:
        return takeOrders(env, batch.messages);
      case EVENTS:
        return takeEvents(env, batch.messages);
      default:
        return parkAll(env, batch.queue, batch.messages);
    }
  },
} satisfies ExportedHandler<OrdersEnv>;

/**
 * The orders Worker: wires the queues to the pipeline, the order book and the dead letters.
 *
 * Guarantee: messages are acknowledged one by one. An unreadable message is parked at once with the
 * reason; a failed one is retried with a delay, and parked when its retries are used up. The
 * message of an order that waits (for a breaker, a provider, its shopper) is acknowledged, because
 * the order's alarm queues it again. One batch makes fewer concurrent calls than the platform
 * allows connections, with separate slots per backend, so that one that hangs does not block the
 * other.
 */
import { breakerRulesOf } from "../src/domain/backend-limits.ts";
import type { Backend } from "../src/domain/breaker.ts";
import { BACKENDS_CALLS_AT_ONCE_MAX, MESSAGES_AT_ONCE } from "../src/domain/limits.ts";
import { orderMessageSchema, UNREADABLE_REASONS } from "../src/domain/order/messages.ts";
import { messageDelay_s } from "../src/domain/order/transition.ts";
import type { QueuedEvent } from "../src/domain/webhooks.ts";
import { errorText } from "../src/encoding/error-text.ts";
import { log } from "../src/platform/log.ts";
import { backendPaceOf, orderOf } from "../src/platform/objects.ts";
import { plainQueueName, QUEUES } from "../src/platform/queue-names.ts";
import { chooseBackends } from "./backends/choose-backends.ts";
import { Breaker } from "./breakers.ts";
import { Bulkhead } from "./bulkhead.ts";
import { takeConcurrently } from "./concurrently.ts";
import { park, RETRIES_USED_UP } from "./dead-letters.ts";
import { keepEvents, readEvent } from "./events.ts";
import { mailsOutbox, sweepMails } from "./mail/mail-outbox.ts";
import { takeMails } from "./mail/take-mails.ts";
import { tellOrders } from "./logged-orders.ts";
import { completeOlderOrders, hashOlderAddresses } from "./order-search.ts";
import { Pace, type PaceSource } from "./pace.ts";
import { advance, type Pipeline } from "./pipeline.ts";
import { passToMirror, takeMirrored } from "./redis-stream.ts";
import { deleteOld } from "./retention.ts";
import { reportSetup } from "./setup-report.ts";
import { deliveriesOutbox, sweepDeliveries, takeDeliveries } from "./webhooks/deliveries.ts";

/** The part of the pipeline that outlives a batch: breakers and paces count per isolate. */
type Standing = Omit<Pipeline, "paymentSlots" | "orderSlots">;
let isolate: { readonly env: OrdersEnv; readonly pipeline: Standing } | null = null;

/** Connections are counted by invocation, and so are the slots. Payments' come first. */
function pipelineOfBatch(env: OrdersEnv): Pipeline {
  const waitingMax = MESSAGES_AT_ONCE;
  const standing = pipelineOf(env);
  const { paymentPace, orderPace } = standing;
  const paymentCalls = (): number => paymentPace.limits.callsAtOnce;
  const orderCalls = (): number => {
    const left = Math.max(1, BACKENDS_CALLS_AT_ONCE_MAX - paymentCalls());
    return Math.min(orderPace.limits.callsAtOnce, left);
  };
  return {
    ...standing,
    paymentSlots: new Bulkhead({ slots: paymentCalls, waitingMax }),
    orderSlots: new Bulkhead({ slots: orderCalls, waitingMax }),
  };
}

function paceOf(env: OrdersEnv, backend: Backend): Pace {
  // A stub is of the request that made it, so each call makes its own.
  const lend: PaceSource["lend"] = (...told) => backendPaceOf(env, backend).lend(...told);
  return new Pace({ lend }, backend);
}

function pipelineOf(env: OrdersEnv): Standing {
  if (isolate?.env === env) return isolate.pipeline;
  const [paymentPace, orderPace] = [paceOf(env, "payment"), paceOf(env, "orders")];
  // Throws without backends: no order can be paid then, so messages are retried and it is logged.
  const { payments, orders } = chooseBackends(env, env.ORDER_BOOK, {
    payment_ms: () => paymentPace.timeout_ms,
    orders_ms: () => orderPace.timeout_ms,
  });
  const breakerOf = (backend: Backend, pace: Pace): Breaker => {
    return new Breaker(env.CONFIG, backend, by, () => breakerRulesOf(pace.limits));
  };
  const by = crypto.randomUUID().slice(0, 8);
  const pipeline: Standing = {
    payments,
    orders,
    paymentBreaker: breakerOf("payment", paymentPace),
    orderBreaker: breakerOf("orders", orderPace),
    paymentPace,
    orderPace,
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
  };
  isolate = { env, pipeline };
  return pipeline;
}

async function takeOrder(
  env: OrdersEnv,
  pipeline: () => Pipeline,
  message: Message,
): Promise<void> {
  const parsed = orderMessageSchema.safeParse(message.body);
  if (!parsed.success) {
    await park(env.ORDER_BOOK, QUEUES.orders, UNREADABLE_REASONS.order, message, Date.now());
    message.ack();
    return;
  }
  const order = orderOf(env, parsed.data.order);
  const progress = await advance(pipeline(), order);
  if (progress.kind === "again") message.retry({ delaySeconds: Math.ceil(progress.after_s) });
  else message.ack();
}

function retryLater(message: Message, queue: string, error: unknown): void {
  const why = errorText(error);
  log.error("orders", "message_failed", { queue, message: message.id, why });
  message.retry({ delaySeconds: messageDelay_s(message.attempts, Math.random()) });
}

async function takeOrders(env: OrdersEnv, messages: readonly Message[]): Promise<void> {
  let ofBatch: Pipeline | null = null;
  const pipeline = (): Pipeline => (ofBatch ??= pipelineOfBatch(env));
  await takeConcurrently(
    messages,
    MESSAGES_AT_ONCE,
    (message) => takeOrder(env, pipeline, message),
    (message, error) => retryLater(message, QUEUES.orders, error),
  );
}

async function takeEvents(env: OrdersEnv, messages: readonly Message[]): Promise<void> {
  const events: QueuedEvent[] = [];
  const readable: Message[] = [];
  for (const message of messages) {
    const event = readEvent(message.body);
    if (event === null) {
      await parkOrRetry(env, QUEUES.events, UNREADABLE_REASONS.event, message);
    } else {
      events.push(event);
      readable.push(message);
    }
  }
  try {
    const now = Date.now();
    const outboxes = [await deliveriesOutbox(env, events, now), mailsOutbox(env, events, now)];
    const logged = await keepEvents(env.ORDER_BOOK, events, outboxes);
    await passToMirror(env, events);
    for (const message of readable) message.ack();
    await tellOrders(env, logged);
  } catch (error) {
    for (const message of readable) retryLater(message, QUEUES.events, error);
  }
}

async function parkOrRetry(
  env: OrdersEnv,
  queue: string,
  reason: string,
  message: Message,
): Promise<void> {
  try {
    await park(env.ORDER_BOOK, queue, reason, message, Date.now());
    message.ack();
  } catch (error) {
    retryLater(message, queue, error);
  }
}

export default {
  async queue(batch, env): Promise<void> {
    const queue = plainQueueName(batch.queue);
    switch (queue) {
      case QUEUES.orders:
        return takeOrders(env, batch.messages);
      case QUEUES.events:
        return takeEvents(env, batch.messages);
      case QUEUES.mirror:
        return takeMirrored(env, batch.messages);
      case QUEUES.webhooks:
        return takeDeliveries(env, batch.messages, retryLater);
      case QUEUES.mails:
        return takeMails(env, batch.messages, retryLater);
      default:
        for (const message of batch.messages) {
          await parkOrRetry(env, queue, RETRIES_USED_UP, message);
        }
    }
  },

  async scheduled(_, env): Promise<void> {
    const now = Date.now();
    await reportSetup(env, now);
    await sweepDeliveries(env, now);
    await sweepMails(env, now);
    await deleteOld(env.ORDER_BOOK, now);
    await completeOlderOrders(env.ORDER_BOOK);
    await hashOlderAddresses(env);
  },
} satisfies ExportedHandler<OrdersEnv>;

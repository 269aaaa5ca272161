/**
 * Mirrors order events into a stream of a merchant's Redis, through a separate queue.
 *
 * Guarantee: every event in the order book reaches the stream, however late; the script adds each
 * event once. A Redis that is down delays only this queue, neither the order book nor the webhooks.
 * Messages that use up their retries are parked with the other events.
 * Weak: the queue may change the order; each entry carries its order's version.
 */
import { messageDelay_s } from "../src/domain/order/transition.ts";
import type { QueuedEvent } from "../src/domain/webhooks.ts";
import { log } from "../src/platform/log.ts";
import { readRedisConfig, REDIS_OFF, RedisConnection } from "../src/redis/connection.ts";
import { mirrorEvents } from "../src/redis/mirror.ts";
import { UNREADABLE_REASONS } from "../src/domain/order/messages.ts";
import { isOrderEvent } from "../src/domain/webhooks.ts";
import { QUEUES } from "../src/platform/queue-names.ts";
import { park } from "./dead-letters.ts";
import { readEvent } from "./events.ts";

/** Sends nothing when no Redis is configured. Events of sales are not mirrored. */
export async function passToMirror(env: OrdersEnv, events: readonly QueuedEvent[]): Promise<void> {
  const ofOrders = events.filter(isOrderEvent);
  if (ofOrders.length === 0 || readRedisConfig(env).kind !== "on") return;
  await env.MIRROR_QUEUE.sendBatch(ofOrders.map((body) => ({ body })));
}

/** Writes a batch with one script. A message that cannot be read is parked, and logged. */
export async function takeMirrored(env: OrdersEnv, messages: readonly Message[]): Promise<void> {
  const read = messages.map((message) => ({ message, event: readEvent(message.body) }));
  const events = read.flatMap(({ event }) => {
    return event !== null && isOrderEvent(event) ? [event] : [];
  });
  const config = readRedisConfig(env);
  const outcome =
    config.kind === "on" ? await mirrorEvents(new RedisConnection(config), events) : REDIS_OFF;
  if (outcome.kind === "unknown") {
    const attempts = Math.max(...messages.map((message) => message.attempts));
    const { why } = outcome;
    log.warn("redis-stream", "mirror_failed", { events: events.length, attempts, why });
  }
  for (const { message, event } of read) {
    if (event === null) {
      log.error("redis-stream", "not_an_event");
      await parkUnreadable(env, message);
    }
    // "off": Redis was removed from the settings meanwhile, so there is nothing to write to.
    if (event === null || outcome.kind === "mirrored" || config.kind === "off") message.ack();
    else message.retry({ delaySeconds: messageDelay_s(message.attempts, Math.random()) });
  }
}

function parkUnreadable(env: OrdersEnv, message: Message): Promise<void> {
  return park(env.ORDER_BOOK, QUEUES.mirror, UNREADABLE_REASONS.event, message, Date.now());
}

/**
 * Webhook deliveries: queues those of new events, tries those that are due, and queues those again
 * whose message was lost.
 *
 * Guarantee: a pending delivery is always tried again: its row stores when it is due, a queue
 * message arrives then, and if the message was lost a sweep sends another. A duplicate message
 * causes no second try. Deliveries have their own queue, so a shop's server that hangs delays no
 * order; and it delays other servers only by the first tries that time out, because an endpoint
 * never has all tries of a batch, and one that hangs is left alone for a while.
 * Weak: when a Worker dies after the shop has answered, the delivery is tried again, with the same
 * id.
 */
import {
  EVENTS_PER_SEND_MAX,
  WEBHOOK_CALLS_AT_ONCE,
  WEBHOOK_CALLS_PER_ENDPOINT,
  WEBHOOK_LEASE_MS,
  WEBHOOK_OVERDUE_MS,
  WEBHOOK_POSTPONED_MAX_MS,
  WEBHOOK_SWEEP_ROWS_MAX,
  WEBHOOK_TIMEOUT_MS,
  WEBHOOK_WAIT_MAX_S,
} from "../../src/domain/limits.ts";
import { UNREADABLE_REASONS } from "../../src/domain/order/messages.ts";
import {
  afterTry,
  deliveryMessage,
  deliveryMessageSchema,
  loggedEventSchema,
  payloadOf,
  type TryOutcome,
  type QueuedEvent,
} from "../../src/domain/webhooks.ts";
import { jsonText } from "../../src/encoding/json.ts";
import { log } from "../../src/platform/log.ts";
import {
  addDeliveries,
  claimDelivery,
  deliveriesFor,
  endpointsOf,
  keepTry,
  takeOverdue,
  untriedOf,
  type Claim,
} from "../../src/webhooks/deliveries.ts";
import {
  readWebhookKeys,
  secretOf,
  type WebhookSecretsEnv,
} from "../../src/webhooks/endpoint-secrets.ts";
import { QUEUES } from "../../src/platform/queue-names.ts";
import {
  findEndpoint,
  listEndpoints,
  signersOf,
  disableGone,
  type Endpoint,
} from "../../src/webhooks/endpoints.ts";
import { addressRules } from "../../src/webhooks/public-address.ts";
import { park } from "../dead-letters.ts";
import type { EventOutbox } from "../events.ts";
import { EndpointPauses } from "./endpoint-pauses.ts";
import { postWebhook } from "./post.ts";

type WebhooksEnv = OrdersEnv & WebhookSecretsEnv;

/** The deliveries that these events cause. */
export async function deliveriesOutbox(
  env: WebhooksEnv,
  events: readonly QueuedEvent[],
  now: number,
): Promise<EventOutbox> {
  const { ORDER_BOOK: book } = env;
  const deliveries = events.length === 0 ? [] : deliveriesFor(events, await listEndpoints(book));
  if (deliveries.length === 0) return { statements: [], send: async () => undefined };
  return {
    statements: [addDeliveries(book, deliveries, now)],
    send: async () => {
      // Only untried ones: a repeated event may have deliveries that were queued and tried before.
      const ids = deliveries.map(({ id }) => id);
      await queueDeliveries(env, await untriedOf(book, ids));
    },
  };
}

async function queueDeliveries(env: WebhooksEnv, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += EVENTS_PER_SEND_MAX) {
    const some = ids.slice(from, from + EVENTS_PER_SEND_MAX);
    await env.WEBHOOKS_QUEUE.sendBatch(some.map((id) => ({ body: deliveryMessage(id) })));
  }
}

/** Called by the cron trigger: queues overdue deliveries, because their message was lost. */
export async function sweepDeliveries(env: WebhooksEnv, now: number): Promise<number> {
  const before_ms = now - WEBHOOK_OVERDUE_MS;
  const ids = await takeOverdue(env.ORDER_BOOK, before_ms, WEBHOOK_SWEEP_ROWS_MAX, now);
  await queueDeliveries(env, ids);
  if (ids.length > 0) log.warn("webhooks", "swept_up", { deliveries: ids.length });
  return ids.length;
}

/** What this isolate has seen of endpoints that hang. */
const pauses = new EndpointPauses();

/** A message with the endpoint of its delivery; null when there is no such delivery. */
interface Waiting {
  readonly message: Message;
  readonly endpoint: string | null;
}

/**
 * Makes `WEBHOOK_CALLS_AT_ONCE` tries at a time, and fewer of one endpoint. A failed try does not
 * fail its message.
 */
export async function takeDeliveries(
  env: WebhooksEnv,
  messages: readonly Message[],
  retryLater: (message: Message, queue: string, error: unknown) => void,
): Promise<void> {
  const waiting = await withEndpoints(env, messages);
  const running = new Map<string | null, number>();
  const take = (): Waiting | undefined => {
    const at = waiting.findIndex(({ endpoint }) => {
      return endpoint === null || (running.get(endpoint) ?? 0) < WEBHOOK_CALLS_PER_ENDPOINT;
    });
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };
  const count = (endpoint: string | null, change: number): void => {
    running.set(endpoint, (running.get(endpoint) ?? 0) + change);
  };
  const lane = async (): Promise<void> => {
    for (let taken = take(); taken !== undefined; taken = take()) {
      const { message, endpoint } = taken;
      count(endpoint, 1);
      try {
        await takeDelivery(env, message);
      } catch (error) {
        retryLater(message, QUEUES.webhooks, error);
      }
      count(endpoint, -1);
    }
  };
  await Promise.all(Array.from({ length: WEBHOOK_CALLS_AT_ONCE }, lane));
}

async function withEndpoints(env: WebhooksEnv, messages: readonly Message[]): Promise<Waiting[]> {
  const read = messages.map((message) => ({
    message,
    id: deliveryMessageSchema.safeParse(message.body).data?.delivery ?? "",
  }));
  const ids = read.map(({ id }) => id);
  // Without them the deliveries go on: then one endpoint may have all tries of this batch.
  const endpoints = await endpointsOf(env.ORDER_BOOK, ids).catch(() => new Map<string, string>());
  return read.map(({ message, id }) => ({ message, endpoint: endpoints.get(id) ?? null }));
}

async function takeDelivery(env: WebhooksEnv, message: Message): Promise<void> {
  const parsed = deliveryMessageSchema.safeParse(message.body);
  const now = Date.now();
  if (!parsed.success) {
    await park(env.ORDER_BOOK, QUEUES.webhooks, UNREADABLE_REASONS.delivery, message, now);
    message.ack();
    return;
  }
  const claim = await claimDelivery(env.ORDER_BOOK, parsed.data.delivery, now);
  if (claim.kind === "claimed") await takeClaimed(env, claim, now);
  // Another try has the lease and may have died: come back when its lease is over.
  if (claim.kind === "not_due" && claim.due_ms <= now + WEBHOOK_LEASE_MS) {
    message.retry({ delaySeconds: Math.ceil((claim.due_ms - now) / 1000) });
  } else message.ack();
}

type Claimed = Extract<Claim, { kind: "claimed" }>;

/** Postponed without a try while its endpoint is left alone. */
async function takeClaimed(env: WebhooksEnv, claimed: Claimed, now: number): Promise<void> {
  const { delivery, lease_ms } = claimed;
  const mayWait = now - delivery.created_ms < WEBHOOK_POSTPONED_MAX_MS;
  const until_ms = mayWait ? pauses.ask(delivery.endpoint, now) : null;
  if (until_ms === null) return tryClaimed(env, claimed, now);
  const due_ms = until_ms + Math.round(Math.random() * WEBHOOK_TIMEOUT_MS);
  const kept = await keepTry(env.ORDER_BOOK, delivery.id, { ...delivery, due_ms }, lease_ms, now);
  if (kept) await sendLater(env, delivery.id, due_ms, now);
}

async function sendLater(env: WebhooksEnv, id: string, due_ms: number, now: number) {
  const delay_s = Math.min(Math.ceil((due_ms - now) / 1000), WEBHOOK_WAIT_MAX_S);
  await env.WEBHOOKS_QUEUE.send(deliveryMessage(id), { delaySeconds: delay_s });
}

async function tryClaimed(
  env: WebhooksEnv,
  { delivery, body, lease_ms }: Claimed,
  begun_ms: number,
): Promise<void> {
  const { ORDER_BOOK: book } = env;
  const { id } = delivery;
  const endpoint = await findEndpoint(book, delivery.endpoint);
  if (endpoint?.enabled !== true) {
    const cancelled = { ...delivery, state: "cancelled", due_ms: begun_ms } as const;
    await keepTry(book, id, cancelled, lease_ms, begun_ms);
    return;
  }
  const outcome = await post(env, endpoint, body, begun_ms);
  const now = Date.now();
  const isTimeout = outcome.kind === "unanswered" && outcome.isTimeout === true;
  pauses.record(endpoint.id, isTimeout, now);
  const after = afterTry(delivery, outcome, begun_ms, now, Math.random());
  // The endpoint first, because after a crash in between the delivery is only tried once more.
  if (after.gone) await disableGone(book, endpoint.id, now);
  const kept = await keepTry(book, id, after.delivery, lease_ms, now);
  const { state, due_ms, attempts } = after.delivery;
  if (state === "delivered") return;
  const error = attempts.at(-1)?.error;
  log.warn("webhooks", "not_delivered", { id, state, error });
  if (kept && state === "pending") await sendLater(env, id, due_ms, now);
}

async function post(
  env: WebhooksEnv,
  endpoint: Endpoint,
  body: string | null,
  now: number,
): Promise<TryOutcome> {
  const unanswered = (why: string): TryOutcome => ({ kind: "unanswered", why });
  const event = jsonText.pipe(loggedEventSchema).safeParse(body);
  if (!event.success) return unanswered("not called: the event cannot be read");
  const read = readWebhookKeys(env);
  if (read.kind === "unusable") return unanswered(`not called: ${read.why}`);
  const secrets = signersOf(endpoint, now).flatMap((name) => {
    return secretOf(read.keys, endpoint.id, name) ?? [];
  });
  if (secrets.length === 0) {
    return unanswered(`not called: WEBHOOK_KEYS does not contain the key ${endpoint.kid}`);
  }
  return postWebhook({
    url: endpoint.url,
    secrets,
    id: event.data.id,
    payload: payloadOf(event.data),
    rules: addressRules(env),
    timeout_ms: WEBHOOK_TIMEOUT_MS,
    now,
  });
}

/**
 * A merchant's webhook endpoints and their deliveries: register, change, rotate, test, read the
 * log, replay.
 *
 * Guarantee: a secret is returned only when it is created. A replay makes its deliveries durably
 * pending before it queues them. Repeating it is harmless, because receivers deduplicate by id.
 */
import {
  EVENTS_PER_SEND_MAX,
  WEBHOOK_ENDPOINTS_MAX,
  WEBHOOK_REPLAY_EVENTS_MAX,
} from "../domain/limits.ts";
import { deliveryMessage, TEST_EVENT_TYPE, wants, type TestEvent } from "../domain/webhooks.ts";
import { addEvent, eventsSince, listEvents, type EventsFilter } from "../order-book/event-log.ts";
import * as deliveries from "../webhooks/deliveries.ts";
import {
  readWebhookKeys,
  secretOf,
  written,
  type WebhookKeys,
  type WebhookSecretsEnv,
} from "../webhooks/endpoint-secrets.ts";
import * as endpoints from "../webhooks/endpoints.ts";
import { addressRules, checkAddress } from "../webhooks/public-address.ts";
import type { MerchantContext } from "./sales.ts";

export type Endpoint = endpoints.Endpoint;
export type KeptDelivery = deliveries.KeptDelivery;
export { previousUntil_ms } from "../webhooks/endpoints.ts";

type NotConfigured = { readonly kind: "webhooks_not_configured"; readonly why: string };
type NotFound = { readonly kind: "webhook_endpoint_not_found" };
type Disabled = { readonly kind: "webhook_endpoint_disabled" };
type AddressRefused =
  | { readonly kind: "address_refused"; readonly why: string }
  | { readonly kind: "address_unknown"; readonly why: string };
type WithSecret = { readonly endpoint: Endpoint; readonly secret: string };
type Found = { readonly kind: "endpoint"; readonly endpoint: Endpoint };

const NOT_FOUND: NotFound = { kind: "webhook_endpoint_not_found" };

function keysOf(env: GateEnv & WebhookSecretsEnv) {
  const read = readWebhookKeys(env);
  if (read.kind === "ready") return read;
  return { kind: "webhooks_not_configured", why: read.why } as const;
}

function secretIn(keys: WebhookKeys, { id, kid, generation }: Endpoint): string {
  const secret = secretOf(keys, id, { kid, generation });
  if (secret === null) throw new Error("webhooks: the key of a new secret is not in WEBHOOK_KEYS");
  return written(secret);
}

async function refusedAddress(
  { env }: MerchantContext,
  url: string | undefined,
): Promise<AddressRefused | null> {
  if (url === undefined) return null;
  const address = await checkAddress(url, addressRules(env));
  if (address.kind === "public") return null;
  const kind = address.kind === "refused" ? "address_refused" : "address_unknown";
  return { kind, why: address.why };
}

export type CreateOutcome =
  | ({ readonly kind: "created" } & WithSecret)
  | { readonly kind: "too_many_webhook_endpoints"; readonly limit: number }
  | AddressRefused
  | NotConfigured;

export async function createEndpoint(
  context: MerchantContext,
  fields: Omit<endpoints.NewEndpoint, "id">,
): Promise<CreateOutcome> {
  const { env, now } = context;
  const keys = keysOf(env);
  if (keys.kind !== "ready") return keys;
  const refused = await refusedAddress(context, fields.url);
  if (refused !== null) return refused;
  const id = `whe_${crypto.randomUUID().replaceAll("-", "")}`;
  const added = await endpoints.addEndpoint(env.ORDER_BOOK, { ...fields, id }, keys.newest, now);
  if (added === null) return { kind: "too_many_webhook_endpoints", limit: WEBHOOK_ENDPOINTS_MAX };
  return { kind: "created", endpoint: added, secret: secretIn(keys.keys, added) };
}

export function readEndpoints({ env }: MerchantContext): Promise<Endpoint[]> {
  return endpoints.listEndpoints(env.ORDER_BOOK);
}

export async function readEndpoint(
  { env }: MerchantContext,
  id: string,
): Promise<Found | NotFound> {
  const endpoint = await endpoints.findEndpoint(env.ORDER_BOOK, id);
  return endpoint === null ? NOT_FOUND : { kind: "endpoint", endpoint };
}

export async function changeEndpoint(
  context: MerchantContext,
  id: string,
  change: endpoints.EndpointChange,
): Promise<Found | NotFound | AddressRefused> {
  const { env, now } = context;
  const refused = await refusedAddress(context, change.url);
  if (refused !== null) return refused;
  const endpoint = await endpoints.changeEndpoint(env.ORDER_BOOK, id, change, now);
  return endpoint === null ? NOT_FOUND : { kind: "endpoint", endpoint };
}

/** Its pending deliveries are cancelled when they are due, and stay in the log. */
export async function removeEndpoint(
  { env }: MerchantContext,
  id: string,
): Promise<{ readonly kind: "removed" } | NotFound> {
  return (await endpoints.removeEndpoint(env.ORDER_BOOK, id)) ? { kind: "removed" } : NOT_FOUND;
}

export type RotateOutcome =
  | ({ readonly kind: "rotated" } & WithSecret)
  | { readonly kind: "webhook_rotation_conflict" }
  | NotFound
  | NotConfigured;

export async function rotateSecret(
  { env, now }: MerchantContext,
  id: string,
): Promise<RotateOutcome> {
  const keys = keysOf(env);
  if (keys.kind !== "ready") return keys;
  const endpoint = await endpoints.findEndpoint(env.ORDER_BOOK, id);
  if (endpoint === null) return NOT_FOUND;
  const rotated = await endpoints.rotateEndpoint(env.ORDER_BOOK, endpoint, keys.newest, now);
  if (rotated === null) return { kind: "webhook_rotation_conflict" };
  return { kind: "rotated", endpoint: rotated, secret: secretIn(keys.keys, rotated) };
}

type DeliveryFound = { readonly kind: "delivery"; readonly delivery: KeptDelivery };

async function queueAll(env: GateEnv, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += EVENTS_PER_SEND_MAX) {
    const some = ids.slice(from, from + EVENTS_PER_SEND_MAX);
    await env.WEBHOOKS_QUEUE.sendBatch(some.map((id) => ({ body: deliveryMessage(id) })));
  }
}

async function enabledEndpoint(
  context: MerchantContext,
  id: string,
): Promise<Found | NotFound | Disabled> {
  const found = await readEndpoint(context, id);
  if (found.kind !== "endpoint" || found.endpoint.enabled) return found;
  return { kind: "webhook_endpoint_disabled" };
}

/** Sends a test event to this endpoint only, in the same way as other events. */
export async function testEndpoint(
  context: MerchantContext,
  id: string,
): Promise<DeliveryFound | NotFound | Disabled> {
  const { env, now } = context;
  const found = await enabledEndpoint(context, id);
  if (found.kind !== "endpoint") return found;
  const named = { id: `test_${crypto.randomUUID()}`, type: TEST_EVENT_TYPE } as const;
  const event: TestEvent = { v: 1, ...named, at_ms: now, endpoint: id };
  const { ORDER_BOOK: book } = env;
  const made = deliveries.deliveryOf(id, named);
  await book.batch([
    addEvent(book, { ...named, at_ms: now, body: JSON.stringify(event) }),
    deliveries.addDeliveries(book, [made], now),
  ]);
  await queueAll(env, [made.id]);
  return deliveryNamed(env, made.id);
}

async function deliveryNamed(env: GateEnv, id: string): Promise<DeliveryFound> {
  const delivery = await deliveries.findDelivery(env.ORDER_BOOK, id);
  if (delivery === null) throw new Error("webhooks: a delivery just written was not found");
  return { kind: "delivery", delivery };
}

export function readDeliveries(
  { env }: MerchantContext,
  filter: deliveries.DeliveriesFilter,
): Promise<KeptDelivery[]> {
  return deliveries.listDeliveries(env.ORDER_BOOK, filter);
}

export function readEvents({ env }: MerchantContext, filter: EventsFilter) {
  return listEvents(env.ORDER_BOOK, filter);
}

export type ReplayOutcome =
  | DeliveryFound
  | { readonly kind: "webhook_delivery_not_found" }
  | NotFound
  | Disabled;

/** In any state, also `delivered`. Retention may delete it before it is pending: not found then. */
export async function replayDelivery(context: MerchantContext, id: string): Promise<ReplayOutcome> {
  const { env, now } = context;
  const delivery = await deliveries.findDelivery(env.ORDER_BOOK, id);
  if (delivery === null) return { kind: "webhook_delivery_not_found" };
  const found = await enabledEndpoint(context, delivery.endpoint);
  if (found.kind !== "endpoint") return found;
  await deliveries.restartDeliveries(env.ORDER_BOOK, [id], now).run();
  await queueAll(env, [id]);
  const restarted = await deliveries.findDelivery(env.ORDER_BOOK, id);
  if (restarted === null) return { kind: "webhook_delivery_not_found" };
  return { kind: "delivery", delivery: restarted };
}

export type ReplaySinceOutcome =
  | {
      readonly kind: "replaying";
      readonly replayed: number;
      /** Events since that time that this call has not processed. */
      readonly remaining: number;
      /** The `after` of the next call; null when nothing remains. */
      readonly next: number | null;
    }
  | NotFound
  | Disabled;

/** Replays all events since a time to which the endpoint subscribes, even undelivered ones. */
export async function replaySince(
  context: MerchantContext,
  id: string,
  { since_ms, after }: { readonly since_ms: number; readonly after: number },
): Promise<ReplaySinceOutcome> {
  const { env, now } = context;
  const { ORDER_BOOK: book } = env;
  const found = await enabledEndpoint(context, id);
  if (found.kind !== "endpoint") return found;
  const since = await eventsSince(book, since_ms, after, WEBHOOK_REPLAY_EVENTS_MAX);
  const wanted = since.events.filter(({ type }) => wants(found.endpoint.types, type));
  const made = wanted.map((event) => deliveries.deliveryOf(id, event));
  const ids = made.map((delivery) => delivery.id);
  await book.batch([
    deliveries.addDeliveries(book, made, now),
    deliveries.restartDeliveries(book, ids, now),
  ]);
  await queueAll(env, ids);
  const { remaining } = since;
  const next = remaining > 0 ? (since.events.at(-1)?.seq ?? null) : null;
  return { kind: "replaying", replayed: ids.length, remaining, next };
}

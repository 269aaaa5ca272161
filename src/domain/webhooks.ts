/**
 * Webhooks: which endpoint receives which event, the payload, and the retry after each response.
 *
 * Guarantee: an event has one id and one body however often it is sent. A delivery that no 2xx
 * acknowledges is tried ten times over three days and is then `failed`; after `delivered` it is
 * tried only when it is replayed. Pure: time and randomness are arguments.
 * Not guaranteed: order. A later event may be delivered first; compare `version`.
 *
 * Source of the schedule and of what a status means: the operational considerations of
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { z } from "zod";
import { digestOf } from "../encoding/json.ts";
import { retryAfter_s } from "../encoding/retry-after.ts";
import { storedReader } from "../encoding/stored-reader.ts";
import { WEBHOOK_ATTEMPTS_KEPT, WEBHOOK_WAIT_MAX_S } from "./limits.ts";
import { ORDER_EVENT_TYPES, orderEventSchema, type OrderEvent } from "./order/messages.ts";
import { SALE_EVENT_TYPES, saleEventSchema, type SaleEvent } from "./room/events.ts";

/** Queue message: try this delivery. */
export const deliveryMessageSchema = storedReader(
  z.object({ v: z.literal(1), kind: z.literal("delivery"), delivery: z.string() }),
);
export type DeliveryMessage = z.infer<typeof deliveryMessageSchema>;

export function deliveryMessage(delivery: string): DeliveryMessage {
  return { v: 1, kind: "delivery", delivery };
}

/** Shows that the endpoint can be reached; sent to one endpoint at its merchant's request. */
export const TEST_EVENT_TYPE = "webhook.test";
const testEventSchema = storedReader(
  z.object({
    v: z.literal(1),
    id: z.string(),
    type: z.literal(TEST_EVENT_TYPE),
    at_ms: z.number(),
    endpoint: z.string(),
  }),
);
export type TestEvent = z.infer<typeof testEventSchema>;

/** An event as it travels through the queue. */
export const queuedEventSchema = z.union([orderEventSchema, saleEventSchema]);
export type QueuedEvent = OrderEvent | SaleEvent;

export function isOrderEvent(event: QueuedEvent): event is OrderEvent {
  return "order" in event;
}

/** An event as the log stores it. */
export const loggedEventSchema = z.union([orderEventSchema, saleEventSchema, testEventSchema]);
export type LoggedEvent = QueuedEvent | TestEvent;

/** `order.confirmed`, `order.*`, or `*` for all. */
export const eventPatternSchema = z
  .string()
  .max(64)
  .regex(/^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$/, {
    error: "use a type such as order.confirmed, a prefix such as order.*, or *",
    abort: true,
  });

export const EVENT_TYPES: readonly string[] = [
  ...ORDER_EVENT_TYPES,
  ...SALE_EVENT_TYPES,
  TEST_EVENT_TYPE,
];

/**
 * What an endpoint may ask for from now on: a type that events have, or a prefix of one. A misspelt
 * type would be stored, and the events that its owner waits for would never come.
 */
export const subscriptionSchema = eventPatternSchema.refine(
  (pattern) => EVENT_TYPES.some((type) => wants([pattern], type)),
  `is no type of event; use one of ${EVENT_TYPES.join(", ")}, a prefix such as order.*, or *`,
);

export function wants(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => {
    if (pattern === "*") return true;
    return pattern.endsWith(".*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
  });
}

/** A hash of endpoint and event, so that a repeated event creates no second delivery. */
export function deliveryIdOf(endpoint: string, event: string): string {
  return `whd_${digestOf([endpoint, event]).slice(0, 32)}`;
}

const timeOf = (at_ms: number): string => new Date(at_ms).toISOString();

function dataOf(event: LoggedEvent): Readonly<Record<string, unknown>> {
  if ("order" in event) {
    const { order, sale, version, state, final, lines, total, currency, email, reason } = event;
    const { amounts, payment, providerCode, refunded, refund, dispute } = event;
    const placedAt = timeOf(event.placedAt_ms);
    const standing = { order, sale, version, state, final, reason, placedAt };
    const money = { lines, total, currency, amounts, payment, providerCode };
    return { ...standing, ...money, email, refunded, refund, dispute };
  }
  if (!("sale" in event)) return { endpoint: event.endpoint };
  const { sale, version, title, revision, phase, paused, soldOut } = event;
  const { ratePerMinute, maxActive, message } = event;
  return {
    sale,
    version,
    title,
    revision,
    phase,
    paused,
    soldOut,
    ratePerMinute,
    maxActive,
    message,
    opensAt: timeOf(event.opensAt_ms),
    startsAt: timeOf(event.startsAt_ms),
    endsAt: timeOf(event.endsAt_ms),
  };
}

export interface WebhookPayload {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** No event contains card data; of the buyer an order's event contains only the e-mail address. */
export function payloadOf(event: LoggedEvent): WebhookPayload {
  return { type: event.type, timestamp: timeOf(event.at_ms), data: dataOf(event) };
}

/** After the first try: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h. */
export const RETRY_DELAYS_S = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
/** A wait is shortened by up to a tenth, so that deliveries that failed together spread out. */
const JITTER_SHARE = 0.1;

export const DELIVERY_STATES = ["pending", "delivered", "failed", "cancelled"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The outcome of one try. */
export type TryOutcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** The value of the header `Retry-After`, unparsed; null without one. */
      readonly retryAfter: string | null;
    }
  /** No response, none in time, or the address may not be called. */
  | {
      readonly kind: "unanswered";
      readonly why: string;
      /** It was called, and did not answer in time. */
      readonly isTimeout?: boolean;
    };

export const attemptSchema = storedReader(
  z.object({
    at_ms: z.number(),
    /** The HTTP status; null without a response. */
    status: z.int().nullable(),
    /** Why the try failed; null when it succeeded. */
    error: z.string().nullable(),
    duration_ms: z.number(),
  }),
);
export type Attempt = Readonly<z.infer<typeof attemptSchema>>;

export interface Delivery {
  readonly state: DeliveryState;
  /** Tries since it was created or last replayed. */
  readonly tries: number;
  /** The next try is not made before this instant. */
  readonly due_ms: number;
  readonly attempts: readonly Attempt[];
}

export interface AfterTry {
  readonly delivery: Delivery;
  /** The endpoint answered 410 Gone: it is to be disabled. */
  readonly gone: boolean;
}

const GONE = 410;

/** The wait that `Retry-After` requests, at most a day; null when it requests none. */
export function requestedWait_s(header: string | null, now: number): number | null {
  const requested_s = retryAfter_s(header, now);
  return requested_s === null ? null : Math.min(Math.max(requested_s, 0), WEBHOOK_WAIT_MAX_S);
}

/**
 * The wait before the next try; null when no try is left. `Retry-After` can lengthen it up to a
 * day, and never shorten it.
 * @param tries made so far, at least 1
 */
export function waitAfter_s(
  tries: number,
  requested_s: number | null,
  chance: number,
): number | null {
  const planned_s = RETRY_DELAYS_S[tries - 1];
  if (planned_s === undefined) return null;
  const spread_s = planned_s * (1 - JITTER_SHARE * chance);
  return Math.min(Math.max(spread_s, requested_s ?? 0), WEBHOOK_WAIT_MAX_S);
}

function errorOf(outcome: TryOutcome): string | null {
  if (outcome.kind === "unanswered") return outcome.why;
  const { status } = outcome;
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? "redirects are not followed" : `answered ${status}`;
}

/** The delivery after a try that lasted from `begun_ms` until `now`. */
export function afterTry(
  before: Delivery,
  outcome: TryOutcome,
  begun_ms: number,
  now: number,
  chance: number,
): AfterTry {
  const error = errorOf(outcome);
  const status = outcome.kind === "answered" ? outcome.status : null;
  const attempt = { at_ms: begun_ms, status, error, duration_ms: Math.max(now - begun_ms, 0) };
  const attempts = [...before.attempts, attempt].slice(-WEBHOOK_ATTEMPTS_KEPT);
  const tries = before.tries + 1;
  const at = (state: DeliveryState, due_ms = now): Delivery => ({ state, tries, due_ms, attempts });
  if (error === null) return { delivery: at("delivered"), gone: false };
  if (status === GONE) return { delivery: at("failed"), gone: true };
  const requested_s = outcome.kind === "answered" ? requestedWait_s(outcome.retryAfter, now) : null;
  const wait_s = waitAfter_s(tries, requested_s, chance);
  const next = wait_s === null ? at("failed") : at("pending", now + Math.round(wait_s * 1000));
  return { delivery: next, gone: false };
}

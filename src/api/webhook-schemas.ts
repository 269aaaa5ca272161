/**
 * The documents of webhook endpoints, their deliveries and the log of events as zod schemas: they
 * validate what comes in, and the OpenAPI document is generated from them.
 */
import { z } from "@hono/zod-openapi";
import {
  EVENTS_PAGE_ROWS_MAX,
  TEXT_LENGTH_MAX,
  WEBHOOK_DELIVERIES_PAGE_ROWS_MAX,
  WEBHOOK_TYPES_MAX,
  WEBHOOK_URL_LENGTH_MAX,
} from "../domain/limits.ts";
import { saleIdSchema } from "../domain/sale/sale.ts";
import { DELIVERY_STATES, eventPatternSchema } from "../domain/webhooks.ts";

const count = z.int();
const instant = z.iso.datetime();

export const endpointParameter = z.object({ id: z.string().regex(/^whe_[0-9a-f]{32}$/) });
export const deliveryParameter = z.object({ id: z.string().regex(/^whd_[0-9a-f]{32}$/) });

const url = z.url("is not a URL").max(WEBHOOK_URL_LENGTH_MAX);
const types = z.array(eventPatternSchema).min(1).max(WEBHOOK_TYPES_MAX);
const description = z.string().max(TEXT_LENGTH_MAX);

export const endpointRequest = z
  .strictObject({
    url,
    /** Types (`order.confirmed`), prefixes (`order.*`), or `*` for all that happens. */
    types: types.default(["*"]),
    enabled: z.boolean().default(true),
    description: description.default(""),
  })
  .openapi("WebhookEndpointRequest");

export const endpointChangeRequest = z
  .strictObject({
    url: url.optional(),
    types: types.optional(),
    enabled: z.boolean().optional(),
    description: description.optional(),
  })
  .openapi("WebhookEndpointChange");

const endpoint = {
  id: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  enabled: z.boolean(),
  /** `merchant`, or `gone` when it answered 410. */
  disabledReason: z.enum(["merchant", "gone"]).nullable(),
  description: z.string(),
  /** Until then the secret before the last rotation signs too. */
  previousSecretUntil: instant.nullable(),
  createdAt: instant,
  updatedAt: instant,
};

export const endpointDocument = z.object(endpoint).openapi("WebhookEndpoint");
/** The only answers that hold a secret. */
export const endpointSecretDocument = z
  .object({ ...endpoint, secret: z.string() })
  .openapi("WebhookEndpointWithSecret");
export const endpointsDocument = z
  .object({ endpoints: z.array(endpointDocument) })
  .openapi("WebhookEndpoints");

export const deliveryDocument = z
  .object({
    seq: count,
    id: z.string(),
    endpoint: z.string(),
    event: z.string(),
    type: z.string(),
    state: z.enum(DELIVERY_STATES),
    /** Since it was made or replayed. */
    tries: count,
    /** While it is pending. */
    nextTryAt: instant.nullable(),
    attempts: z.array(
      z.object({
        at: instant,
        status: count.nullable(),
        /** Null when it was taken. */
        error: z.string().nullable(),
        duration_s: z.number(),
      }),
    ),
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi("WebhookDelivery");

const after = z.coerce.number().int().min(0).default(0);
const limit = (max: number) => z.coerce.number().int().min(1).max(max).default(100);

export const deliveriesQuery = z.object({
  endpoint: z.string().max(100).optional(),
  state: z.enum(DELIVERY_STATES).optional(),
  after,
  limit: limit(WEBHOOK_DELIVERIES_PAGE_ROWS_MAX),
});

export const deliveriesDocument = z
  .object({
    deliveries: z.array(deliveryDocument),
    /** Pass as `after` for the next page; null at the end. */
    next: count.nullable(),
  })
  .openapi("WebhookDeliveries");

export const replayRequest = z
  .strictObject({
    since: z.iso.datetime({ error: "use RFC 3339 in UTC, such as 2026-11-27T10:00:00Z" }),
    /** `next` of the answer before. */
    after: z.int().min(0).default(0),
  })
  .openapi("WebhookReplay");

export const replayDocument = z
  .object({ replayed: count, remaining: count, next: count.nullable() })
  .openapi("WebhookReplayed");

export const eventsQuery = z.object({
  type: eventPatternSchema.optional(),
  sale: saleIdSchema.optional(),
  order: z.string().max(100).optional(),
  after,
  limit: limit(EVENTS_PAGE_ROWS_MAX),
});

export const eventsDocument = z
  .object({
    events: z.array(
      z.object({
        seq: count,
        id: z.string(),
        type: z.string(),
        timestamp: instant,
        /** As it is sent; null when it was logged in a shape that is not read any more. */
        data: z.record(z.string(), z.unknown()).nullable(),
      }),
    ),
    /** Pass as `after` for the next page; null at the end. */
    next: count.nullable(),
  })
  .openapi("Events");

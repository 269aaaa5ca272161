/**
 * The documents of webhook endpoints, their deliveries and the log of events as zod schemas: they
 * validate requests, and the OpenAPI document is generated from them.
 */
import { z } from "@hono/zod-openapi";
import {
  EVENTS_PAGE_ROWS_MAX,
  TEXT_LENGTH_MAX,
  WEBHOOK_DELIVERIES_PAGE_ROWS_MAX,
  WEBHOOK_TYPES_MAX,
  WEBHOOK_URL_LENGTH_MAX,
} from "../domain/limits.ts";
import { DELIVERY_STATES, eventPatternSchema, subscriptionSchema } from "../domain/webhooks.ts";
import {
  EXAMPLE_DELIVERY_ID,
  EXAMPLE_ENDPOINT_ID,
  EXAMPLE_ORDER_ID,
  inPath,
  inQuery,
  paging,
  saleInQuery,
  wholeNumber,
} from "./parameters.ts";

const count = z.int();
const instant = z.iso.datetime();

export const endpointParameter = z.object({
  id: inPath(z.string().regex(/^whe_[0-9a-f]{32}$/), "The endpoint's id.", EXAMPLE_ENDPOINT_ID),
});
export const deliveryParameter = z.object({
  id: inPath(z.string().regex(/^whd_[0-9a-f]{32}$/), "The delivery's id.", EXAMPLE_DELIVERY_ID),
});

const url = z.url("is not a URL").max(WEBHOOK_URL_LENGTH_MAX);
const types = z.array(subscriptionSchema).min(1).max(WEBHOOK_TYPES_MAX);
const description = z.string().max(TEXT_LENGTH_MAX);

export const endpointRequest = z
  .strictObject({
    url,
    types: types
      .default(["*"])
      .describe("Types (`order.confirmed`), prefixes (`order.*`), or `*` for all events."),
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
  disabledReason: z
    .enum(["merchant", "gone"])
    .nullable()
    .describe("`gone` when the endpoint answered 410."),
  description: z.string(),
  previousSecretUntil: instant
    .nullable()
    .describe("Until then the secret before the last rotation signs too."),
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
    tries: count.describe("Since it was made or replayed."),
    nextTryAt: instant.nullable().describe("While it is pending."),
    attempts: z.array(
      z.object({
        at: instant,
        status: count.nullable(),
        error: z.string().nullable().describe("Null when it was accepted."),
        duration_s: z.number(),
      }),
    ),
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi("WebhookDelivery");

const after = wholeNumber(0).default(0).openapi(paging.after(0));
const limit = (max: number) => wholeNumber(1, max).default(100).openapi(paging.limit);

export const deliveriesQuery = z.object({
  endpoint: inQuery(z.string().max(100), "Only to this endpoint.", EXAMPLE_ENDPOINT_ID),
  state: inQuery(z.enum(DELIVERY_STATES), "Only deliveries in this state.", "pending"),
  after,
  limit: limit(WEBHOOK_DELIVERIES_PAGE_ROWS_MAX),
});

export const deliveriesDocument = z
  .object({
    deliveries: z.array(deliveryDocument),
    next: count.nullable().describe(paging.next),
  })
  .openapi("WebhookDeliveries");

export const replayRequest = z
  .strictObject({
    since: z.iso.datetime({ error: "use RFC 3339 in UTC, such as 2026-11-27T10:00:00Z" }),
    after: z.int().min(0).default(0).describe("`next` of the previous response."),
  })
  .openapi("WebhookReplay");

export const replayDocument = z
  .object({
    replayed: count,
    remaining: count.describe("Events since that time which this call has not looked at."),
    next: count.nullable().describe("Pass as `after` to go on; null when nothing remains."),
  })
  .openapi("WebhookReplayed");

export const eventsQuery = z.object({
  type: inQuery(eventPatternSchema, "Only of this type, or of this prefix.", "order.*"),
  sale: saleInQuery,
  order: inQuery(z.string().max(100), "Only of this order.", EXAMPLE_ORDER_ID),
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
        data: z
          .record(z.string(), z.unknown())
          .nullable()
          .describe("As it is sent; null when it was logged in a shape that is no longer read."),
      }),
    ),
    next: count.nullable().describe(paging.next),
  })
  .openapi("Events");

/**
 * The merchant's routes for webhooks: endpoints, what was sent to them, and the log of events. All
 * need the admin token, which the wiring checks before a request gets here.
 */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { loggedEventSchema, payloadOf } from "../domain/webhooks.ts";
import { jsonText } from "../encoding/json.ts";
import * as webhooks from "../merchant/webhooks.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import { answers, jsonBody } from "./answers.ts";
import { merchantOf } from "./merchant-routes.ts";
import { problem } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";
import * as documents from "./webhook-schemas.ts";

export const merchantWebhookRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const DNS_RETRY_S = 5;

function endpointOf(endpoint: webhooks.Endpoint) {
  const { id, url, types, enabled, description } = endpoint;
  const until_ms = webhooks.previousUntil_ms(endpoint);
  return {
    id,
    url,
    types,
    enabled,
    disabledReason: endpoint.disabled_reason,
    description,
    previousSecretUntil: until_ms === null ? null : timeOf(until_ms),
    createdAt: timeOf(endpoint.created_ms),
    updatedAt: timeOf(endpoint.updated_ms),
  };
}

function deliveryOf(delivery: webhooks.KeptDelivery) {
  const { seq, id, endpoint, event, type, state, tries, due_ms, attempts } = delivery;
  return {
    seq,
    id,
    endpoint,
    event,
    type,
    state,
    tries,
    nextTryAt: state === "pending" ? timeOf(due_ms) : null,
    attempts: attempts.map(({ at_ms, status, error, duration_ms }) => {
      return { at: timeOf(at_ms), status, error, duration_s: duration_ms / 1000 };
    }),
    createdAt: timeOf(delivery.created_ms),
    updatedAt: timeOf(delivery.updated_ms),
  };
}

type Refusal =
  | Exclude<Awaited<ReturnType<typeof webhooks.createEndpoint>>, { kind: "created" }>
  | Exclude<Awaited<ReturnType<typeof webhooks.rotateSecret>>, { kind: "rotated" }>
  | Exclude<webhooks.ReplayOutcome, { kind: "delivery" }>;

function refuse(c: GateRequest, refusal: Refusal): Response {
  switch (refusal.kind) {
    case "address_refused": {
      const errors = [{ path: "url", message: refusal.why }];
      return problem(c, "invalid_request", { detail: "Not accepted: url.", errors });
    }
    case "address_unknown":
      return problem(c, "address_not_checked", {
        detail: `The address ${refusal.why}.`,
        retryAfter_s: DNS_RETRY_S,
      });
    case "webhooks_not_configured":
      return problem(c, refusal.kind, { detail: `${refusal.why}.` });
    case "too_many_webhook_endpoints":
      return problem(c, refusal.kind, { detail: `At most ${refusal.limit}.` });
    case "webhook_endpoint_not_found":
    case "webhook_endpoint_disabled":
    case "webhook_rotation_conflict":
    case "webhook_delivery_not_found":
      return problem(c, refusal.kind);
  }
}

merchantWebhookRoutes.openapi(
  createRoute({
    method: "get",
    path: "/webhook-endpoints",
    summary: "Where events are sent",
    responses: answers({ 200: documents.endpointsDocument }),
  }),
  async (c) => {
    const found = await webhooks.readEndpoints(merchantOf(c));
    return c.json({ endpoints: found.map(endpointOf) }, 200);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "post",
    path: "/webhook-endpoints",
    summary: "Have events sent; the answer tells the secret, once",
    request: jsonBody(documents.endpointRequest),
    responses: answers({ 201: documents.endpointSecretDocument }),
  }),
  async (c) => {
    const outcome = await webhooks.createEndpoint(merchantOf(c), c.req.valid("json"));
    if (outcome.kind !== "created") return refuse(c, outcome);
    return c.json({ ...endpointOf(outcome.endpoint), secret: outcome.secret }, 201);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "get",
    path: "/webhook-endpoints/{id}",
    summary: "One endpoint",
    request: { params: documents.endpointParameter },
    responses: answers({ 200: documents.endpointDocument }),
  }),
  async (c) => {
    const outcome = await webhooks.readEndpoint(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind !== "endpoint") return refuse(c, outcome);
    return c.json(endpointOf(outcome.endpoint), 200);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "patch",
    path: "/webhook-endpoints/{id}",
    summary: "Change an endpoint, turn it off or on",
    request: {
      params: documents.endpointParameter,
      ...jsonBody(documents.endpointChangeRequest),
    },
    responses: answers({ 200: documents.endpointDocument }),
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const outcome = await webhooks.changeEndpoint(merchantOf(c), id, c.req.valid("json"));
    if (outcome.kind !== "endpoint") return refuse(c, outcome);
    return c.json(endpointOf(outcome.endpoint), 200);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "delete",
    path: "/webhook-endpoints/{id}",
    summary: "Have no more events sent there",
    request: { params: documents.endpointParameter },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const outcome = await webhooks.removeEndpoint(merchantOf(c), c.req.valid("param").id);
    return outcome.kind === "removed" ? c.body(null, 204) : refuse(c, outcome);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "post",
    path: "/webhook-endpoints/{id}/rotate-secret",
    summary: "A new secret, told once; the old one signs too for a day",
    request: { params: documents.endpointParameter },
    responses: answers({ 200: documents.endpointSecretDocument }),
  }),
  async (c) => {
    const outcome = await webhooks.rotateSecret(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind !== "rotated") return refuse(c, outcome);
    return c.json({ ...endpointOf(outcome.endpoint), secret: outcome.secret }, 200);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "post",
    path: "/webhook-endpoints/{id}/test",
    summary: "Send an event of type webhook.test",
    request: { params: documents.endpointParameter },
    responses: answers({ 202: documents.deliveryDocument }),
  }),
  async (c) => {
    const outcome = await webhooks.testEndpoint(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind !== "delivery") return refuse(c, outcome);
    return c.json(deliveryOf(outcome.delivery), 202);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "post",
    path: "/webhook-endpoints/{id}/replay",
    summary: "Send all events since a time again",
    description: "Those that the log still has; it keeps them for 30 days.",
    request: { params: documents.endpointParameter, ...jsonBody(documents.replayRequest) },
    responses: answers({ 202: documents.replayDocument }),
  }),
  async (c) => {
    const { since, after } = c.req.valid("json");
    const span = { since_ms: Date.parse(since), after };
    const { id } = c.req.valid("param");
    const outcome = await webhooks.replaySince(merchantOf(c), id, span);
    if (outcome.kind !== "replaying") return refuse(c, outcome);
    const { replayed, remaining, next } = outcome;
    return c.json({ replayed, remaining, next }, 202);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "get",
    path: "/webhook-deliveries",
    summary: "What was sent, with every try",
    description: "Deliveries are kept as long as their events, for 30 days, and while pending.",
    request: { query: documents.deliveriesQuery },
    responses: answers({ 200: documents.deliveriesDocument }),
  }),
  async (c) => {
    const filter = c.req.valid("query");
    const rows = await webhooks.readDeliveries(merchantOf(c), filter);
    const next = rows.length === filter.limit ? (rows.at(-1)?.seq ?? null) : null;
    return c.json({ deliveries: rows.map(deliveryOf), next }, 200);
  },
);

merchantWebhookRoutes.openapi(
  createRoute({
    method: "post",
    path: "/webhook-deliveries/{id}/replay",
    summary: "Send one again",
    request: { params: documents.deliveryParameter },
    responses: answers({ 202: documents.deliveryDocument }),
  }),
  async (c) => {
    const outcome = await webhooks.replayDelivery(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind !== "delivery") return refuse(c, outcome);
    return c.json(deliveryOf(outcome.delivery), 202);
  },
);

type LoggedRow = Awaited<ReturnType<typeof webhooks.readEvents>>[number];

function eventOf({ seq, id, type, at_ms, body }: LoggedRow) {
  const event = jsonText.pipe(loggedEventSchema).safeParse(body);
  const data = event.success ? payloadOf(event.data).data : null;
  return { seq, id, type, timestamp: timeOf(at_ms), data };
}

merchantWebhookRoutes.openapi(
  createRoute({
    method: "get",
    path: "/events",
    summary: "All that happened, in the order in which it was logged",
    description:
      "Kept for 30 days. To read on later keep the last `seq`: it is never given twice, and " +
      "`after` may name one that is gone.",
    request: { query: documents.eventsQuery },
    responses: answers({ 200: documents.eventsDocument }),
  }),
  async (c) => {
    const filter = c.req.valid("query");
    const rows = await webhooks.readEvents(merchantOf(c), filter);
    const next = rows.length === filter.limit ? (rows.at(-1)?.seq ?? null) : null;
    return c.json({ events: rows.map(eventOf), next }, 200);
  },
);

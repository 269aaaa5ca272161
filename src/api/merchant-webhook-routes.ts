/**
 * The merchant's routes for webhooks: endpoints, their deliveries, and the log of events. All need
 * the admin token, which the wiring checks before a request gets here.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { loggedEventSchema, payloadOf } from "../domain/webhooks.ts";
import { jsonText } from "../encoding/json.ts";
import * as webhooks from "../merchant/webhooks.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import * as examples from "./merchant-examples.ts";
import { merchantOf } from "./merchant-routes.ts";
import { empty, json, jsonBody, operationsOf } from "./operation.ts";
import { problem } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";
import * as documents from "./webhook-schemas.ts";

export const merchantWebhookRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantWebhookRoutes, "merchant");

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

type AddressRefused = Extract<
  webhooks.CreateOutcome,
  { kind: "address_refused" | "address_unknown" }
>;

function addressProblem(c: GateRequest, { kind, why }: AddressRefused) {
  if (kind === "address_refused") {
    const errors = [{ path: "url", message: why }];
    return problem(c, "invalid_request", { detail: "Not accepted: url.", errors });
  }
  const detail = `The address ${why}.`;
  return problem(c, "address_not_checked", { detail, retryAfter_s: DNS_RETRY_S });
}

operation(
  {
    method: "get",
    path: "/webhook-endpoints",
    id: "listWebhookEndpoints",
    tag: "Webhooks",
    summary: "List the endpoints that events are sent to",
    description: "Without their secrets.",
    success: {
      200: json("The endpoints.", documents.endpointsDocument, { endpoints: [examples.endpoint] }),
    },
    problems: [],
  },
  async (c) => {
    const found = await webhooks.readEndpoints(merchantOf(c));
    return c.json({ endpoints: found.map(endpointOf) }, 200);
  },
);

operation(
  {
    method: "post",
    path: "/webhook-endpoints",
    id: "createWebhookEndpoint",
    tag: "Webhooks",
    summary: "Have events sent to an endpoint",
    description: "The response has the endpoint's secret, which is shown only once.",
    request: jsonBody(documents.endpointRequest, examples.endpointRequest),
    success: {
      201: json("Created.", documents.endpointSecretDocument, examples.endpointWithSecret),
    },
    problems: [
      "invalid_request",
      "address_not_checked",
      "webhooks_not_configured",
      "too_many_webhook_endpoints",
    ],
  },
  async (c) => {
    const outcome = await webhooks.createEndpoint(merchantOf(c), c.req.valid("json"));
    switch (outcome.kind) {
      case "created":
        return c.json({ ...endpointOf(outcome.endpoint), secret: outcome.secret }, 201);
      case "webhooks_not_configured":
        return problem(c, outcome.kind, { detail: `${outcome.why}.` });
      case "too_many_webhook_endpoints":
        return problem(c, outcome.kind, { detail: `At most ${outcome.limit}.` });
      case "address_refused":
      case "address_unknown":
        return addressProblem(c, outcome);
    }
  },
);

operation(
  {
    method: "get",
    path: "/webhook-endpoints/{id}",
    id: "getWebhookEndpoint",
    tag: "Webhooks",
    summary: "Get one endpoint",
    description: "Without its secret.",
    request: { params: documents.endpointParameter },
    success: { 200: json("The endpoint.", documents.endpointDocument, examples.endpoint) },
    problems: ["webhook_endpoint_not_found"],
  },
  async (c) => {
    const outcome = await webhooks.readEndpoint(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind !== "endpoint") return problem(c, outcome.kind);
    return c.json(endpointOf(outcome.endpoint), 200);
  },
);

operation(
  {
    method: "patch",
    path: "/webhook-endpoints/{id}",
    id: "updateWebhookEndpoint",
    tag: "Webhooks",
    summary: "Change an endpoint, turn it off or on",
    description: "Fields that are left out stay as they are.",
    request: {
      params: documents.endpointParameter,
      ...jsonBody(documents.endpointChangeRequest, { enabled: true }),
    },
    success: { 200: json("Changed.", documents.endpointDocument, examples.endpoint) },
    problems: ["invalid_request", "address_not_checked", "webhook_endpoint_not_found"],
  },
  async (c) => {
    const { id } = c.req.valid("param");
    const outcome = await webhooks.changeEndpoint(merchantOf(c), id, c.req.valid("json"));
    switch (outcome.kind) {
      case "endpoint":
        return c.json(endpointOf(outcome.endpoint), 200);
      case "webhook_endpoint_not_found":
        return problem(c, outcome.kind);
      case "address_refused":
      case "address_unknown":
        return addressProblem(c, outcome);
    }
  },
);

operation(
  {
    method: "delete",
    path: "/webhook-endpoints/{id}",
    id: "deleteWebhookEndpoint",
    tag: "Webhooks",
    summary: "Delete an endpoint",
    description: "What is pending for it is cancelled.",
    request: { params: documents.endpointParameter },
    success: { 204: empty("Deleted.") },
    problems: ["webhook_endpoint_not_found"],
  },
  async (c) => {
    const outcome = await webhooks.removeEndpoint(merchantOf(c), c.req.valid("param").id);
    return outcome.kind === "removed" ? c.body(null, 204) : problem(c, outcome.kind);
  },
);

operation(
  {
    method: "post",
    path: "/webhook-endpoints/{id}/rotate-secret",
    id: "rotateWebhookSecret",
    tag: "Webhooks",
    summary: "Rotate the secret of an endpoint",
    description: "The new secret is shown only once; the previous one also signs for a day.",
    request: { params: documents.endpointParameter },
    success: {
      200: json("Rotated.", documents.endpointSecretDocument, examples.endpointWithSecret),
    },
    problems: [
      "webhooks_not_configured",
      "webhook_endpoint_not_found",
      "webhook_rotation_conflict",
    ],
  },
  async (c) => {
    const outcome = await webhooks.rotateSecret(merchantOf(c), c.req.valid("param").id);
    switch (outcome.kind) {
      case "rotated":
        return c.json({ ...endpointOf(outcome.endpoint), secret: outcome.secret }, 200);
      case "webhooks_not_configured":
        return problem(c, outcome.kind, { detail: `${outcome.why}.` });
      case "webhook_endpoint_not_found":
      case "webhook_rotation_conflict":
        return problem(c, outcome.kind);
    }
  },
);

operation(
  {
    method: "post",
    path: "/webhook-endpoints/{id}/test",
    id: "testWebhookEndpoint",
    tag: "Webhooks",
    summary: "Send an event of type webhook.test",
    description: "To this endpoint alone, in the same way as all events.",
    request: { params: documents.endpointParameter },
    success: { 202: json("Queued.", documents.deliveryDocument, examples.pendingDelivery) },
    problems: ["webhook_endpoint_not_found", "webhook_endpoint_disabled"],
  },
  async (c) => {
    const outcome = await webhooks.testEndpoint(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind !== "delivery") return problem(c, outcome.kind);
    return c.json(deliveryOf(outcome.delivery), 202);
  },
);

operation(
  {
    method: "post",
    path: "/webhook-endpoints/{id}/replay",
    id: "replayWebhookEvents",
    tag: "Webhooks",
    summary: "Send all events since a time again",
    description: "Those that the log still has; it keeps them for 30 days.",
    request: {
      params: documents.endpointParameter,
      ...jsonBody(documents.replayRequest, { since: "2026-11-27T10:00:00Z" }),
    },
    success: {
      202: json("Queued.", documents.replayDocument, { replayed: 20, remaining: 0, next: null }),
    },
    problems: ["webhook_endpoint_not_found", "webhook_endpoint_disabled"],
  },
  async (c) => {
    const { since, after } = c.req.valid("json");
    const span = { since_ms: Date.parse(since), after };
    const { id } = c.req.valid("param");
    const outcome = await webhooks.replaySince(merchantOf(c), id, span);
    if (outcome.kind !== "replaying") return problem(c, outcome.kind);
    const { replayed, remaining, next } = outcome;
    return c.json({ replayed, remaining, next }, 202);
  },
);

operation(
  {
    method: "get",
    path: "/webhook-deliveries",
    id: "listWebhookDeliveries",
    tag: "Webhooks",
    summary: "List deliveries, each with every try",
    description: "Deliveries are kept as long as their events, for 30 days, and while pending.",
    request: { query: documents.deliveriesQuery },
    success: {
      200: json("A page of deliveries.", documents.deliveriesDocument, {
        deliveries: [examples.delivery],
        next: null,
      }),
    },
    problems: [],
  },
  async (c) => {
    const filter = c.req.valid("query");
    const rows = await webhooks.readDeliveries(merchantOf(c), filter);
    const next = rows.length === filter.limit ? (rows.at(-1)?.seq ?? null) : null;
    return c.json({ deliveries: rows.map(deliveryOf), next }, 200);
  },
);

operation(
  {
    method: "post",
    path: "/webhook-deliveries/{id}/replay",
    id: "replayWebhookDelivery",
    tag: "Webhooks",
    summary: "Send one delivery again",
    description: "In any state, also when it was delivered.",
    request: { params: documents.deliveryParameter },
    success: { 202: json("Queued.", documents.deliveryDocument, examples.pendingDelivery) },
    problems: [
      "webhook_delivery_not_found",
      "webhook_endpoint_not_found",
      "webhook_endpoint_disabled",
    ],
  },
  async (c) => {
    const outcome = await webhooks.replayDelivery(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind !== "delivery") return problem(c, outcome.kind);
    return c.json(deliveryOf(outcome.delivery), 202);
  },
);

type LoggedRow = Awaited<ReturnType<typeof webhooks.readEvents>>[number];

function eventOf({ seq, id, type, at_ms, body }: LoggedRow) {
  const event = jsonText.pipe(loggedEventSchema).safeParse(body);
  const data = event.success ? payloadOf(event.data).data : null;
  return { seq, id, type, timestamp: timeOf(at_ms), data };
}

operation(
  {
    method: "get",
    path: "/events",
    id: "listEvents",
    tag: "Webhooks",
    summary: "List all events in the order in which they were logged",
    description:
      "Kept for 30 days. To read on later keep the last `seq`: it is never given twice, and " +
      "`after` may name one that is gone.",
    request: { query: documents.eventsQuery },
    success: { 200: json("A page of events.", documents.eventsDocument, examples.events) },
    problems: [],
  },
  async (c) => {
    const filter = c.req.valid("query");
    const rows = await webhooks.readEvents(merchantOf(c), filter);
    const next = rows.length === filter.limit ? (rows.at(-1)?.seq ?? null) : null;
    return c.json({ events: rows.map(eventOf), next }, 200);
  },
);

/**
 * The merchant's routes for orders, dead letters and breakers.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import * as breakers from "../merchant/breakers.ts";
import * as orders from "../merchant/orders.ts";
import type { GateApp } from "../web/gate-app.ts";
import * as examples from "./merchant-examples.ts";
import * as merchant from "./merchant-schemas.ts";
import { json, jsonBody, operationsOf, optionalJsonBody } from "./operation.ts";
import { deadLetterParameter, orderParameter } from "./parameters.ts";
import { merchantOf } from "./merchant-routes.ts";
import { problem } from "./problems.ts";
import { orderAnswer, timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantOrderRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantOrderRoutes, "merchant");

operation(
  {
    method: "get",
    path: "/orders",
    id: "listOrders",
    tag: "Orders",
    summary: "List the order book",
    description: "A projection of events, which may be seconds behind.",
    request: { query: merchant.ordersQuery },
    success: { 200: json("A page of orders.", merchant.ordersDocument, examples.orders) },
    problems: [],
  },
  async (c) => {
    const filter = c.req.valid("query");
    const rows = await orders.readOrders(merchantOf(c), filter);
    const next = rows.length === filter.limit ? (rows.at(-1)?.id ?? null) : null;
    const shown = rows.map(({ placed_ms, updated_ms, ...row }) => {
      return { ...row, placedAt: timeOf(placed_ms), updatedAt: timeOf(updated_ms) };
    });
    return c.json({ orders: shown, next }, 200);
  },
);

operation(
  {
    method: "get",
    path: "/orders/{id}",
    id: "getOrderHistory",
    tag: "Orders",
    summary: "Get one order with its history",
    description: "From the order itself, so never behind.",
    request: { params: orderParameter },
    success: { 200: json("The order.", merchant.merchantOrderDocument, examples.order) },
    problems: ["order_not_found"],
  },
  async (c) => {
    const outcome = await orders.readOrder(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind === "order_not_found") return problem(c, "order_not_found");
    const history = outcome.history.map(({ at_ms, ...line }) => ({ ...line, at: timeOf(at_ms) }));
    return c.json({ ...orderAnswer(outcome.order), email: outcome.email, history }, 200);
  },
);

operation(
  {
    method: "post",
    path: "/orders/{id}/actions",
    id: "actOnOrder",
    tag: "Orders",
    summary: "Push an order on, or cancel it",
    description: "`retry` takes the next step now; `cancel` works until the payment is captured.",
    request: {
      params: orderParameter,
      ...jsonBody(merchant.orderActionRequest, { action: "retry" }),
    },
    success: { 200: json("Done.", merchant.merchantOrderDocument, examples.order) },
    problems: ["order_not_found", "not_cancellable", "order_final"],
  },
  async (c) => {
    const { id } = c.req.valid("param");
    const outcome = await orders.actOnOrder(merchantOf(c), id, c.req.valid("json").action);
    switch (outcome.kind) {
      case "done": {
        const read = await orders.readOrder(merchantOf(c), id);
        if (read.kind === "order_not_found") return problem(c, "order_not_found");
        const history = read.history.map(({ at_ms, ...line }) => ({ ...line, at: timeOf(at_ms) }));
        return c.json({ ...orderAnswer(read.order), email: read.email, history }, 200);
      }
      case "not_cancellable":
        return problem(c, "not_cancellable", { detail: `It is ${outcome.state}.` });
      case "order_final":
      case "order_not_found":
        return problem(c, outcome.kind);
    }
  },
);

function deadLetterDocument({ parked_ms, replayed_ms, body, ...letter }: orders.DeadLetter) {
  const replayedAt = replayed_ms === null ? null : timeOf(replayed_ms);
  return { ...letter, body, parkedAt: timeOf(parked_ms), replayedAt };
}

operation(
  {
    method: "get",
    path: "/dead-letters",
    id: "listDeadLetters",
    tag: "Pipeline",
    summary: "List what the queues gave up on",
    description: "The newest first. One that was replayed is kept for 30 days.",
    request: { query: merchant.deadLettersQuery },
    success: {
      200: json("A page of dead letters.", merchant.deadLettersDocument, examples.deadLetters),
    },
    problems: [],
  },
  async (c) => {
    const { after = null, limit } = c.req.valid("query");
    const letters = await orders.readDeadLetters(merchantOf(c), { after, limit });
    const last = letters.length === limit ? letters.at(-1) : undefined;
    const next = last === undefined ? null : merchant.letterPlaceText(last);
    return c.json({ deadLetters: letters.map(deadLetterDocument), next }, 200);
  },
);

operation(
  {
    method: "post",
    path: "/dead-letters/replay",
    id: "replayDeadLetters",
    tag: "Pipeline",
    summary: "Send the oldest dead letters again, 100 at most",
    description: "Repeat it while `remaining` is not 0. What was replayed before is passed over.",
    request: optionalJsonBody(merchant.replayAllRequest, { queue: "sluice-orders" }),
    success: {
      200: json("Sent.", merchant.replayedAllDocument, {
        replayed: 3,
        unreadable: 0,
        remaining: 0,
      }),
    },
    problems: [],
  },
  async (c) => {
    const { queue = null, before } = c.req.valid("json");
    const before_ms = before === undefined ? null : Date.parse(before);
    return c.json(await orders.replayDeadLetters(merchantOf(c), { queue, before_ms }), 200);
  },
);

operation(
  {
    method: "post",
    path: "/dead-letters/{id}/replay",
    id: "replayDeadLetter",
    tag: "Pipeline",
    summary: "Send one dead letter again",
    description: "Safe to repeat: every message may come twice.",
    request: { params: deadLetterParameter },
    success: { 200: json("Sent.", merchant.deadLettersDocument, examples.deadLetters) },
    problems: ["dead_letter_not_found", "dead_letter_unreadable"],
  },
  async (c) => {
    const outcome = await orders.replayDeadLetter(merchantOf(c), c.req.valid("param").id);
    switch (outcome.kind) {
      case "replayed":
        return c.json({ deadLetters: [deadLetterDocument(outcome.deadLetter)], next: null }, 200);
      case "dead_letter_not_found":
        return problem(c, "dead_letter_not_found");
      case "unreadable":
        return problem(c, "dead_letter_unreadable");
    }
  },
);

function breakerDocument({ backend, shared, force }: breakers.BreakerReading) {
  const open = shared.state === "open" ? shared : null;
  return {
    backend,
    state: shared.state,
    force,
    epoch: shared.epoch,
    reason: open?.reason ?? null,
    openedAt: open === null ? null : timeOf(open.openedAt_ms),
    retryAt: open === null ? null : timeOf(open.retryAt_ms),
  };
}

operation(
  {
    method: "get",
    path: "/breakers",
    id: "listBreakers",
    tag: "Pipeline",
    summary: "List the breakers",
    description: "One for each backend: whether it is called, and why not.",
    success: { 200: json("The breakers.", merchant.breakersDocument, examples.breakers) },
    problems: [],
  },
  async (c) => {
    const readings = await breakers.readBreakers(merchantOf(c));
    return c.json({ breakers: readings.map(breakerDocument) }, 200);
  },
);

operation(
  {
    method: "put",
    path: "/breakers/{backend}",
    id: "forceBreaker",
    tag: "Pipeline",
    summary: "Force a breaker open or closed",
    description: "`null` lets the breaker decide again.",
    request: {
      params: merchant.backendParameter,
      ...jsonBody(merchant.forceRequest, { force: "open" }),
    },
    success: { 200: json("The breaker.", merchant.breakersDocument, examples.breakers) },
    problems: [],
  },
  async (c) => {
    const { backend } = c.req.valid("param");
    const reading = await breakers.forceBreaker(merchantOf(c), backend, c.req.valid("json").force);
    return c.json({ breakers: [breakerDocument(reading)] }, 200);
  },
);

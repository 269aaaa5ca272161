/**
 * The merchant's routes for orders, dead letters and breakers.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import * as breakers from "../merchant/breakers.ts";
import * as orders from "../merchant/orders.ts";
import type { GateApp } from "../web/gate-app.ts";
import { answers, jsonBody, optionalJsonBody } from "./answers.ts";
import * as documents from "./schemas.ts";
import * as merchant from "./merchant-schemas.ts";
import { merchantOf } from "./merchant-routes.ts";
import { problem } from "./problems.ts";
import { orderAnswer, timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantOrderRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

merchantOrderRoutes.openapi(
  createRoute({
    method: "get",
    path: "/orders",
    summary: "The order book",
    request: { query: merchant.ordersQuery },
    responses: answers({ 200: merchant.ordersDocument }),
  }),
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

merchantOrderRoutes.openapi(
  createRoute({
    method: "get",
    path: "/orders/{id}",
    summary: "One order with its history",
    request: { params: documents.orderParameter },
    responses: answers({ 200: merchant.merchantOrderDocument }),
  }),
  async (c) => {
    const outcome = await orders.readOrder(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind === "order_not_found") return problem(c, "order_not_found");
    const history = outcome.history.map(({ at_ms, ...line }) => ({ ...line, at: timeOf(at_ms) }));
    return c.json({ ...orderAnswer(outcome.order), email: outcome.email, history }, 200);
  },
);

merchantOrderRoutes.openapi(
  createRoute({
    method: "post",
    path: "/orders/{id}/actions",
    summary: "Push an order on, or cancel it",
    request: { params: documents.orderParameter, ...jsonBody(merchant.orderActionRequest) },
    responses: answers({ 200: merchant.merchantOrderDocument }),
  }),
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

merchantOrderRoutes.openapi(
  createRoute({
    method: "get",
    path: "/dead-letters",
    summary: "What the queues gave up on, the newest first",
    request: { query: merchant.deadLettersQuery },
    responses: answers({ 200: merchant.deadLettersDocument }),
  }),
  async (c) => {
    const { after = null, limit } = c.req.valid("query");
    const letters = await orders.readDeadLetters(merchantOf(c), { after, limit });
    const last = letters.length === limit ? letters.at(-1) : undefined;
    const next = last === undefined ? null : merchant.letterPlaceText(last);
    return c.json({ deadLetters: letters.map(deadLetterDocument), next }, 200);
  },
);

merchantOrderRoutes.openapi(
  createRoute({
    method: "post",
    path: "/dead-letters/replay",
    summary: "Send the oldest dead letters again, 100 at most",
    description: "Repeat it while `remaining` is not 0. What was replayed before is passed over.",
    request: optionalJsonBody(merchant.replayAllRequest),
    responses: answers({ 200: merchant.replayedAllDocument }),
  }),
  async (c) => {
    const { queue = null, before } = c.req.valid("json");
    const before_ms = before === undefined ? null : Date.parse(before);
    return c.json(await orders.replayDeadLetters(merchantOf(c), { queue, before_ms }), 200);
  },
);

merchantOrderRoutes.openapi(
  createRoute({
    method: "post",
    path: "/dead-letters/{id}/replay",
    summary: "Send a dead letter again",
    request: { params: z.object({ id: z.string().max(100) }) },
    responses: answers({ 200: merchant.deadLettersDocument }),
  }),
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

merchantOrderRoutes.openapi(
  createRoute({
    method: "get",
    path: "/breakers",
    summary: "Breaker states",
    responses: answers({ 200: merchant.breakersDocument }),
  }),
  async (c) => {
    const readings = await breakers.readBreakers(merchantOf(c));
    return c.json({ breakers: readings.map(breakerDocument) }, 200);
  },
);

merchantOrderRoutes.openapi(
  createRoute({
    method: "put",
    path: "/breakers/{backend}",
    summary: "Force a breaker open or closed, or let it decide again",
    request: { params: merchant.backendParameter, ...jsonBody(merchant.forceRequest) },
    responses: answers({ 200: merchant.breakersDocument }),
  }),
  async (c) => {
    const { backend } = c.req.valid("param");
    const reading = await breakers.forceBreaker(merchantOf(c), backend, c.req.valid("json").force);
    return c.json({ breakers: [breakerDocument(reading)] }, 200);
  },
);

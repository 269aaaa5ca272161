/**
 * The merchant's routes for orders, dead letters and breakers.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import * as breakers from "../merchant/breakers.ts";
import * as orders from "../merchant/orders.ts";
import type { GateApp } from "../web/gate-app.ts";
import * as examples from "./merchant-examples.ts";
import { listedOrderAnswer, merchantOrderAnswer } from "./merchant-order-answers.ts";
import * as documents from "./merchant-order-schemas.ts";
import * as merchant from "./merchant-schemas.ts";
import { json, jsonBody, operationsOf, optionalJsonBody } from "./operation.ts";
import { deadLetterParameter, orderParameter } from "./parameters.ts";
import { merchantOf } from "./merchant-routes.ts";
import { problem } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantOrderRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantOrderRoutes, "merchant");

const CSV_TYPE = "text/csv";

/** The times of a query as a filter names them. */
function searchOf({
  from: from_ms,
  to: to_ms,
  ...filter
}: z.output<typeof documents.orderExportQuery>) {
  return { ...filter, from_ms, to_ms };
}

operation(
  {
    method: "get",
    path: "/orders",
    id: "listOrders",
    tag: "Orders",
    summary: "List orders, the newest first",
    description:
      "By any combination of filters. A projection of events, which may be seconds behind.",
    request: { query: documents.ordersQuery },
    success: { 200: json("A page of orders.", documents.ordersDocument, examples.orders) },
    problems: [],
  },
  async (c) => {
    const { after = null, limit, ...filter } = c.req.valid("query");
    const page = { after, limit };
    const { orders: rows, next } = await orders.readOrders(merchantOf(c), searchOf(filter), page);
    const place = next === null ? null : documents.orderPlaceText(next);
    return c.json({ orders: rows.map(listedOrderAnswer), next: place }, 200);
  },
);

operation(
  {
    method: "get",
    path: "/orders/export",
    id: "exportOrders",
    tag: "Orders",
    summary: "Export orders as CSV",
    description:
      "By the same filters, the newest first: one row for each line of an order, in UTF-8 with a " +
      "byte order mark. An answer that breaks off is not the whole. Columns: `docs/order-book.md`.",
    request: { query: documents.orderExportQuery },
    success: {
      200: {
        description: "The rows after a header.",
        content: { [CSV_TYPE]: { schema: z.string(), example: examples.orderExport } },
      },
    },
    problems: [],
  },
  async (c) => {
    const rows = await orders.exportOrders(merchantOf(c), searchOf(c.req.valid("query")));
    return c.body(rows, 200, {
      "Content-Type": `${CSV_TYPE}; charset=utf-8`,
      "Content-Disposition": 'attachment; filename="orders.csv"',
    });
  },
);

operation(
  {
    method: "get",
    path: "/orders/{id}",
    id: "getOrderHistory",
    tag: "Orders",
    summary: "Get one order, whole, with its history",
    description: "From the order itself, so never behind. Contains what it takes to ship.",
    request: { params: orderParameter },
    success: { 200: json("The order.", documents.merchantOrderDocument, examples.order) },
    problems: ["order_not_found"],
  },
  async (c) => {
    const outcome = await orders.readOrder(merchantOf(c), c.req.valid("param").id);
    if (outcome.kind === "order_not_found") return problem(c, "order_not_found");
    return c.json(merchantOrderAnswer(outcome), 200);
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
      ...jsonBody(documents.orderActionRequest, { action: "retry" }),
    },
    success: { 200: json("Done.", documents.merchantOrderDocument, examples.order) },
    problems: ["order_not_found", "not_cancellable", "order_final"],
  },
  async (c) => {
    const { id } = c.req.valid("param");
    const outcome = await orders.actOnOrder(merchantOf(c), id, c.req.valid("json").action);
    switch (outcome.kind) {
      case "done": {
        const read = await orders.readOrder(merchantOf(c), id);
        if (read.kind === "order_not_found") return problem(c, "order_not_found");
        return c.json(merchantOrderAnswer(read), 200);
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

/**
 * Placing and reading orders.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../domain/limits.ts";
import { placeOrder, viewOrder } from "../shopper/order.ts";
import { carriedOf, withVisitOr, type GateApp } from "../web/gate-app.ts";
import { orderPagePath } from "../web/paths.ts";
import { ADMISSION, DEVICE } from "./credentials.ts";
import * as examples from "./examples.ts";
import { json, jsonBody, operationsOf } from "./operation.ts";
import { orderKeyQuery, orderParameter } from "./parameters.ts";
import * as documents from "./schemas.ts";
import {
  ADMISSION_PROBLEMS,
  LINES_PROBLEMS,
  orderAnswer,
  refuse,
  unreachable,
} from "./shopper-answers.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";

/** Checked by the handler, so that a missing key has a code of its own. */
const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: true,
  description: "The same with every repetition of one order: it gives the same order.",
  schema: { type: "string", minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
  example: "order-7f3a",
} as const;

const withVisit = withVisitOr(unreachable);

export const orderRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(orderRoutes, "shopper");

operation(
  {
    method: "post",
    path: "/orders",
    id: "placeOrder",
    tag: "Checkout",
    summary: "Place an order",
    description: "Needs an admission and an Idempotency-Key; may be repeated with both.",
    security: ADMISSION,
    parameters: [IDEMPOTENCY_KEY, DEVICE],
    request: jsonBody(documents.orderRequest, examples.orderRequest),
    success: {
      202: {
        ...json(
          "Accepted: it reaches exactly one final state.",
          documents.acceptedDocument,
          examples.acceptedOrder,
        ),
        headers: { Location: { description: "The status URL.", schema: { type: "string" } } },
      },
    },
    problems: [
      ...ADMISSION_PROBLEMS,
      ...LINES_PROBLEMS,
      "idempotency_key_required",
      "idempotency_conflict",
      "order_unavailable",
      "order_in_progress",
      "sold_out",
      "admission_spent",
      "sale_over",
    ],
  },
  async (c) => {
    const key = documents.idempotencyKeySchema.safeParse(c.req.header("Idempotency-Key"));
    if (!key.success) {
      const message = "send 1 to 128 visible characters";
      const errors = [{ path: "Idempotency-Key", message }];
      return problem(c, "idempotency_key_required", { errors });
    }
    const request = c.req.valid("json");
    const { origin } = new URL(c.req.url);
    const page = (order: string, viewKey: string): string =>
      `${origin}${orderPagePath(request.sale, order, viewKey)}`;
    return withVisit(c, request.sale, async (visit) => {
      const outcome = await placeOrder(visit, request, key.data, page);
      if (outcome.kind !== "accepted") return refuse(c, visit.sale.id, outcome);
      const { order, viewKey } = outcome;
      const statusUrl = `${origin}/_sluice/v1/orders/${order.id}?key=${viewKey}`;
      return c.json({ order: orderAnswer(order), statusUrl }, 202, { Location: statusUrl });
    });
  },
);

operation(
  {
    method: "get",
    path: "/orders/{id}",
    id: "getOrder",
    tag: "Checkout",
    summary: "Get an order as its buyer",
    description: "By the key in its status URL, or by the admission that placed it.",
    security: [{}, ...ADMISSION],
    parameters: [DEVICE],
    request: { params: orderParameter, query: orderKeyQuery },
    success: { 200: json("The order.", documents.orderDocument, examples.confirmedOrder) },
    problems: ["order_not_found"],
  },
  async (c) => {
    const { id } = c.req.valid("param");
    const key = c.req.valid("query").key ?? null;
    const outcome = await viewOrder(c.get("gate"), id, key, (sale) => carriedOf(c, sale));
    if (outcome.kind === "order_not_found") return problem(c, "order_not_found");
    return c.json(orderAnswer(outcome.order), 200, { "Cache-Control": "no-store" });
  },
);

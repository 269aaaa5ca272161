/**
 * Placing and reading orders.
 */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../domain/limits.ts";
import { placeOrder, viewOrder } from "../shopper/order.ts";
import { carriedOf, withVisitOr, type GateApp } from "../web/gate-app.ts";
import { orderPagePath } from "../web/paths.ts";
import { answers, jsonBody } from "./answers.ts";
import * as documents from "./schemas.ts";
import { ADMISSION } from "./openapi.ts";
import { orderAnswer, refuse, unreachable } from "./shopper-answers.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";

/** Checked by the handler, so that the answer says what is missing by its own code. */
const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: true,
  schema: { type: "string", minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
} as const;

const withVisit = withVisitOr(unreachable);

export const orderRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

orderRoutes.openapi(
  createRoute({
    method: "post",
    path: "/orders",
    summary: "Place an order",
    security: [ADMISSION],
    parameters: [IDEMPOTENCY_KEY],
    description: "Needs an admission and an Idempotency-Key header; may be repeated with both.",
    request: jsonBody(documents.orderRequest),
    responses: answers({ 202: documents.acceptedDocument }),
  }),
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

orderRoutes.openapi(
  createRoute({
    method: "get",
    path: "/orders/{id}",
    summary: "An order, for its buyer",
    security: [{}, ADMISSION],
    request: {
      params: documents.orderParameter,
      query: z.object({ key: z.string().max(100).optional() }),
    },
    responses: answers({ 200: documents.orderDocument }),
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const key = c.req.valid("query").key ?? null;
    const outcome = await viewOrder(c.get("gate"), id, key, (sale) => carriedOf(c, sale));
    if (outcome.kind === "order_not_found") return problem(c, "order_not_found");
    return c.json(orderAnswer(outcome.order), 200, { "Cache-Control": "no-store" });
  },
);

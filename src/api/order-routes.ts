/**
 * Placing and reading orders.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { isGuessable } from "../domain/key-shape.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../domain/limits.ts";
import { giveUpOrder, orderPlacedBefore, placeOrder, viewOrder } from "../shopper/order.ts";
import { quote } from "../shopper/quote.ts";
import { carriedOf, withShopVisitOr, type GateApp } from "../web/gate-app.ts";
import { orderPagePath } from "../web/paths.ts";
import { isOverSubjectLimit, RATE_LIMIT_RETRY_S } from "../web/rate-limits.ts";
import { quoteAnswer } from "./checkout-refusals.ts";
import { ADMISSION, DEVICE } from "./credentials.ts";
import * as examples from "./examples.ts";
import { json, jsonBody, operationsOf } from "./operation.ts";
import {
  EXAMPLE_KEY,
  GUESSABLE_KEY,
  orderKeyQuery,
  orderParameter,
  saleParameter,
} from "./parameters.ts";
import * as documents from "./schemas.ts";
import {
  ADMISSION_PROBLEMS,
  QUOTE_PROBLEMS,
  UNPAID_PROBLEMS,
  orderAnswer,
  refuse,
  unreachable,
} from "./shopper-answers.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";
import { publicOrigin } from "../web/public-origin.ts";

/** Checked by the handler, so that a missing key has a code of its own. */
const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: true,
  description:
    "The same with every repetition of one order, and 128 random bits: it gives the same order, " +
    "to the shopper who placed it.",
  schema: { type: "string", minLength: 22, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
  example: EXAMPLE_KEY,
} as const;

const withVisit = withShopVisitOr(unreachable);

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
      ...QUOTE_PROBLEMS,
      ...UNPAID_PROBLEMS,
      "invalid_request",
      "price_changed",
      "idempotency_key_required",
      "idempotency_key_guessable",
      "idempotency_conflict",
      "order_unavailable",
      "order_in_progress",
      "sold_out",
      "admission_spent",
      "too_many_declines",
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
    const origin = publicOrigin(c.req.url, c.env);
    const page = (order: string, viewKey: string): string =>
      `${origin}${orderPagePath(request.sale, order, viewKey)}`;
    return withVisit(c, request.sale, async (visit) => {
      // A shop's server is known by its key, and may send the shop's own ids.
      const isWeak = c.get("server") === undefined && isGuessable(key.data);
      const outcome = isWeak
        ? await orderPlacedBefore(visit, request, key.data)
        : await placeOrder(visit, request, key.data, page);
      // A release before took such keys; what was placed with one is answered again.
      if (outcome === null) return problem(c, "idempotency_key_guessable", GUESSABLE_KEY);
      if (outcome.kind !== "accepted") return refuse(c, visit.sale.id, outcome);
      const { order, viewKey } = outcome;
      const statusUrl = `${origin}/_sluice/v1/orders/${order.id}?key=${viewKey}`;
      return c.json({ order: orderAnswer(order), statusUrl }, 202, { Location: statusUrl });
    });
  },
);

operation(
  {
    method: "post",
    path: "/sales/{sale}/quotes",
    id: "quoteLines",
    tag: "Checkout",
    summary: "Get what lines cost",
    description:
      "Items, discount, delivery, tax and total. Reserves and counts nothing; an order states " +
      "the total of a quote as `expectedTotal`.",
    security: ADMISSION,
    parameters: [DEVICE],
    request: { params: saleParameter, ...jsonBody(documents.quoteRequest, examples.quoteRequest) },
    success: { 200: json("The quote.", documents.quoteDocument, examples.quote) },
    problems: [...ADMISSION_PROBLEMS, ...QUOTE_PROBLEMS],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const { lines, country = null, delivery = null, discountCode = null } = c.req.valid("json");
    return withVisit(c, sale, async (visit) => {
      const outcome = await quote(visit, { lines, country, delivery, discountCode });
      if (outcome.kind !== "quoted") return refuse(c, sale, outcome);
      return c.json(quoteAnswer(outcome.quote), 200, { "Cache-Control": "no-store" });
    });
  },
);

operation(
  {
    method: "post",
    path: "/orders/{id}/actions",
    id: "actOnOwnOrder",
    tag: "Checkout",
    summary: "Give up the payment of an order",
    description:
      "To pay another way: the payment is voided, the order ends `declined` with the reason " +
      "`given_up`, and its items return to the cart until the hold ends. Safe to repeat.",
    security: [{}, ...ADMISSION],
    parameters: [DEVICE],
    request: {
      params: orderParameter,
      query: orderKeyQuery,
      ...jsonBody(documents.ownOrderAction, { action: "give_up" }),
    },
    success: { 200: json("The order.", documents.orderDocument, examples.confirmedOrder) },
    problems: ["order_not_found", "rate_limited", "too_late_to_give_up", "order_unavailable"],
  },
  async (c) => {
    const { id } = c.req.valid("param");
    const key = c.req.valid("query").key ?? null;
    const gate = c.get("gate");
    const seen = await viewOrder(gate, id, key, (sale) => carriedOf(c, sale));
    if (seen.kind === "order_not_found") return problem(c, "order_not_found");
    // Only the order says whose it is, so its shopper was not counted before.
    if (await isOverSubjectLimit(c.env, seen.order.sale, seen.buyer)) {
      return problem(c, "rate_limited", { retryAfter_s: RATE_LIMIT_RETRY_S });
    }
    const outcome = await giveUpOrder(gate, seen);
    switch (outcome.kind) {
      case "giving_up":
        return c.json(orderAnswer(outcome.order), 200, { "Cache-Control": "no-store" });
      case "order_not_found":
        return problem(c, "order_not_found");
      default:
        return refuse(c, "", outcome);
    }
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

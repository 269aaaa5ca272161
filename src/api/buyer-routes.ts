/**
 * The merchant's routes that erase a buyer everywhere, and export what there is of one.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { eraseBuyer, exportBuyer } from "../merchant/buyers.ts";
import type { GateApp } from "../web/gate-app.ts";
import {
  buyerExportDocument,
  buyerPlaceText,
  buyerRequest,
  erasureDocument,
  erasureExample,
  KEPT,
  selectionOf,
} from "./buyer-schemas.ts";
import * as examples from "./merchant-examples.ts";
import { merchantOrderAnswer } from "./merchant-order-answers.ts";
import { merchantOf } from "./merchant-routes.ts";
import { json, jsonBody, operationsOf } from "./operation.ts";
import { problem } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const buyerRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(buyerRoutes, "merchant");

const REQUEST = jsonBody(buyerRequest, { email: "ada@example.com" });

operation(
  {
    method: "post",
    path: "/buyers/erasures",
    id: "eraseBuyer",
    tag: "Orders",
    summary: "Erase a buyer by e-mail address, order or subject",
    description:
      "From orders, the order book, events, dead letters, mails, stocks and reminders; webhooks " +
      "get `buyer.erased` for each order. Repeat it with `after` while `next` is not null; it is " +
      "safe to begin again. Amounts, units and states stay.",
    request: REQUEST,
    success: { 200: json("What was touched.", erasureDocument, erasureExample) },
    problems: ["invalid_request"],
  },
  async (c) => {
    const { after = null, ...asked } = c.req.valid("json");
    const selection = selectionOf(asked);
    if (selection === null) return problem(c, "invalid_request");
    const { orders, next, ...counts } = await eraseBuyer(merchantOf(c), selection, after);
    const isErased = orders.every(({ outcome }) => outcome.endsWith("erased"));
    const answer = {
      done: next === null && isErased,
      orders: [...orders],
      ...counts,
      kept: [...KEPT],
      next: next === null ? null : buyerPlaceText(next),
    };
    return c.json(answer, 200);
  },
);

operation(
  {
    method: "post",
    path: "/buyers/exports",
    id: "exportBuyer",
    tag: "Orders",
    summary: "Export what there is of a buyer, as JSON",
    description:
      "The same selection as an erasure: orders whole, with history and mails, and reminders. " +
      "Repeat it with `after` while `next` is not null.",
    request: REQUEST,
    success: {
      200: json("A part of the copy.", buyerExportDocument, {
        orders: [examples.order],
        reminders: [],
        next: null,
      }),
    },
    problems: ["invalid_request"],
  },
  async (c) => {
    const { after = null, ...asked } = c.req.valid("json");
    const selection = selectionOf(asked);
    if (selection === null) return problem(c, "invalid_request");
    const { orders, reminders, next } = await exportBuyer(merchantOf(c), selection, after);
    c.header("Cache-Control", "no-store");
    const answer = {
      orders: orders.map(merchantOrderAnswer),
      reminders: reminders.map(({ createdAt_ms, ...reminder }) => {
        return { ...reminder, createdAt: timeOf(createdAt_ms) };
      }),
      next: next === null ? null : buyerPlaceText(next),
    };
    return c.json(answer, 200);
  },
);

/**
 * The merchant's refunds of confirmed orders.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import {
  IDEMPOTENCY_KEY_LENGTH_MAX,
  LINES_PER_CART_MAX,
  QUANTITY_PER_LINE_MAX,
  REFUND_REASON_LENGTH_MAX,
} from "../domain/limits.ts";
import { amountFaultText } from "../domain/money/amounts.ts";
import { identifierSchema } from "../domain/sale/sale.ts";
import { readOrder } from "../merchant/orders.ts";
import { refundOrder } from "../merchant/refunds.ts";
import type { GateApp } from "../web/gate-app.ts";
import * as examples from "./merchant-examples.ts";
import { merchantOrderAnswer } from "./merchant-order-answers.ts";
import { merchantOrderDocument } from "./merchant-order-schemas.ts";
import { merchantOf } from "./merchant-routes.ts";
import { json, operationsOf, optionalJsonBody } from "./operation.ts";
import { orderParameter } from "./parameters.ts";
import { problem } from "./problems.ts";
import { idempotencyKeySchema } from "./schemas.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantRefundRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantRefundRoutes, "merchant");

const KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: true,
  description: "The same with every repetition of one refund: it is made once.",
  schema: { type: "string", minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
  example: "return-4711",
} as const;

const refundRequest = z
  .strictObject({
    amount: z
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe("In the currency's minor unit; absent: all that is left."),
    reason: z
      .string()
      .trim()
      .min(1)
      .max(REFUND_REASON_LENGTH_MAX)
      .optional()
      .describe("For the order's history; buyers do not see it."),
    restock: z
      .array(
        z.strictObject({
          sku: identifierSchema,
          quantity: z.int().min(1).max(QUANTITY_PER_LINE_MAX),
        }),
      )
      .max(LINES_PER_CART_MAX)
      .default([])
      .describe("Units that go back on sale when the refund has succeeded."),
  })
  .openapi("RefundRequest");

operation(
  {
    method: "post",
    path: "/orders/{id}/refunds",
    id: "refundOrder",
    tag: "Orders",
    summary: "Refund a confirmed order, in full or in part",
    description:
      "Durable before the payment provider is called, and made once for its key. " +
      "Its state is in the order's `refunds`, and events tell when it has succeeded or failed.",
    parameters: [KEY],
    request: {
      params: orderParameter,
      ...optionalJsonBody(refundRequest, { amount: 2900, reason: "came back damaged" }),
    },
    success: {
      202: json("Accepted: it ends as succeeded or failed.", merchantOrderDocument, examples.order),
    },
    problems: [
      "idempotency_key_required",
      "idempotency_conflict",
      "order_not_found",
      "not_refundable",
      "refund_too_large",
      "invalid_request",
      "too_many_refunds",
      "restock_too_many",
    ],
  },
  async (c) => {
    const key = idempotencyKeySchema.safeParse(c.req.header(KEY.name));
    if (!key.success) {
      const errors = [{ path: KEY.name, message: "send 1 to 128 visible characters" }];
      return problem(c, "idempotency_key_required", { errors });
    }
    const { id } = c.req.valid("param");
    const outcome = await refundOrder(merchantOf(c), id, key.data, c.req.valid("json"));
    switch (outcome.kind) {
      case "requested":
      case "already_requested": {
        const read = await readOrder(merchantOf(c), id);
        if (read.kind === "order_not_found") return problem(c, "order_not_found");
        return c.json(merchantOrderAnswer(read), 202);
      }
      case "not_refundable":
        return problem(c, "not_refundable", { detail: `It is ${outcome.state}.` });
      case "too_much": {
        const { left } = outcome;
        return problem(c, "refund_too_large", { more: { left } });
      }
      case "not_of_currency": {
        const message = amountFaultText(outcome.fault, outcome.currency);
        const errors = [{ path: "amount", message }];
        return problem(c, "invalid_request", { detail: "Not accepted: amount.", errors });
      }
      case "too_many": {
        const detail = `It has ${outcome.limit}.`;
        return problem(c, "too_many_refunds", { detail });
      }
      case "restock_too_many": {
        const { sku, left } = outcome;
        return problem(c, "restock_too_many", { more: { sku, left } });
      }
      case "idempotency_conflict":
      case "order_not_found":
        return problem(c, outcome.kind);
    }
  },
);

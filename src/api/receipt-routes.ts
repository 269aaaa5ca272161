/**
 * The receipt of an order: as the signed token itself, or in a JSON document.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { readReceipt } from "../shopper/receipt.ts";
import { carriedOf, type GateApp } from "../web/gate-app.ts";
import { ADMISSION, DEVICE } from "./credentials.ts";
import * as examples from "./examples.ts";
import { operationsOf } from "./operation.ts";
import { orderKeyQuery, orderParameter } from "./parameters.ts";
import { problem } from "./problems.ts";
import * as documents from "./schemas.ts";
import { refuseInvalid } from "./validation.ts";

export const receiptRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(receiptRoutes, "shopper");

const JWT = "application/jwt";
const JSON_TYPE = "application/json";

/** The token alone, or in a document for clients that accept only JSON. */
const RECEIPT = {
  description: "The receipt.",
  content: {
    [JWT]: { schema: z.string().openapi("ReceiptToken"), example: examples.TOKEN },
    [JSON_TYPE]: { schema: documents.receiptDocument, example: examples.receipt },
  },
};

operation(
  {
    method: "get",
    path: "/orders/{id}/receipt",
    id: "getReceipt",
    tag: "Checkout",
    summary: "Get the signed receipt of a confirmed order",
    description:
      "By the key in the order's status URL, or by the admission that placed it. A JWT that " +
      "anybody can verify with the keys of this deployment; it shows that the order came from " +
      "its place in line, and names nobody.",
    security: [{}, ...ADMISSION],
    parameters: [DEVICE],
    request: { params: orderParameter, query: orderKeyQuery },
    success: { 200: RECEIPT },
    problems: ["order_not_found", "order_not_confirmed"],
  },
  async (c) => {
    const { id } = c.req.valid("param");
    const key = c.req.valid("query").key ?? null;
    const outcome = await readReceipt(c.get("gate"), id, key, (sale) => carriedOf(c, sale));
    if (outcome.kind !== "receipt") return problem(c, outcome.kind);
    const headers = { "Cache-Control": "no-store", Vary: "Accept" };
    const type = accepts(c, { header: "Accept", supports: [JWT, JSON_TYPE], default: JWT });
    if (type === JSON_TYPE) return c.json({ receipt: outcome.token }, 200, headers);
    const file = `attachment; filename="receipt-${id}.jwt"`;
    const download = { "Content-Type": JWT, "Content-Disposition": file };
    return c.body(outcome.token, 200, { ...headers, ...download });
  },
);

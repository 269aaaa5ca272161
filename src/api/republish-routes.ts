/**
 * The operator's route that writes again what KV mirrors of the sales.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { saleIdSchema } from "../domain/sale/sale.ts";
import { republishSales } from "../merchant/sales.ts";
import type { GateApp } from "../web/gate-app.ts";
import { merchantOf } from "./merchant-routes.ts";
import { json, operationsOf } from "./operation.ts";
import { inQuery } from "./parameters.ts";
import { refuseInvalid } from "./validation.ts";

export const republishRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(republishRoutes, "merchant");

const republishedDocument = z
  .object({
    written: z.int().describe("Sales whose documents and guards this request wrote to KV."),
    next: z
      .string()
      .nullable()
      .describe("`null`: all are written. Else ask again with it as `after`."),
  })
  .openapi("Republished");

operation(
  {
    method: "post",
    path: "/republish",
    id: "republishSales",
    tag: "Sales",
    summary: "Write all sales to KV again",
    description:
      "After KV lost what it shows: each sale's document comes from its room. Safe at any time; " +
      "KV shows it everywhere within a minute.",
    request: {
      query: z.object({ after: inQuery(saleIdSchema, "`next` of the answer before.", "air-two") }),
    },
    success: { 200: json("Written.", republishedDocument, { written: 3, next: null }) },
    problems: [],
  },
  async (c) => {
    const { after = null } = c.req.valid("query");
    const { written, next } = await republishSales(merchantOf(c), after);
    return c.json({ written, next }, 200);
  },
);

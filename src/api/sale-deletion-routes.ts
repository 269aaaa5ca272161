/**
 * The merchant's route that deletes a sale after its end.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { saleIdSchema } from "../domain/sale/sale.ts";
import { deleteSale } from "../merchant/sale-deletion.ts";
import type { GateApp } from "../web/gate-app.ts";
import { merchantOf } from "./merchant-routes.ts";
import { json, operationsOf } from "./operation.ts";
import { inPath, saleParameter } from "./parameters.ts";
import { problem } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const saleDeletionRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(saleDeletionRoutes, "merchant");

const confirmQuery = z.object({
  confirm: inPath(saleIdSchema, "The sale's id again, so that no other is deleted.", "air-two"),
});

const deletedSaleDocument = z
  .object({
    sale: z.string(),
    deleted: z.boolean().describe("`false`: ask again; the rest is deleted then."),
    orders: z.int().describe("Orders whose buyers this request erased; they stay in the book."),
    skus: z.array(
      z.object({
        sku: z.string(),
        units: z
          .enum(["deleted", "shared", "redis"])
          .describe("`shared`: another sale names it. `redis`: they are in the shop's Redis."),
      }),
    ),
  })
  .openapi("DeletedSale");

operation(
  {
    method: "delete",
    path: "/sales/{sale}",
    id: "deleteSale",
    tag: "Sales",
    summary: "Delete a sale that has ended, with all its objects",
    description:
      "Room, booths, places of passes, reminders, discount codes, and units that no other sale " +
      "shares. Orders stay, without their buyers. Answers 202 while there is more to do: repeat " +
      "it. Safe to repeat. Its id is not used again.",
    request: { params: saleParameter, query: confirmQuery },
    success: {
      200: json("Deleted.", deletedSaleDocument, {
        sale: "air-two",
        deleted: true,
        orders: 0,
        skus: [{ sku: "AIR-2", units: "deleted" }],
      }),
      202: json("Begun: repeat it.", deletedSaleDocument, {
        sale: "air-two",
        deleted: false,
        orders: 30,
        skus: [],
      }),
    },
    problems: ["invalid_request", "sale_not_found", "sale_not_ended", "orders_in_progress"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    if (c.req.valid("query").confirm !== sale) {
      const errors = [{ path: "confirm", message: "must be the id in the path" }];
      return problem(c, "invalid_request", { errors });
    }
    const outcome = await deleteSale(merchantOf(c), sale);
    switch (outcome.kind) {
      case "deleted":
        return c.json({ sale, deleted: true, orders: 0, skus: [...outcome.skus] }, 200);
      case "deleting": {
        const { orders } = outcome;
        c.header("Retry-After", "2");
        return c.json({ sale, deleted: false, orders, skus: [] }, 202);
      }
      case "not_ended": {
        const { phase, revealsAt_ms } = outcome;
        const detail = `It is ${phase}; its end is final at ${timeOf(revealsAt_ms)}.`;
        return problem(c, "sale_not_ended", { detail });
      }
      case "orders_in_progress":
        return problem(c, outcome.kind, { more: { orders: outcome.orders } });
      case "sale_not_found":
        return problem(c, outcome.kind);
    }
  },
);

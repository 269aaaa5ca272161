/**
 * The merchant's routes that compare a sale's orders with all that belongs to them, and rebuild the
 * order book from them.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { DIFFERENCE_KINDS, DIFFERENCES } from "../domain/order/audit.ts";
import { identifierSchema } from "../domain/sale/sale.ts";
import { auditSale } from "../merchant/audit.ts";
import { rebuildBook, type LedgerPlace } from "../merchant/book-rebuild.ts";
import type { GateApp } from "../web/gate-app.ts";
import { counters as exampleCounters, seats as exampleSeats } from "./merchant-examples.ts";
import { merchantOf } from "./merchant-routes.ts";
import { counters, seatCounters, sharing } from "./merchant-schemas.ts";
import { json, operationsOf, optionalJsonBody } from "./operation.ts";
import { EXAMPLE_ORDER_ID, inQuery, paging, saleParameter } from "./parameters.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantBookRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantBookRoutes, "merchant");

const PLACE = /^(\d{1,15})-(.+)$/;
const EXAMPLE_PLACE = "214-AIR-2";

function placeText(place: LedgerPlace | null): string | null {
  return place === null ? null : `${place.seq}-${place.sku}`;
}

const ledgerPlace = z
  .string()
  .max(200)
  .transform((text, context): LedgerPlace => {
    const [, seq, name] = PLACE.exec(text) ?? [];
    const sku = identifierSchema.safeParse(name);
    if (seq !== undefined && sku.success) return { seq: Number(seq), sku: sku.data };
    context.addIssue({ code: "custom", message: "is not a `next` of this operation" });
    return z.NEVER;
  })
  .openapi({ type: "string" });

const count = z.int();
const verdict = z
  .boolean()
  .nullable()
  .describe("`null`: not known, because not everything was looked at, or it is just changing.");

const auditDocument = z
  .object({
    sale: z.string(),
    agrees: verdict,
    unknown: z
      .array(z.string())
      .describe("What did not answer: `order_book`, or ids of orders. Ask again."),
    skus: z.array(
      z.object({
        sku: z.string(),
        ...counters,
        agrees: verdict,
        confirmed: count.nullable().describe("Units of confirmed orders, as the book has them."),
        soldInAll: count.describe("Units that this sale sold, restocked ones included."),
        sales: sharing,
      }),
    ),
    orders: z.record(z.string(), count).nullable().describe("By state, as the book has them."),
    looked: count.describe("Orders that this answer compared one by one."),
    settling: count.describe("Orders of the last minute, which were not compared."),
    differences: z.array(
      z.object({
        kind: z.enum(DIFFERENCE_KINDS),
        order: z.string(),
        detail: z.string(),
        next: z.string().describe("What to do."),
      }),
    ),
    next: z.string().nullable().describe(paging.next),
    tickets: count,
    called: count,
    ...seatCounters,
  })
  .openapi("Audit");

operation(
  {
    method: "get",
    path: "/sales/{sale}/audit",
    id: "auditSale",
    tag: "Sales",
    summary: "Compare what must agree",
    description:
      "Units, orders, bookings and payments, each from its owner; what became of every call; and " +
      "each order that differs. Answers a part of the orders; `next` continues.",
    request: {
      params: saleParameter,
      query: z.object({ after: inQuery(ledgerPlace, paging.next, EXAMPLE_PLACE) }),
    },
    success: {
      200: json("What agrees, what does not, and what is not known.", auditDocument, {
        sale: "air-two",
        agrees: false,
        unknown: [],
        skus: [
          {
            sku: "AIR-2",
            ...exampleCounters,
            agrees: false,
            confirmed: 14,
            soldInAll: 15,
            sales: ["air-two"],
          },
        ],
        orders: { confirmed: 14, accepted: 5 },
        looked: 20,
        settling: 0,
        differences: [
          {
            kind: "not_in_book",
            order: EXAMPLE_ORDER_ID,
            detail: "the order is at version 6, confirmed",
            next: DIFFERENCES.not_in_book,
          },
        ],
        next: null,
        tickets: 2047,
        called: 63,
        ...exampleSeats,
      }),
    },
    problems: ["sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const { after = null } = c.req.valid("query");
    const outcome = await auditSale(merchantOf(c), sale, after);
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    const { kind: _, metrics, next, unknown, skus, orders, differences, ...audit } = outcome;
    const { tickets, called, seats } = metrics;
    const lists = { unknown: [...unknown], skus: [...skus], differences: [...differences] };
    const book = orders === null ? null : { ...orders };
    const sums = { orders: book, next: placeText(next), tickets, called, ...seats };
    return c.json({ sale, ...audit, ...lists, ...sums }, 200);
  },
);

const rebuildRequest = z
  .strictObject({
    after: ledgerPlace
      .optional()
      .openapi({ type: "string", description: paging.next, example: EXAMPLE_PLACE }),
  })
  .openapi("BookRebuild");

const rebuiltDocument = z
  .object({
    sale: z.string(),
    looked: count.describe("Orders that were asked."),
    orders: count.describe("Those whose row was missing or older."),
    bookings: count.describe("Bookings that were missing."),
    silent: z.array(z.string()).describe("Orders that did not answer: ask for this part again."),
    next: z.string().nullable().describe(paging.next),
  })
  .openapi("RebuiltBook");

operation(
  {
    method: "post",
    path: "/sales/{sale}/book-rebuilds",
    id: "rebuildOrderBook",
    tag: "Orders",
    summary: "Rebuild the order book of a sale from its orders",
    description:
      "After the database was lost or turned back, also while the sale runs. Answers a part; " +
      "repeat it with `next` until that is null. Safe to repeat. Causes no webhook and no mail.",
    request: {
      params: saleParameter,
      ...optionalJsonBody(rebuildRequest, { after: EXAMPLE_PLACE }),
    },
    success: {
      200: json("A part is rebuilt.", rebuiltDocument, {
        sale: "air-two",
        looked: 20,
        orders: 1,
        bookings: 1,
        silent: [],
        next: null,
      }),
    },
    problems: ["sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const { after = null } = c.req.valid("json");
    const outcome = await rebuildBook(merchantOf(c), sale, after);
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    const { kind: _, silent, next, ...rebuilt } = outcome;
    return c.json({ sale, ...rebuilt, silent: [...silent], next: placeText(next) }, 200);
  },
);

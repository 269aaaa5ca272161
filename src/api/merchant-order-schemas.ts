/**
 * The merchant's documents of orders as zod schemas: they validate requests, and the OpenAPI
 * document is generated from them.
 */
import { z } from "@hono/zod-openapi";
import { emailSchema } from "../domain/buyer/email.ts";
import { EMAIL_LENGTH_MAX, ORDERS_PAGE_ROWS_MAX, TEXT_LENGTH_MAX } from "../domain/limits.ts";
import { MAIL_KINDS, MAIL_STATES } from "../domain/mail/mail.ts";
import { ORDER_STATES } from "../domain/order/messages.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { identifierSchema } from "../domain/sale/sale.ts";
import { EXAMPLE_ORDER_ID, inQuery, paging, saleInQuery, wholeNumber } from "./parameters.ts";
import { amountsOrNull, orderDocument, pricedLineDocument } from "./schemas.ts";

const count = z.int();
const instant = z.iso.datetime();

/** A cursor: the time of placing in base 36, and the id without its prefix. */
const ORDER_PLACE = /^([0-9a-z]{1,10})-([0-9a-f]{40})$/;

/** Where a page of orders ends. */
export function orderPlaceText({ placed_ms, id }: { placed_ms: number; id: string }): string {
  return `${placed_ms.toString(36)}-${id.slice("ord_".length)}`;
}

/** @see orderPlaceText */
export const orderPlace = z
  .string()
  .regex(ORDER_PLACE, "is not a `next` of this list")
  .transform((text) => {
    const [, placed = "", id = ""] = ORDER_PLACE.exec(text) ?? [];
    return { placed_ms: Number.parseInt(placed, 36), id: `ord_${id}` };
  });

const time = z.iso
  .datetime({ abort: true, error: "is not a time in UTC such as 2026-11-27T10:00:00Z" })
  .transform((text) => Date.parse(text));

const isEmail = (text: string): boolean => emailSchema.safeParse(text).success;

const filters = {
  sale: saleInQuery,
  state: inQuery(z.enum(ORDER_STATES), "Only orders in this state.", "confirmed"),
  sku: inQuery(identifierSchema, "Only orders with this SKU.", "AIR-2"),
  email: inQuery(
    z
      .string()
      .max(EMAIL_LENGTH_MAX)
      .refine(isEmail, "is not an e-mail address; a + in it is written %2B"),
    "Only of this buyer, however the address is spelt.",
    "Ann+shoes@shoppers.example",
  ),
  order: inQuery(
    z.string().toLowerCase().regex(ORDER_ID_PATTERN, "is not the id of an order"),
    "Only the order with this id.",
    EXAMPLE_ORDER_ID,
  ),
  reference: inQuery(
    z.string().min(1).max(TEXT_LENGTH_MAX),
    "Only the order with this booking in Sluice's own order book.",
    "B-8F14E45FCEEA",
  ),
  from: inQuery(time, "Only orders placed then or later.", "2026-11-27T10:00:00Z"),
  to: inQuery(time, "Only orders placed before.", "2026-11-28T10:00:00Z"),
};

interface Span {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}
const inOrder = ({ from = 0, to = Number.POSITIVE_INFINITY }: Span): boolean => from < to;
const NOT_IN_ORDER = { path: ["to"], message: "is not after `from`" };

export const ordersQuery = z
  .object({
    ...filters,
    after: orderPlace
      .optional()
      .openapi(paging.after("mihgzx1c-8f14e45fceea167a5a36dedd4bea2543f9b1c0d7")),
    limit: wholeNumber(1, ORDERS_PAGE_ROWS_MAX).default(100).openapi(paging.limit),
  })
  .refine(inOrder, NOT_IN_ORDER);

export const orderExportQuery = z.object(filters).refine(inOrder, NOT_IN_ORDER);

const providerCode = z
  .string()
  .nullable()
  .describe("The provider's code, where the shop's settings kept the payment from being made.");

const listedOrder = z.object({
  id: z.string(),
  sale: z.string(),
  state: z.string(),
  lines: z.array(pricedLineDocument),
  total: count,
  currency: z.string(),
  amounts: amountsOrNull,
  email: z.string(),
  payment: z.string().nullable().describe("The provider's id; null before there is one."),
  reference: z
    .string()
    .nullable()
    .describe("Of the booking; null if it has none in Sluice's own order book."),
  refunded: count.describe("Refunded, or on its way."),
  dispute: z.string().nullable().describe("The provider's state of it."),
  providerCode,
  reason: z.string().nullable(),
  placedAt: instant,
  updatedAt: instant,
});

export const ordersDocument = z
  .object({ orders: z.array(listedOrder), next: z.string().nullable().describe(paging.next) })
  .openapi("Orders");

export const refundDocument = z
  .object({
    id: z.string(),
    amount: count,
    state: z
      .enum(["requested", "unclear", "pending", "succeeded", "failed"])
      .describe("`unclear`: an answer did not show whether it was made, so it is looked up."),
    by: z
      .enum(["merchant", "provider"])
      .describe("`provider`: made at the provider, and read from there."),
    reason: z.string().nullable().describe("As the merchant wrote it."),
    failure: z.string().nullable().describe("The provider's code."),
    restock: z
      .array(z.object({ sku: z.string(), quantity: count }))
      .describe("Units that go back on sale when it has succeeded."),
    providerId: z.string().nullable(),
    requestedAt: instant,
    updatedAt: instant,
  })
  .openapi("Refund");

const disputeDocument = z.object({
  id: z.string(),
  status: z.string().describe("The provider's own, such as `needs_response` or `lost`."),
  closed: z.boolean(),
  amount: count,
  reason: z.string(),
  updatedAt: instant,
});

const address = z.record(z.string(), z.string()).nullable();

export const merchantOrderDocument = orderDocument
  .omit({ action: true, mayGiveUp: true })
  .extend({
    buyer: z.object({
      email: z.string(),
      name: z.string().nullable(),
      phone: z.string().nullable(),
    }),
    shipTo: address.describe("Null where the sale asks for none."),
    billTo: address.describe("Null where the sale asks for none."),
    acceptedTerms: z.object({ url: z.string(), at: instant }).nullable(),
    lane: z.string().nullable().describe("The lane that the buyer came in by."),
    lines: z.array(pricedLineDocument),
    payment: z
      .object({
        id: z.string().describe("The provider's."),
        card: z
          .object({ brand: z.string().nullable(), last4: z.string().nullable() })
          .nullable()
          .describe("Null for other means of payment, and before it is known."),
      })
      .nullable()
      .describe("Null before there is one."),
    booking: z.string().nullable().describe("The reference that the order backend gave."),
    providerCode,
    refunds: z.array(refundDocument).describe("The oldest first, failed ones too."),
    dispute: disputeDocument.nullable(),
    history: z.array(
      z.object({ version: count, at: instant, state: z.string(), reason: z.string().nullable() }),
    ),
    mails: z
      .array(
        z.object({
          kind: z.enum(MAIL_KINDS),
          refund: z.string().nullable().describe("The refund that it is about."),
          state: z.enum(MAIL_STATES),
          reason: z.string().nullable().describe("Why it was not sent."),
          tries: count,
          at: instant.describe("Of the last change of its state."),
        }),
      )
      .nullable()
      .describe("The mails to the buyer; null when the order book does not answer."),
  })
  .openapi("MerchantOrder");

export const orderActionRequest = z
  .strictObject({ action: z.enum(["retry", "cancel"]) })
  .openapi("OrderAction");

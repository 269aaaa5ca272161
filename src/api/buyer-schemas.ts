/**
 * The documents of erasing and exporting buyers.
 */
import { z } from "@hono/zod-openapi";
import { emailSchema } from "../domain/buyer/email.ts";
import { PASS_SUBJECT_LENGTH_MAX } from "../domain/limits.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { saleIdSchema } from "../domain/sale/sale.ts";
import type { BuyerPlace, BuyerSelection } from "../merchant/buyers.ts";
import { merchantOrderDocument, orderPlace, orderPlaceText } from "./merchant-order-schemas.ts";
import { EXAMPLE_ORDER_ID, paging } from "./parameters.ts";

const IN_SALES = "sales-";
const IN_ORDERS = "orders-";

/** Where a part of the work ended. */
export function buyerPlaceText(place: BuyerPlace): string {
  return place.in === "sales"
    ? `${IN_SALES}${place.sale}`
    : `${IN_ORDERS}${orderPlaceText(place.place)}`;
}

const buyerPlace = z.string().transform((text, context): BuyerPlace => {
  if (text.startsWith(IN_SALES)) return { in: "sales", sale: text.slice(IN_SALES.length) };
  const parsed = orderPlace.safeParse(text.slice(IN_ORDERS.length));
  if (text.startsWith(IN_ORDERS) && parsed.success) return { in: "orders", place: parsed.data };
  context.addIssue({ code: "custom", message: "is not a `next` of this operation" });
  return z.NEVER;
});

const WAYS = "give one of: email; order; sale and subject";

/** In the body, because addresses do not belong into a URL. */
export const buyerRequest = z
  .strictObject({
    email: emailSchema.optional().describe("Every order of this mailbox, however it is spelt."),
    order: z.string().regex(ORDER_ID_PATTERN, "is no order id").optional(),
    sale: saleIdSchema.optional().describe("With `subject`."),
    subject: z
      .string()
      .min(1)
      .max("pass:".length + PASS_SUBJECT_LENGTH_MAX)
      .optional()
      .describe("As tokens name it; of a pass, `pass:` and its `sub`."),
    after: buyerPlace.optional().openapi({
      type: "string",
      description: "`next` of the answer before.",
      example: "sales-air-two",
    }),
  })
  .refine((asked) => selectionOf(asked) !== null, WAYS)
  .openapi("BuyerRequest");

/** Null where none or several are given. */
export function selectionOf({
  email,
  order,
  sale,
  subject,
}: {
  readonly email?: string | undefined;
  readonly order?: string | undefined;
  readonly sale?: string | undefined;
  readonly subject?: string | undefined;
}): BuyerSelection | null {
  const isSubject = sale !== undefined && subject !== undefined;
  if ((sale === undefined) !== (subject === undefined)) return null;
  if ([email !== undefined, order !== undefined, isSubject].filter(Boolean).length !== 1) {
    return null;
  }
  if (email !== undefined) return { by: "email", email };
  if (order !== undefined) return { by: "order", order };
  return isSubject ? { by: "subject", sale, subject } : null;
}

export const erasureDocument = z
  .object({
    done: z.boolean().describe("Nothing is left to ask for, and every order is erased."),
    orders: z.array(
      z.object({
        order: z.string(),
        outcome: z
          .enum(["erased", "already_erased", "waiting", "silent"])
          .describe(
            "`waiting`: it erases itself when it has ended. `silent`: no answer; ask again.",
          ),
      }),
    ),
    reminders: z.int().describe("Addresses that waited for a mail about a turn."),
    turnMails: z.int().describe("Records of such mails that name the address no more."),
    kept: z.array(z.string()).describe("What stays of an order, for the accounts."),
    next: z.string().nullable().describe(paging.next),
  })
  .openapi("BuyerErasure");

export const buyerExportDocument = z
  .object({
    orders: z.array(merchantOrderDocument),
    reminders: z.array(
      z.object({ sale: z.string(), email: z.string(), createdAt: z.iso.datetime() }),
    ),
    next: z.string().nullable().describe(paging.next),
  })
  .openapi("BuyerExport");

export const KEPT = [
  "id",
  "times",
  "state",
  "lines",
  "amounts",
  "currency",
  "payment",
  "booking",
  "refunds",
  "dispute",
] as const;

export const erasureExample = {
  done: false,
  orders: [{ order: EXAMPLE_ORDER_ID, outcome: "erased" as const }],
  reminders: 0,
  turnMails: 0,
  kept: [...KEPT],
  next: "sales-",
};

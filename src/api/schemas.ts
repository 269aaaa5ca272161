/**
 * The shopper's documents as zod schemas: they validate requests, and the OpenAPI document is
 * generated from them. Times are RFC 3339 UTC, durations end in `_s`, money is an integer in the
 * minor unit of `domain/money/currencies.ts`.
 */
import { z } from "@hono/zod-openapi";
import {
  IDEMPOTENCY_KEY_LENGTH_MAX,
  IDENTIFIER_LENGTH_MAX,
  LINES_PER_CART_MAX,
  OFFER_NAME_LENGTH,
  PAYMENT_TOKEN_PATTERN,
  PROOF_LENGTH_MAX,
  QUANTITY_PER_LINE_MAX,
  RETURN_PATH_LENGTH_MAX,
  TEXT_LENGTH_MAX,
  TOKEN_LENGTH_MAX,
} from "../domain/limits.ts";
import { emailSchema } from "../domain/buyer/email.ts";
import { addressSchema, buyerSchema } from "../domain/checkout/particulars.ts";
import { ORDER_STATES } from "../domain/order/messages.ts";
import { countrySchema, taxSchema } from "../domain/sale/checkout-rules.ts";
import { protectionSchema } from "../domain/sale/protection.ts";
import { replaySchema } from "../domain/sale/device-binding.ts";
import { identifierSchema, saleIdSchema } from "../domain/sale/sale.ts";
import { SHOPPER_STATES } from "../domain/room/standing.ts";

const count = z.int();
const money = count.describe("In the currency's minor unit, as in Stripe's table.");
const instant = z.iso.datetime();

export const problemDocument = z
  .object({
    type: z.string().describe("Where the problem is explained."),
    title: z.string().describe("The problem in a few words, the same each time."),
    status: z.int().describe("The HTTP status."),
    code: z.string().describe("Stable: clients decide by it and need not read prose."),
    detail: z.string().describe("What to do next."),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("Fields that were not accepted, by their path in the request."),
  })
  .describe("A problem of RFC 9457 with a stable code.")
  .openapi("Problem");

const shownUnits = count
  .nullable()
  .describe('Units; null unless the sale has `stockDisplay: "exact"`.');
const levelShape = {
  level: z.enum(["plenty", "low", "out"]),
  available: shownUnits,
  mayReturn: z
    .boolean()
    .optional()
    .describe("None is available, and units in carts or in orders in progress may come back."),
};

const shownStock = z.object({ sku: z.string(), ...levelShape });
export const stockLevel = shownStock.extend({ available: count });

export const statusDocument = z
  .object({
    state: z.enum(SHOPPER_STATES),
    lane: z.string(),
    cohort: count.nullable(),
    rank: count
      .nullable()
      .describe("Place in the lane's whole line, 0 first; null until the cohort has closed."),
    position: count.nullable().describe("1 is the next to be called."),
    called: count.describe("Ranks called in this lane so far."),
    wait: z
      .object({ low_s: z.number(), high_s: z.number() })
      .nullable()
      .describe("An estimate, in seconds."),
    pollAfter_s: z.number().describe("When to ask again."),
    stock: z.array(shownStock),
    odds: z
      .number()
      .nullable()
      .describe("Estimated chance, 0 to 1, of a turn while something is left and before the end."),
    message: z.string().nullable().describe("The merchant's message to everybody."),
    stale: z.boolean().describe("The room did not answer; this is the last that was seen."),
    at: instant,
  })
  .openapi("Status");

const publicCheckout = z
  .object({
    address: z.enum(["none", "billing", "shipping"]).describe("The address an order must state."),
    phone: z.enum(["none", "optional", "required"]),
    countries: z.array(z.string()).describe("Where the shop sells to; empty: everywhere."),
    delivery: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        price: money.nullable().describe("Null: only in the countries of `prices`."),
        prices: z.record(z.string(), count).describe("By country, where it is another."),
        tax: taxSchema.nullable(),
      }),
    ),
    terms: z
      .object({ url: z.string(), text: z.string().nullable() })
      .nullable()
      .describe("What a buyer must accept."),
    paymentMethods: z.array(z.string()).describe("Stripe's names; empty: what the account offers."),
    page: z.string().nullable().describe("The shop's own checkout page."),
    payment: z
      .object({ publishableKey: z.string(), scriptUrl: z.string() })
      .nullable()
      .describe("For Stripe.js; null where the deployment has no publishable key."),
  })
  .describe("What a checkout page asks for and shows.");

export const publicSaleDocument = z
  .object({
    id: z.string(),
    title: z.string(),
    currency: z.string(),
    currencyDigits: count.describe("Decimals of an amount, as in Stripe's table: 12900 is 129.00."),
    phase: z.enum(["scheduled", "prequeue", "live", "ended"]),
    paused: z.boolean(),
    soldOut: z.boolean(),
    opensAt: instant,
    startsAt: instant,
    endsAt: instant,
    items: z.array(
      z.object({
        sku: z.string(),
        name: z.string(),
        price: money,
        limitPerBuyer: count,
        tax: taxSchema.nullable().describe("Null: the merchant states none."),
        stock: z.object(levelShape),
      }),
    ),
    checkout: publicCheckout,
    lanes: z.array(z.string()),
    method: z.enum(["lottery", "fifo"]),
    session_s: z.number(),
    hold_s: z.number(),
    fairness: z.object({
      commitment: z.string(),
      algorithm: z.string(),
      beacon: z.string().nullable().describe("The chain's hash, as in the fairness document."),
    }),
    protection: protectionSchema,
    replay: replaySchema,
    message: z.string().nullable(),
    at: instant,
  })
  .openapi("Sale");

export const joinRequest = z
  .strictObject({
    pass: z.string().max(TOKEN_LENGTH_MAX).optional().describe("A pass that the merchant signed."),
    proof: z
      .string()
      .max(PROOF_LENGTH_MAX)
      .optional()
      .describe("Where the sale requires one: the widget's token, or ALTCHA's payload."),
  })
  .openapi("JoinRequest");

export const challengeDocument = z
  .object({
    parameters: z.object({
      algorithm: z.string(),
      nonce: z.string(),
      salt: z.string(),
      cost: count,
      memoryCost: count.optional(),
      parallelism: count.optional(),
      keyLength: count,
      keyPrefix: z.string(),
      keySignature: z.string(),
      expiresAt: count,
      data: z.object({ sale: z.string(), kid: z.string() }),
    }),
    signature: z.string(),
  })
  .describe("In the form that ALTCHA's widget and libraries take.")
  .openapi("Challenge");

export const ticketDocument = z
  .object({ ticket: z.string(), status: statusDocument })
  .openapi("Ticket");

export const admissionDocument = z
  .object({ admission: z.string(), expiresAt: instant, status: statusDocument })
  .openapi("Admission");

/** A ticket to wait with, or when nobody waits an admission at once. */
export const joinedDocument = z.union([ticketDocument, admissionDocument]);

const lineRequest = z.strictObject({
  sku: identifierSchema,
  quantity: z.int().min(1).max(QUANTITY_PER_LINE_MAX),
});

export const cartRequest = z
  .strictObject({ lines: z.array(lineRequest).max(LINES_PER_CART_MAX) })
  .openapi("CartRequest");

export const cartDocument = z
  .object({
    lines: z.array(
      z.object({ sku: z.string(), quantity: count, outcome: z.enum(["held", "already_held"]) }),
    ),
    holdsUntil: instant.nullable().describe("Null when nothing is held."),
  })
  .openapi("Cart");

export const heldCartDocument = z
  .object({
    lines: z.array(z.object({ sku: z.string(), name: z.string(), quantity: count, price: money })),
    holdsUntil: instant.nullable().describe("Null when nothing is held."),
  })
  .openapi("HeldCart");
export const reminderRequest = z.strictObject({ email: emailSchema }).openapi("ReminderRequest");
export const reminderDocument = z.object({ email: z.string() }).openapi("Reminder");

export const idempotencyKeySchema = z
  .string()
  .min(1)
  .max(IDEMPOTENCY_KEY_LENGTH_MAX)
  .regex(/^[\x21-\x7e]+$/);

const minorUnits = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const orderedLine = lineRequest.extend({
  price: minorUnits.optional().describe("The unit price that was shown."),
});

const deliveryId = z.string().min(1).max(IDENTIFIER_LENGTH_MAX).describe("A delivery option's id.");
const discountCode = z.string().min(1).max(TEXT_LENGTH_MAX).describe("As the shopper typed it.");
const token = z
  .string()
  .regex(PAYMENT_TOKEN_PATTERN, "must be 1 to 200 visible ASCII characters without a space");

export const orderRequest = z
  .strictObject({
    sale: saleIdSchema,
    lines: z.array(orderedLine).min(1).max(LINES_PER_CART_MAX),
    expectedTotal: minorUnits.describe(
      "The total that the buyer was shown. If it is another now, the answer is `price_changed`.",
    ),
    offer: z
      .string()
      .min(1)
      .max(OFFER_NAME_LENGTH)
      .optional()
      .describe(
        "`offer` of the quote that was shown. If names, delivery or terms changed since, the " +
          "answer is `price_changed` too.",
      ),
    buyer: buyerSchema,
    payment: z
      .union(
        [
          z.strictObject({ method: token.describe("The provider's id of a means of payment.") }),
          z.strictObject({
            confirmationToken: token.describe("Of Stripe.js, `createConfirmationToken`."),
          }),
        ],
        { error: "give either method or confirmationToken, as text" },
      )
      .describe("How it is paid."),
    shipTo: addressSchema.optional().describe("Where the sale asks for a shipping address."),
    billTo: addressSchema.optional().describe("Where the sale asks for a billing address."),
    delivery: deliveryId.optional(),
    discountCode: discountCode.optional(),
    acceptedTerms: z.boolean().optional().describe("True where the sale has terms to accept."),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(RETURN_PATH_LENGTH_MAX)
      .optional()
      .describe("Where the buyer's bank sends them back to; its host is one the sale allows."),
  })
  .openapi("OrderRequest");

export const amountsDocument = z
  .object({
    items: count,
    discount: count,
    delivery: count,
    tax: count.describe("Added to the total."),
    taxIncluded: count.describe("Contained in the prices."),
    total: count.describe("items − discount + delivery + tax"),
  })
  .openapi("Amounts");

/** A union, because `nullable()` would make null of the component itself, so of a quote's too. */
export const amountsOrNull = z
  .union([amountsDocument, z.null()])
  .describe("Null in orders of the first versions.");

const deliveryDocument = z.object({ id: z.string(), name: z.string(), price: count });

export const pricedLineDocument = z.object({
  sku: z.string(),
  name: z.string(),
  quantity: count,
  price: count.describe("Of one unit."),
  discount: count.describe("Of the whole line."),
  tax: count.describe("Added, for the whole line."),
  taxIncluded: count.describe("Contained, in the whole line."),
});

export const quoteRequest = z
  .strictObject({
    lines: z.array(lineRequest).min(1).max(LINES_PER_CART_MAX),
    country: countrySchema.optional().describe("Of the address, once it is known."),
    delivery: deliveryId.optional(),
    discountCode: discountCode.optional(),
  })
  .openapi("QuoteRequest");

export const quoteDocument = z
  .object({
    currency: z.string(),
    lines: z.array(pricedLineDocument),
    amounts: amountsDocument,
    delivery: deliveryDocument.nullable(),
    deliveryOptions: z.array(deliveryDocument).describe("What the country has to choose from."),
    missing: z
      .array(z.enum(["country", "delivery"]))
      .describe("What the total still depends on; an order needs them."),
    discount: z.object({ hint: z.string() }).nullable(),
    offer: z.string().describe("Names the items, delivery and terms; an order may state it."),
  })
  .openapi("Quote");

export const orderDocument = z
  .object({
    id: z.string(),
    sale: z.string(),
    state: z.enum(ORDER_STATES),
    final: z.boolean().describe("The state does not change any more."),
    lines: z.array(z.object({ sku: z.string(), name: z.string(), quantity: count, price: count })),
    total: count,
    currency: z.string(),
    amounts: amountsOrNull,
    delivery: z.object({ id: z.string(), name: z.string() }).nullable(),
    discountHint: z.string().nullable().describe("The discount code, shortened."),
    refunded: count.describe("Refunded, or on its way."),
    refunds: z.array(
      z.object({ amount: count, state: z.enum(["pending", "succeeded"]), at: instant }),
    ),
    placedAt: instant,
    updatedAt: instant,
    action: z
      .union([
        z.object({ kind: z.literal("redirect"), url: z.string(), until: instant }),
        z.object({
          kind: z.literal("script"),
          clientSecret: z.string().describe("For Stripe.js, `handleNextAction`."),
          until: instant,
        }),
      ])
      .optional()
      .describe("What the buyer must do for the payment to go on, and until when."),
    mayGiveUp: z.boolean().describe("The payment can be given up, to pay another way."),
    delayed: z
      .literal(true)
      .optional()
      .describe("A service is slow or down: the order waits and keeps its items."),
    reason: z.string().optional(),
  })
  .openapi("Order");

export const ownOrderAction = z
  .strictObject({ action: z.literal("give_up") })
  .openapi("OwnOrderAction");

export const acceptedDocument = z
  .object({
    order: orderDocument,
    statusUrl: z.string().describe("Where the buyer reads the order, with a key."),
  })
  .openapi("AcceptedOrder");

export const receiptDocument = z
  .object({ receipt: z.string().describe("A JWT; docs/fairness.md says what is in it.") })
  .openapi("Receipt");

/**
 * The shopper's documents as zod schemas: they validate requests, and the OpenAPI document is
 * generated from them. Times are RFC 3339 UTC, durations end in `_s`, money is an integer in minor
 * units.
 */
import { z } from "@hono/zod-openapi";
import {
  EMAIL_LENGTH_MAX,
  IDEMPOTENCY_KEY_LENGTH_MAX,
  LINES_PER_CART_MAX,
  PROOF_LENGTH_MAX,
  QUANTITY_PER_LINE_MAX,
  TEXT_LENGTH_MAX,
  TOKEN_LENGTH_MAX,
} from "../domain/limits.ts";
import { ORDER_STATES } from "../domain/order/messages.ts";
import { protectionSchema } from "../domain/sale/protection.ts";
import { replaySchema } from "../domain/sale/device-binding.ts";
import { identifierSchema, saleIdSchema } from "../domain/sale/sale.ts";
import { SHOPPER_STATES } from "../domain/room/standing.ts";

const count = z.int();
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

export const stockLevel = z.object({
  sku: z.string(),
  level: z.enum(["plenty", "low", "out"]),
  available: count,
});

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
    stock: z.array(stockLevel),
    odds: z
      .number()
      .nullable()
      .describe("Estimated chance, 0 to 1, that the turn comes while something is left."),
    message: z.string().nullable().describe("The merchant's message to everybody."),
    stale: z.boolean().describe("The room did not answer; this is the last that was seen."),
    at: instant,
  })
  .openapi("Status");

export const publicSaleDocument = z
  .object({
    id: z.string(),
    title: z.string(),
    currency: z.string(),
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
        price: count,
        limitPerBuyer: count,
        stock: z.object({ level: z.enum(["plenty", "low", "out"]), available: count }),
      }),
    ),
    lanes: z.array(z.string()),
    method: z.enum(["lottery", "fifo"]),
    session_s: z.number(),
    hold_s: z.number(),
    fairness: z.object({ commitment: z.string(), algorithm: z.string() }),
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

export const idempotencyKeySchema = z
  .string()
  .min(1)
  .max(IDEMPOTENCY_KEY_LENGTH_MAX)
  .regex(/^[\x21-\x7e]+$/);

const text = z.string().min(1).max(TEXT_LENGTH_MAX);

export const orderRequest = z
  .strictObject({
    sale: saleIdSchema,
    lines: z.array(lineRequest).min(1).max(LINES_PER_CART_MAX),
    buyer: z.strictObject({ email: z.email().max(EMAIL_LENGTH_MAX), name: text.optional() }),
    payment: z.strictObject({ method: z.string().min(1).max(TEXT_LENGTH_MAX) }),
    shipTo: z
      .record(z.string().max(40), text)
      .refine((fields) => Object.keys(fields).length <= 20, "has more than 20 fields")
      .optional(),
  })
  .openapi("OrderRequest");

export const orderDocument = z
  .object({
    id: z.string(),
    sale: z.string(),
    state: z.enum(ORDER_STATES),
    final: z.boolean().describe("The state does not change any more."),
    lines: z.array(z.object({ sku: z.string(), name: z.string(), quantity: count, price: count })),
    total: count,
    currency: z.string(),
    placedAt: instant,
    updatedAt: instant,
    action: z
      .object({ kind: z.literal("redirect"), url: z.string() })
      .optional()
      .describe("What the shopper must do for the payment to go on."),
    delayed: z
      .literal(true)
      .optional()
      .describe("A service is slow or down: the order waits and keeps its items."),
    reason: z.string().optional(),
  })
  .openapi("Order");

export const acceptedDocument = z
  .object({
    order: orderDocument,
    statusUrl: z.string().describe("Where the buyer reads the order, with a key."),
  })
  .openapi("AcceptedOrder");

export const manifestDocument = z
  .object({
    sale: z.string(),
    lane: z.string(),
    k: count,
    base: count,
    counts: z.array(count),
    seed: z.string(),
  })
  .openapi("CohortManifest");

export const fairnessDocument = z
  .object({
    sale: z.string(),
    commitment: z.string(),
    algorithm: z.string(),
    secret: z.string().nullable().describe("Null until the sale has ended."),
  })
  .openapi("Fairness");

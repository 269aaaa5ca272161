/**
 * The JSON documents of the API as zod schemas: they validate what comes in, and the OpenAPI
 * document is generated from them. Times are RFC 3339 UTC, durations end in `_s`, money is an
 * integer in minor units.
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
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi("Problem");

export const saleParameter = z.object({ sale: saleIdSchema });
export const orderParameter = z.object({ id: z.string().max(64) });

export const cohortParameters = z.object({
  sale: saleIdSchema,
  lane: saleIdSchema,
  k: z.coerce.number().int().min(0).max(0xffffffff),
});

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
    rank: count.nullable(),
    position: count.nullable(),
    called: count,
    wait: z.object({ low_s: z.number(), high_s: z.number() }).nullable(),
    pollAfter_s: z.number(),
    stock: z.array(stockLevel),
    odds: z.number().nullable(),
    message: z.string().nullable(),
    stale: z.boolean(),
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
    pass: z.string().max(TOKEN_LENGTH_MAX).optional(),
    /** Where the sale asks for one: the widget's token, or ALTCHA's payload. */
    proof: z.string().max(PROOF_LENGTH_MAX).optional(),
  })
  .openapi("JoinRequest");

/** As ALTCHA's widget and libraries take it. */
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
    holdsUntil: instant.nullable(),
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
    final: z.boolean(),
    lines: z.array(z.object({ sku: z.string(), name: z.string(), quantity: count, price: count })),
    total: count,
    currency: z.string(),
    placedAt: instant,
    updatedAt: instant,
    action: z.object({ kind: z.literal("redirect"), url: z.string() }).optional(),
    /** The payment or the order service is slow or down: the order waits and keeps its items. */
    delayed: z.literal(true).optional(),
    reason: z.string().optional(),
  })
  .openapi("Order");

export const acceptedDocument = z
  .object({ order: orderDocument, statusUrl: z.string() })
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
    secret: z.string().nullable(),
  })
  .openapi("Fairness");

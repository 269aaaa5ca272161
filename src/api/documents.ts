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
  MESSAGE_LENGTH_MAX,
  QUANTITY_PER_LINE_MAX,
  TEXT_LENGTH_MAX,
  TOKEN_LENGTH_MAX,
  UNITS_PER_MOVEMENT_MAX,
} from "../domain/limits.ts";
import { ORDER_STATES } from "../domain/order-messages.ts";
import { identifierSchema, saleIdSchema, saleSchema } from "../domain/sale.ts";
import { SHOPPER_STATES } from "../domain/standing.ts";
import { LEDGER_KINDS } from "../domain/stock-book.ts";

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
export const skuParameter = z.object({ sku: identifierSchema });

export const cohortParameters = z.object({
  sale: saleIdSchema,
  lane: saleIdSchema,
  k: z.coerce.number().int().min(0).max(0xffffffff),
});

const stockLevel = z.object({
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
    protection: z.object({ kind: z.string() }),
    message: z.string().nullable(),
    at: instant,
  })
  .openapi("Sale");

export const joinRequest = z
  .strictObject({
    pass: z.string().max(TOKEN_LENGTH_MAX).optional(),
    proof: z.string().max(TOKEN_LENGTH_MAX).optional(),
  })
  .openapi("JoinRequest");

export const ticketDocument = z
  .object({ ticket: z.string(), status: statusDocument })
  .openapi("Ticket");

export const admissionDocument = z
  .object({ admission: z.string(), expiresAt: instant, status: statusDocument })
  .openapi("Admission");

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

// --- the merchant's documents ------------------------------------------------------------------

export const saleRequest = saleSchema.openapi("SaleDocument");

const counters = {
  received: count,
  available: count,
  held: count,
  ordered: count,
  sold: count,
  buffer: count,
};

export const skuDocument = z.object({ sku: z.string(), seq: count, ...counters }).openapi("Sku");

export const merchantSaleDocument = z
  .object({
    sale: z.unknown(),
    revision: count,
    phase: z.string(),
    paused: z.boolean(),
    queueing: z.boolean(),
    soldOut: z.boolean(),
    ratePerMinute: z.number(),
    maxActive: z.number(),
    message: z.string().nullable(),
    tickets: count,
    called: count,
    claimed: count,
    active: count,
    spent: count,
    left: count,
    expired: count,
    lapsed: count,
    stock: z.array(stockLevel),
    commitment: z.string(),
  })
  .openapi("MerchantSale");

export const saleListDocument = z.object({ sales: z.array(z.string()) }).openapi("SaleList");

export const actionRequest = z
  .strictObject({ action: z.enum(["open", "start", "pause", "resume", "end"]) })
  .openapi("SaleAction");

export const admissionChangeRequest = z
  .strictObject({
    ratePerMinute: z.int().min(1).max(1_000_000).optional(),
    maxActive: z.int().min(1).max(1_000_000).optional(),
    message: z.string().max(MESSAGE_LENGTH_MAX).nullable().optional(),
  })
  .openapi("AdmissionChange");

export const movementRequest = z
  .strictObject({
    id: identifierSchema,
    kind: z.enum(["receive", "adjust", "buffer"]),
    /** Units; `buffer` sets the buffer to it, `adjust` may be negative. */
    quantity: z.int().min(-UNITS_PER_MOVEMENT_MAX).max(UNITS_PER_MOVEMENT_MAX),
    reason: text,
  })
  .refine(({ kind, quantity }) => kind !== "receive" || quantity > 0, {
    path: ["quantity"],
    message: "must be positive for receive",
  })
  .refine(({ kind, quantity }) => kind !== "buffer" || quantity >= 0, {
    path: ["quantity"],
    message: "must not be negative for buffer",
  })
  .refine(({ kind, quantity }) => kind !== "adjust" || quantity !== 0, {
    path: ["quantity"],
    message: "must not be 0 for adjust",
  })
  .openapi("Movement");

const after = z.coerce.number().int().min(0).default(0);
export const ledgerQuery = z.object({
  after,
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
});

export const ledgerDocument = z
  .object({
    rows: z.array(
      z.object({
        seq: count,
        at: instant,
        kind: z.enum(LEDGER_KINDS),
        quantity: count,
        reservation: z.string(),
        ...counters,
      }),
    ),
    /** Pass as `after` for the next page; null at the end. */
    next: count.nullable(),
  })
  .openapi("Ledger");

export const ordersQuery = z.object({
  sale: saleIdSchema.optional(),
  state: z.enum(ORDER_STATES).optional(),
  after: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
});

const bookedOrder = z.object({
  id: z.string(),
  sale: z.string(),
  state: z.string(),
  total: count,
  currency: z.string(),
  email: z.string(),
  reason: z.string().nullable(),
  placedAt: instant,
  updatedAt: instant,
});

export const ordersDocument = z
  .object({ orders: z.array(bookedOrder), next: z.string().nullable() })
  .openapi("Orders");

export const merchantOrderDocument = orderDocument
  .extend({
    email: z.string(),
    history: z.array(
      z.object({ version: count, at: instant, state: z.string(), reason: z.string().nullable() }),
    ),
  })
  .openapi("MerchantOrder");

export const orderActionRequest = z
  .strictObject({ action: z.enum(["retry", "cancel"]) })
  .openapi("OrderAction");

export const deadLettersDocument = z
  .object({
    deadLetters: z.array(
      z.object({
        id: z.string(),
        queue: z.string(),
        body: z.unknown(),
        reason: z.string(),
        attempts: count,
        parkedAt: instant,
        replayedAt: instant.nullable(),
      }),
    ),
  })
  .openapi("DeadLetters");

export const breakersDocument = z
  .object({
    breakers: z.array(
      z.object({
        backend: z.string(),
        state: z.enum(["closed", "open"]),
        force: z.enum(["open", "closed"]).nullable(),
        epoch: count,
        reason: z.string().nullable(),
        openedAt: instant.nullable(),
        retryAt: instant.nullable(),
      }),
    ),
  })
  .openapi("Breakers");

export const backendParameter = z.object({ backend: z.enum(["payment", "orders"]) });

export const forceRequest = z
  .strictObject({ force: z.enum(["open", "closed"]).nullable() })
  .openapi("BreakerForce");

export const auditDocument = z
  .object({
    sale: z.string(),
    skus: z.array(z.object({ sku: z.string(), ...counters, agrees: z.boolean() })),
    orders: z.record(z.string(), count),
    tickets: count,
    called: count,
    claimed: count,
    lapsed: count,
    active: count,
    spent: count,
    left: count,
    expired: count,
  })
  .openapi("Audit");

export const healthDocument = z.object({ ok: z.literal(true), version: z.string() });

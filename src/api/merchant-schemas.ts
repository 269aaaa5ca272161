/**
 * The merchant's documents as zod schemas: they validate requests, and the OpenAPI document is
 * generated from them.
 */
import { z } from "@hono/zod-openapi";
import {
  DEAD_LETTERS_PAGE_ROWS_MAX,
  LEDGER_PAGE_ROWS_MAX,
  MESSAGE_LENGTH_MAX,
  TEXT_LENGTH_MAX,
  UNITS_PER_MOVEMENT_MAX,
} from "../domain/limits.ts";
import { CONSEQUENCES } from "../domain/sale/consequences.ts";
import { identifierSchema, saleSchema } from "../domain/sale/sale.ts";
import { SALE_WARNINGS } from "../domain/sale/warnings.ts";
import { LEDGER_KINDS } from "../domain/stock/stock-ledger.ts";
import { inPath, inQuery, paging, wholeNumber } from "./parameters.ts";
import { stockLevel } from "./schemas.ts";

const count = z.int();
const instant = z.iso.datetime();
const text = z.string().min(1).max(TEXT_LENGTH_MAX);

export const skuParameter = z.object({ sku: inPath(identifierSchema, "The SKU.", "AIR-2") });

export const saleRequest = saleSchema.openapi("SaleDocument");

export const counters = {
  received: count,
  available: count,
  held: count,
  ordered: count,
  sold: count,
  buffer: count,
};

/** Of the room (`domain/room/room-state.ts`). */
export const seatCounters = {
  claimed: count,
  active: count,
  spent: count,
  left: count,
  expired: count,
  lapsed: count,
  shared: count.describe("Admissions that more than one device took up."),
  mostDevices: count.describe("The most devices that took up one admission; counted to 100."),
  moves: count.describe("Devices that lost their admission to a newer device."),
  kept: count.describe("Seats that unpaid orders keep whose shoppers are gone."),
  ordering: count.describe("Seats in use whose shoppers have an order in progress."),
};

export const sharing = z
  .array(z.string())
  .describe("The sales that name the SKU and share its units.");

export const skuDocument = z
  .object({ sku: z.string(), seq: count, ...counters, sales: sharing })
  .openapi("Sku");

export const merchantSaleDocument = z
  .object({
    sale: saleRequest,
    revision: count,
    phase: z.string(),
    paused: z.boolean(),
    queueing: z.boolean(),
    soldOut: z.boolean(),
    ratePerMinute: z.number(),
    maxActive: z.number(),
    throttle: z
      .number()
      .describe(
        "The part of the rate that is called at, 0.05 to 1: less while orders are held up.",
      ),
    message: z.string().nullable(),
    tickets: count,
    called: count,
    ...seatCounters,
    stock: z.array(stockLevel),
    commitment: z.string(),
    revealsAt: instant
      .nullable()
      .describe("When the secret of the draw is due, as things are now; null once it is revealed."),
    revealedAt: instant.nullable().describe("From then on the end of the sale is final."),
    warnings: z
      .array(z.object({ code: z.enum(SALE_WARNINGS), path: z.string(), message: z.string() }))
      .describe("What to look at in the document, which is accepted as it is."),
  })
  .openapi("MerchantSale");

export const saleListDocument = z.object({ sales: z.array(z.string()) }).openapi("SaleList");

export const actionRequest = z
  .strictObject({ action: z.enum(["open", "start", "pause", "resume", "end", "reopen"]) })
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
    quantity: z
      .int()
      .min(-UNITS_PER_MOVEMENT_MAX)
      .max(UNITS_PER_MOVEMENT_MAX)
      .describe("Units; `buffer` sets the buffer to it, `adjust` may be negative."),
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

export const confirmationQuery = z.object({
  force: inQuery(
    z
      .string()
      .max(200)
      .transform((text) => text.split(","))
      .pipe(z.array(z.enum(CONSEQUENCES))),
    "The consequences for shoppers that are meant, separated by commas.",
    "price,start",
  ),
  revision: inQuery(
    wholeNumber(1),
    "Only if the sale has this revision: that of the document which the change was made in.",
    7,
  ),
});

export const ledgerQuery = z.object({
  after: wholeNumber(0).default(0).openapi(paging.after(0)),
  limit: wholeNumber(1, LEDGER_PAGE_ROWS_MAX).default(LEDGER_PAGE_ROWS_MAX).openapi(paging.limit),
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
    next: count.nullable().describe(paging.next),
  })
  .openapi("Ledger");

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
    next: z.string().nullable().describe(paging.next),
  })
  .openapi("DeadLetters");

/** Any characters: the `s` flag would not reach readers of the OpenAPI document. */
const LETTER_PLACE = /^(\d{1,15})~([\s\S]{1,100})$/;

/** Where a page of dead letters ends: when the last was parked, and its id. */
export function letterPlaceText({ parked_ms, id }: { parked_ms: number; id: string }): string {
  return `${parked_ms}~${id}`;
}

const letterPlace = z
  .string()
  .regex(LETTER_PLACE, "is not a `next` of this list")
  .transform((text) => {
    const [, parked_ms = "0", id = ""] = LETTER_PLACE.exec(text) ?? [];
    return { parked_ms: Number(parked_ms), id };
  });

export const deadLettersQuery = z.object({
  after: letterPlace.optional().openapi(paging.after("1795773600000~dl_1")),
  limit: wholeNumber(1, DEAD_LETTERS_PAGE_ROWS_MAX).default(100).openapi(paging.limit),
});

export const replayAllRequest = z
  .strictObject({
    queue: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("Only those of this queue, as the list names it."),
    before: z.iso.datetime().optional().describe("Only those parked before this."),
  })
  .openapi("ReplayAll");

export const replayedAllDocument = z
  .object({ replayed: count, unreadable: count, remaining: count })
  .openapi("ReplayedAll");

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

export const backendParameter = z.object({
  backend: inPath(z.enum(["payment", "orders"]), "The backend behind the breaker.", "payment"),
});

export const forceRequest = z
  .strictObject({ force: z.enum(["open", "closed"]).nullable() })
  .openapi("BreakerForce");

/**
 * The documents of allotments and returns as zod schemas: they validate what comes in, and the
 * OpenAPI document is generated from them.
 */
import { z } from "@hono/zod-openapi";
import { COMPARISONS, REFUSALS } from "../domain/stock/allotment.ts";
import { UNITS_PER_MOVEMENT_MAX } from "../domain/limits.ts";
import { counterKeySchema } from "../domain/formats/redis-keys.ts";
import { identifierSchema } from "../domain/sale/sale.ts";

const count = z.int();
const instant = z.iso.datetime();
const units = z.int().min(1).max(UNITS_PER_MOVEMENT_MAX);

export const allotmentRequest = z
  .strictObject({
    id: identifierSchema,
    /** The counter in the merchant's Redis: a key that holds a whole number. */
    key: counterKeySchema,
    quantity: units,
  })
  .openapi("AllotmentRequest");

export const returnRequest = z
  .strictObject({
    id: identifierSchema,
    key: counterKeySchema,
    /** Without it: all that is available. */
    quantity: units.optional(),
  })
  .openapi("ReturnRequest");

export const transfersQuery = z.object({
  /** `redis` asks Redis what it remembers of each. */
  compare: z.enum(["redis"]).optional(),
});

const transfer = {
  kind: z.enum(["allotment", "return"]),
  id: z.string(),
  key: z.string(),
  /** Of a return: null until it is known how many units go back. */
  quantity: count.nullable(),
  state: z.enum([
    "taking",
    "receiving",
    "received",
    "checking",
    "withdrawing",
    "returning",
    "returned",
    "refused",
  ]),
  reason: z.enum(REFUSALS).nullable(),
  /** Tries of the present step without an answer, and what the last one met. */
  attempts: count,
  problem: z.string().nullable(),
  startedAt: instant,
  updatedAt: instant,
};

export const transferDocument = z
  .object({
    outcome: z.enum(["allotted", "already_allotted", "returned", "already_returned", "pending"]),
    ...transfer,
  })
  .openapi("Transfer");

export const transfersDocument = z
  .object({
    sku: z.string(),
    redis: z.enum(["on", "off", "unusable"]),
    transfers: z.array(z.object({ ...transfer, inRedis: z.enum(COMPARISONS).nullable() })),
    /** Counters in Redis, with `compare=redis`. */
    counts: z.record(z.string(), count.nullable()),
    /** Ledger rows that the stock has told of, and that Redis has acknowledged. */
    mirror: z
      .object({ seq: count, mirroredSeq: count, failures: count, problem: z.string().nullable() })
      .nullable(),
  })
  .openapi("Transfers");

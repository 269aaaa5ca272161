/**
 * The documents of allotments and returns as zod schemas: they validate requests, and the OpenAPI
 * document is generated from them.
 */
import { z } from "@hono/zod-openapi";
import { COMPARISONS, REFUSALS } from "../domain/stock/allotment.ts";
import { UNITS_PER_MOVEMENT_MAX } from "../domain/limits.ts";
import { counterKeySchema } from "../domain/formats/redis-keys.ts";
import { identifierSchema } from "../domain/sale/sale.ts";
import { inQuery } from "./parameters.ts";

const count = z.int();
const instant = z.iso.datetime();
const COUNTER = "The counter in the merchant's Redis: a key that holds a whole number.";
const units = z.int().min(1).max(UNITS_PER_MOVEMENT_MAX);

export const allotmentRequest = z
  .strictObject({
    id: identifierSchema,
    key: counterKeySchema.describe(COUNTER),
    quantity: units,
  })
  .openapi("AllotmentRequest");

export const returnRequest = z
  .strictObject({
    id: identifierSchema,
    key: counterKeySchema.describe(COUNTER),
    quantity: units.optional().describe("Without it: all that is available."),
  })
  .openapi("ReturnRequest");

export const transfersQuery = z.object({
  compare: inQuery(z.enum(["redis"]), "`redis` reads what Redis remembers of each.", "redis"),
});

const transfer = {
  kind: z.enum(["allotment", "return"]),
  id: z.string(),
  key: z.string(),
  quantity: count
    .nullable()
    .describe("Of a return: null until it is known how many units go back."),
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
  attempts: count.describe("Tries of the present step that failed."),
  problem: z.string().nullable().describe("Why the last of them failed."),
  startedAt: instant,
  updatedAt: instant,
};

export const transferDocument = z
  .object({
    outcome: z.enum(["allotted", "already_allotted", "returned", "already_returned", "pending"]),
    ...transfer,
  })
  .openapi("Transfer");

/** In the problem `transfer_conflict`. */
export const earlierTransferDocument = z.object(transfer).openapi("EarlierTransfer");

export const transfersDocument = z
  .object({
    sku: z.string(),
    redis: z.enum(["on", "off", "unusable"]),
    transfers: z.array(z.object({ ...transfer, inRedis: z.enum(COMPARISONS).nullable() })),
    counts: z
      .record(z.string(), count.nullable())
      .describe("Counters in Redis, with `compare=redis`."),
    mirror: z
      .object({
        seq: count.describe("The last ledger row of the stock."),
        mirroredSeq: count.describe("The last one that Redis has acknowledged."),
        failures: count,
        problem: z.string().nullable(),
      })
      .nullable(),
  })
  .openapi("Transfers");

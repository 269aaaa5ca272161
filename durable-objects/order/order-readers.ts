/** The readers of an order's row, apart from the platform (docs/stored-shapes.md). */
import { z } from "zod";
import { historyLineSchema } from "../../src/domain/order/history.ts";
import { orderRecordSchema } from "../../src/domain/order/order.ts";
import { storedReader } from "../../src/encoding/stored-reader.ts";
import { outboxMessageSchema, type OutboxMessage } from "./ports.ts";

export const knownMessage = storedReader(outboxMessageSchema);

/** Of a kind that only newer releases know: kept, and tried again until one of them sends it. */
const laterMessage = z.custom<OutboxMessage>((value) => {
  const read = z.object({ kind: z.string() }).safeParse(value);
  return read.success && !KINDS.has(read.data.kind);
});
const KINDS: ReadonlySet<string> = new Set(
  outboxMessageSchema.options.flatMap(({ shape }) => [...shape.kind.values]),
);

const outboxSchema = z.array(
  z.object({
    seq: z.int(),
    owed: z.union([knownMessage, laterMessage]),
    tries: z.int(),
    notBefore_ms: z.number(),
    /** How often it was sent; left out by the release before, which sends it once more. */
    told: z.int().optional(),
  }),
);

const documentSchema = z.object({
  v: z.literal(2),
  record: orderRecordSchema,
  history: z.array(historyLineSchema),
  outbox: outboxSchema,
  /** Messages of kinds that release 0.1 does not know, and could not read in `outbox`. */
  outboxSince02: outboxSchema.default([]),
});

/** Of the row. `first`: the row held the record only; history and outbox had their own tables. */
export const ORDER_READERS = {
  document: storedReader(documentSchema),
  first: storedReader(orderRecordSchema),
};

/** The readers of a bridge's rows, apart from the platform (docs/stored-shapes.md). */
import { z } from "zod";
import { transferSchema } from "../../src/domain/stock/allotment.ts";
import { stockLevelSchema } from "../../src/domain/stock/stock-ledger.ts";
import { storedReader } from "../../src/encoding/stored-reader.ts";

const count = z.int();
const mirrorSchema = z.object({
  v: z.literal(1),
  level: stockLevelSchema,
  /** The instant of these levels. */
  at_ms: z.number(),
  /** The ledger row up to which Redis has the levels. */
  mirroredSeq: count,
  /** The next write is not made before this instant. */
  due_ms: z.number(),
  /** Consecutive writes that Redis did not acknowledge, and the problem of the last one. */
  failures: count,
  problem: z.string().nullable(),
});
export type Mirror = z.infer<typeof mirrorSchema>;

/** Of these rows; both keep what they do not know. */
export const BRIDGE_READERS = {
  transfer: storedReader(transferSchema),
  mirror: storedReader(mirrorSchema),
};

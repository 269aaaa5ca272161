/**
 * What an Order owes to others, as it waits in the outbox.
 *
 * Guarantee: an event is kept as it was when it happened, so that sending it late or twice says
 * the same. Parsed when it is read, because it may have been written by an older version.
 */
import { z } from "zod";
import { eventOf, orderEventSchema } from "../src/domain/order/messages.ts";
import type { OrderEffect } from "../src/domain/order/transition.ts";
import type { OrderRecord } from "../src/domain/order/order.ts";

export const owedSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("queue") }),
  z.object({
    kind: z.literal("stock"),
    sku: z.string(),
    action: z.enum(["sell", "release", "return"]),
  }),
  z.object({ kind: z.literal("seat"), action: z.enum(["spend", "hand_back"]) }),
  z.object({ kind: z.literal("event"), event: orderEventSchema }),
]);
export type Owed = z.infer<typeof owedSchema>;

export interface OutboxRow {
  readonly seq: number;
  readonly owed: Owed;
  readonly tries: number;
  readonly notBefore_ms: number;
}

export function owedOf(record: OrderRecord, effect: OrderEffect): Owed {
  return effect.kind === "event" ? { kind: "event", event: eventOf(record) } : { ...effect };
}

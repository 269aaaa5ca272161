/**
 * The messages and events of orders in the queues, and the view of an order that its buyer gets.
 *
 * Guarantee: every message carries the version of its shape and is parsed where it is read. An
 * event carries the order's version, so a reader that receives two out of order keeps the newer.
 */
import { z } from "zod";
import { isDelayed, isFinal, type OrderRecord, type OrderStanding } from "./order.ts";

/** Why a dead letter cannot be replayed: its body does not match the schema of its queue. */
export const UNREADABLE_REASONS = {
  order: "not an order message",
  event: "not an event",
  delivery: "not a delivery",
  replay: "not a message of this version",
} as const;

export const orderMessageSchema = z.object({
  v: z.literal(1),
  kind: z.literal("order"),
  order: z.string(),
});
export type OrderMessage = z.infer<typeof orderMessageSchema>;

const publicLineSchema = z.object({
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  price: z.int(),
});

export const ORDER_STATES = [
  "placing",
  "accepted",
  "authorizing",
  "action_required",
  "authorized",
  "booking",
  "booked",
  "capturing",
  "in_doubt",
  "voiding",
  "confirmed",
  "declined",
  "failed",
  "rejected",
  "cancelled",
] as const;

export const orderEventSchema = z.object({
  v: z.literal(1),
  /** `<order>:<version>`: the same event sent twice has the same id. */
  id: z.string(),
  type: z.string(),
  order: z.string(),
  sale: z.string(),
  version: z.int(),
  at_ms: z.number(),
  placedAt_ms: z.number(),
  state: z.enum(ORDER_STATES),
  final: z.boolean(),
  lines: z.array(publicLineSchema),
  total: z.int(),
  currency: z.string(),
  email: z.string(),
  reason: z.string().nullable(),
});
export type OrderEvent = z.infer<typeof orderEventSchema>;

export function reasonOf(standing: OrderStanding): string | null {
  if (standing.state === "rejected") return standing.rejection.code;
  return "reason" in standing ? standing.reason : null;
}

function publicLines(record: OrderRecord): z.infer<typeof publicLineSchema>[] {
  return record.intent.lines.map(({ sku, name, quantity, price }) => {
    return { sku, name, quantity, price };
  });
}

export function eventOf(record: OrderRecord): OrderEvent {
  const { intent, standing, version } = record;
  return {
    v: 1,
    id: `${intent.id}:${version}`,
    type: `order.${standing.state}`,
    order: intent.id,
    sale: intent.sale,
    version,
    at_ms: record.updatedAt_ms,
    placedAt_ms: intent.placedAt_ms,
    state: standing.state,
    final: isFinal(standing),
    lines: publicLines(record),
    total: intent.total,
    currency: intent.currency,
    email: intent.email,
    reason: reasonOf(standing),
  };
}

/** The order as its buyer may see it. */
export interface OrderView {
  readonly id: string;
  readonly sale: string;
  readonly state: OrderStanding["state"];
  readonly final: boolean;
  readonly lines: readonly z.infer<typeof publicLineSchema>[];
  readonly total: number;
  readonly currency: string;
  readonly placedAt_ms: number;
  readonly updatedAt_ms: number;
  /** What the shopper must do, such as 3-D Secure. */
  readonly action: { readonly kind: "redirect"; readonly url: string } | null;
  /** A backend is slow or down: the order waits for it and keeps its units. */
  readonly delayed: boolean;
  readonly reason: string | null;
}

export function viewOf(record: OrderRecord): OrderView {
  const { intent, standing } = record;
  return {
    id: intent.id,
    sale: intent.sale,
    state: standing.state,
    final: isFinal(standing),
    lines: publicLines(record),
    total: intent.total,
    currency: intent.currency,
    placedAt_ms: intent.placedAt_ms,
    updatedAt_ms: record.updatedAt_ms,
    action: standing.state === "action_required" ? { kind: "redirect", url: standing.url } : null,
    delayed: isDelayed(record),
    reason: reasonOf(standing),
  };
}

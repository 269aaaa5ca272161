/**
 * The messages and events of orders in the queues, and the view of an order that its buyer gets.
 *
 * Guarantee: every message carries the version of its shape and is parsed where it is read. An
 * event carries the order's version, so a reader that receives two out of order keeps the newer.
 */
import { z } from "zod";
import {
  amountsSchema,
  isDelayed,
  isFinal,
  type Amounts,
  type OrderIntent,
  type OrderRecord,
  type OrderStanding,
  type Rejection,
} from "./order.ts";
import { shownReason } from "./reasons.ts";
import { buyerHashOf } from "../buyer/identities.ts";
import { storedReader } from "../../encoding/stored-reader.ts";
import { mayGiveUp } from "./transition.ts";
import { refundedOf, type Refund, type StoredDispute } from "./refund.ts";

/** Why a dead letter cannot be replayed: its body does not match the schema of its queue. */
export const UNREADABLE_REASONS = {
  order: "not an order message",
  event: "not an event",
  delivery: "not a delivery",
  mail: "not a mail message",
  replay: "not a message of this version",
} as const;

export const orderMessageSchema = storedReader(
  z.object({ v: z.literal(1), kind: z.literal("order"), order: z.string() }),
);
export type OrderMessage = z.infer<typeof orderMessageSchema>;

const publicLineSchema = z.object({
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  price: z.int(),
});

const eventLineSchema = publicLineSchema.extend({
  /** Of the whole line. */
  discount: z.int().default(0),
  tax: z.int().default(0),
  taxIncluded: z.int().default(0),
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

/** The type of the event by which everybody who has the buyer's data learns to erase it. */
export const BUYER_ERASED = "buyer.erased";

/** Of all events about orders. A stored event may have a type that a later release dropped. */
export const ORDER_EVENT_TYPES = [
  "order.accepted",
  "order.action_required",
  "order.in_doubt",
  "order.confirmed",
  "order.declined",
  "order.failed",
  "order.rejected",
  "order.cancelled",
  "order.refund_pending",
  "order.refunded",
  "order.refund_failed",
  "order.disputed",
  "order.dispute_closed",
  BUYER_ERASED,
] as const;

export const orderEventSchema = storedReader(
  z.object({
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
    lines: z.array(eventLineSchema),
    total: z.int(),
    currency: z.string(),
    email: z.string(),
    /** The keyed hash of the address; null in older events, and of an erased buyer. */
    buyer: z.string().nullable().default(null),
    reason: z.string().nullable(),
    /** The provider's id of the payment; null before there is one. */
    payment: z.string().nullable().default(null),
    /** Null in events of the first versions. */
    amounts: amountsSchema.nullable().default(null),
    /** Refunded, or on its way, in all. */
    refunded: z.int().default(0),
    /** The refund that this event is about. */
    refund: z
      .object({
        id: z.string(),
        amount: z.int(),
        state: z.string(),
        by: z.string(),
        reason: z.string().nullable(),
        failure: z.string().nullable(),
      })
      .nullable()
      .default(null),
    /** The dispute that this event is about. */
    dispute: z
      .object({
        id: z.string(),
        status: z.string(),
        amount: z.int(),
        reason: z.string(),
      })
      .nullable()
      .default(null),
    /** The provider's code, where the shop's settings kept the payment from being made. */
    providerCode: z.string().nullable().default(null),
  }),
);
export type OrderEvent = z.infer<typeof orderEventSchema>;

/** The problem code of a rejection. */
type RejectionCode =
  | Rejection["code"]
  | "discount_refused"
  | "too_many_declines"
  | "unpaid_limit_reached"
  | "cooling_off";

export function rejectionCode(rejection: Rejection): RejectionCode {
  const { code } = rejection;
  if (code === "admission_required") {
    if (rejection.declines !== undefined) return "too_many_declines";
    return rejection.discount === undefined ? code : "discount_refused";
  }
  if (code !== "limit_reached" || rejection.unpaid === undefined) return code;
  return rejection.unpaid.coolsUntil_ms === null ? "unpaid_limit_reached" : "cooling_off";
}

export function reasonOf(standing: OrderStanding): string | null {
  if (standing.state === "rejected") return rejectionCode(standing.rejection);
  return "reason" in standing ? standing.reason : null;
}

function publicLines(record: OrderRecord): z.infer<typeof publicLineSchema>[] {
  return record.intent.lines.map(({ sku, name, quantity, price }) => {
    return { sku, name, quantity, price };
  });
}

/** @param version of the change that the event is about; the record's own, or one just before */
function eventLineOf(line: OrderIntent["lines"][number]): z.infer<typeof eventLineSchema> {
  const { sku, name, quantity, price, discount, tax, taxIncluded } = line;
  return { sku, name, quantity, price, discount, tax, taxIncluded };
}

export function eventOf(record: OrderRecord, version = record.version): OrderEvent {
  const { intent, standing } = record;
  const refund = record.refunds.find((each) => each.version === version) ?? null;
  const dispute = record.dispute?.version === version ? record.dispute : null;
  const isErasure = record.erasure?.version === version;
  return {
    v: 1,
    id: `${intent.id}:${version}`,
    type: isErasure ? BUYER_ERASED : `order.${changeOf(standing, refund, dispute)}`,
    order: intent.id,
    sale: intent.sale,
    version,
    at_ms: record.updatedAt_ms,
    placedAt_ms: intent.placedAt_ms,
    state: standing.state,
    final: isFinal(standing),
    lines: intent.lines.map(eventLineOf),
    total: intent.total,
    currency: intent.currency,
    email: intent.email,
    buyer: buyerHashOf(intent.identities),
    reason: reasonOf(standing),
    payment: record.paymentId,
    amounts: intent.amounts,
    refunded: refundedOf(record.refunds),
    refund: refund === null ? null : factsOf(refund),
    dispute: dispute === null ? null : disputeFacts(dispute),
    providerCode: record.providerCode,
  };
}

function changeOf(
  standing: OrderStanding,
  refund: Refund | null,
  dispute: StoredDispute | null,
): string {
  if (dispute !== null) return dispute.isClosed ? "dispute_closed" : "disputed";
  switch (refund?.state) {
    case undefined:
      return standing.state;
    case "failed":
      return "refund_failed";
    case "succeeded":
      return "refunded";
    default:
      return "refund_pending";
  }
}

function factsOf({ id, amount, state, by, reason, failure }: Refund) {
  return { id, amount, state, by, reason, failure };
}

function disputeFacts({ id, status, amount, reason }: StoredDispute) {
  return { id, status, amount, reason };
}

/** Go to `url`, or let the payment provider's script do it in the page. */
export type OrderAction =
  | { readonly kind: "redirect"; readonly url: string; readonly until_ms: number }
  | { readonly kind: "script"; readonly clientSecret: string; readonly until_ms: number };

function actionOf(standing: OrderStanding): OrderAction | null {
  if (standing.state !== "action_required") return null;
  const { url, clientSecret, until_ms } = standing;
  if (url !== "") return { kind: "redirect", url, until_ms };
  return clientSecret === null ? null : { kind: "script", clientSecret, until_ms };
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
  /** Null in orders of the first versions: then the total is the sum of the lines. */
  readonly amounts: Amounts | null;
  readonly delivery: { readonly id: string; readonly name: string } | null;
  /** The discount code, shortened. */
  readonly discountHint: string | null;
  /** Refunds that have not failed. */
  readonly refunded: number;
  readonly refunds: readonly {
    readonly amount: number;
    readonly state: "pending" | "succeeded";
    readonly at_ms: number;
  }[];
  /** What the shopper must do, such as 3-D Secure, and until when. */
  readonly action: OrderAction | null;
  /** The shopper may still give the payment up, and pay another way. */
  readonly mayGiveUp: boolean;
  /** A backend is slow or down: the order waits for it and keeps its units. */
  readonly delayed: boolean;
  /** Coarse where a bank or a provider declined (`reasons.ts`). */
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
    amounts: intent.amounts,
    delivery: intent.delivery,
    discountHint: intent.discount?.hint ?? null,
    refunded: refundedOf(record.refunds),
    refunds: record.refunds.flatMap(({ amount, state, updatedAt_ms }) => {
      if (state === "failed") return [];
      const shown = state === "succeeded" ? state : "pending";
      return [{ amount, state: shown, at_ms: updatedAt_ms }];
    }),
    action: actionOf(standing),
    mayGiveUp: mayGiveUp(standing),
    delayed: isDelayed(record),
    reason: shownReason(standing, reasonOf(standing)),
  };
}

/**
 * An order: its intent (what was ordered), its standing (the state of its saga), its next step.
 *
 * The standing is a union in which each state owns only its fields. `nextStep` is a pure function
 * of the record, so a queue message, an alarm or an operator can continue any order from its record
 * alone. Guarantee: a final standing never changes. Transitions: `saga.ts`, `report.ts`.
 */
import { z } from "zod";
import { SAME_KEY_RETRY_MAX_MS } from "../limits.ts";
import { unpaidTermsSchema } from "../stock/unpaid.ts";
import { disputeSchema, refundSchema } from "./refund.ts";

export const orderLineSchema = z.object({
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  /** Per unit, minor units. */
  price: z.int(),
  limitPerBuyer: z.int(),
  /** Of the whole line: taken off, added as tax, and contained in its price as tax. */
  discount: z.int().default(0),
  tax: z.int().default(0),
  taxIncluded: z.int().default(0),
});

export type OrderLine = z.infer<typeof orderLineSchema>;

/** What an order costs, itemised; `total` is items − discount + delivery + tax. Minor units. */
export const amountsSchema = z.object({
  items: z.int(),
  discount: z.int(),
  delivery: z.int(),
  tax: z.int(),
  /** Tax that the prices contain; not added to the total. */
  taxIncluded: z.int(),
  total: z.int(),
});
export type Amounts = Readonly<z.infer<typeof amountsSchema>>;

/** The place in line that the admission was called from; `rank` is null where nobody waited. */
export const placeSchema = z.object({
  lane: z.string(),
  cohort: z.int().nullable(),
  shard: z.int().nullable(),
  index: z.int().nullable(),
  rank: z.int().nullable(),
  joinedAt_ms: z.number().nullable(),
});

/** Everything known when the order is placed; it never changes once it is accepted. */
export const orderIntentSchema = z.object({
  id: z.string(),
  sale: z.string(),
  /** Subject of the admission. */
  buyer: z.string(),
  /** `jti` of the admission; also the id of the cart's holds. */
  admission: z.string(),
  ordersPerAdmission: z.int(),
  /**
   * The deadline of the cart: until then the order may wait for its shopper, and its units return
   * to the cart when it is declined. While the order is being placed, the latest it could be.
   */
  holdUntil_ms: z.number(),
  lines: z.array(orderLineSchema),
  total: z.int(),
  currency: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  shipTo: z.record(z.string(), z.string()).nullable(),
  paymentMethod: z.string(),
  returnUrl: z.string(),
  /** Null in orders of the first versions, which had neither discount nor delivery nor tax. */
  amounts: amountsSchema.nullable().default(null),
  delivery: z.object({ id: z.string(), name: z.string() }).nullable().default(null),
  /** The discount code: its hash, a hint for people, and the revision of its rule. */
  discount: z
    .object({ code: z.string(), hint: z.string(), revision: z.int() })
    .nullable()
    .default(null),
  billTo: z.record(z.string(), z.string()).nullable().default(null),
  phone: z.string().nullable().default(null),
  acceptedTerms: z.object({ url: z.string(), at_ms: z.number() }).nullable().default(null),
  /** What the payment provider is told beside the amount. */
  payment: z
    .object({
      description: z.string(),
      statementSuffix: z.string().nullable(),
      methods: z.array(z.string()),
    })
    .nullable()
    .default(null),
  /** Digests by which a buyer's units are counted beside their subject. */
  identities: z.array(z.string()).default([]),
  /** How its units count while they are unpaid; absent: not at all. */
  unpaid: unpaidTermsSchema.optional(),
  lane: z.string().nullable().default(null),
  place: placeSchema.nullable().default(null),
  /** The admission's ticket (null: none, or not known), and its times as its token had them. */
  admitted: z
    .object({ ticket: z.string().nullable(), at_ms: z.number(), until_ms: z.number() })
    .optional(),
  /** Hash of the request's body: the same key with another fingerprint is a conflict. */
  fingerprint: z.string(),
  /** The secret in the status URL: a request that carries it may read the order. */
  viewKey: z.string(),
  placedAt_ms: z.number(),
  /** Days from the final state until the buyer is erased; absent: the default. */
  retentionDays: z.int().optional(),
});
export type OrderIntent = z.infer<typeof orderIntentSchema>;

/** What an intent states of a checkout that asks for an e-mail address and no more. */
export const PLAIN_INTENT = {
  amounts: null,
  delivery: null,
  discount: null,
  billTo: null,
  phone: null,
  acceptedTerms: null,
  payment: null,
  identities: [],
  lane: null,
  place: null,
} satisfies Partial<OrderIntent>;

/** What an order's line costs beside its price, where there is neither discount nor tax. */
export const PLAIN_LINE = { discount: 0, tax: 0, taxIncluded: 0 } as const;

/** Why an order was refused before it was accepted; `code` is the problem code. */
export const rejectionSchema = z.discriminatedUnion("code", [
  z.object({ code: z.literal("sold_out"), sku: z.string(), available: z.int() }),
  z.object({
    code: z.literal("limit_reached"),
    sku: z.string(),
    limit: z.int(),
    taken: z.int(),
    /**
     * The limit is that of unpaid units, or (with an instant) of holds that ended unpaid. A field
     * of its own, because the release before reads no other codes than these.
     */
    unpaid: z.object({ coolsUntil_ms: z.number().nullable() }).optional(),
  }),
  z.object({ code: z.literal("order_in_progress"), order: z.string() }),
  z.object({ code: z.literal("admission_spent") }),
  z.object({
    code: z.literal("admission_required"),
    /**
     * The discount code was refused. A field of its own, because the release before reads no other
     * codes than these.
     */
    discount: z.string().optional(),
    /** So many payments were declined under the admission that no more may be tried with it. */
    declines: z.int().optional(),
  }),
]);
export type Rejection = z.infer<typeof rejectionSchema>;

const doubtSchema = z.enum(["authorize", "capture"]);

export const orderStandingSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("placing") }),
  z.object({ state: z.literal("rejected"), rejection: rejectionSchema }),
  z.object({ state: z.literal("accepted") }),
  z.object({ state: z.literal("authorizing") }),
  z.object({
    state: z.literal("action_required"),
    /** Empty: the provider's script does it in the page, with `clientSecret`. */
    url: z.string(),
    until_ms: z.number(),
    clientSecret: z.string().nullable().default(null),
  }),
  z.object({ state: z.literal("authorized") }),
  z.object({ state: z.literal("booking") }),
  z.object({ state: z.literal("booked"), booking: z.string() }),
  z.object({ state: z.literal("capturing"), booking: z.string() }),
  z.object({ state: z.literal("in_doubt"), of: doubtSchema, booking: z.string().nullable() }),
  z.object({
    state: z.literal("voiding"),
    /** `lookup` after an inconclusive answer: its result decides between `void` and `refund`. */
    how: z.enum(["void", "refund", "lookup"]),
    end: z.enum(["declined", "failed", "cancelled"]),
    reason: z.string(),
    booking: z.string().nullable(),
  }),
  z.object({ state: z.literal("confirmed"), booking: z.string() }),
  z.object({ state: z.literal("declined"), reason: z.string() }),
  z.object({ state: z.literal("failed"), reason: z.string() }),
  z.object({ state: z.literal("cancelled"), reason: z.string() }),
]);
export type OrderStanding = z.infer<typeof orderStandingSchema>;
export type OrderState = OrderStanding["state"];

export const orderRecordSchema = z.object({
  v: z.literal(1),
  intent: orderIntentSchema,
  standing: orderStandingSchema,
  /** Counts the changes of standing; events carry it so that readers can order them. */
  version: z.int(),
  /** The provider's id, durable before anything is charged. */
  paymentId: z.string().nullable(),
  /** Part of the idempotency key; incremented when the last attempt is known to have no effect. */
  attempt: z.int(),
  attemptAt_ms: z.number(),
  /** Consecutive tries of the current step without progress; they set the delay of the next. */
  tries: z.int(),
  notBefore_ms: z.number(),
  /** When the order queues itself again, unless it makes progress before. */
  wakeAt_ms: z.number().default(0),
  /** A cancellation requested while a step was in flight; applied when that step has ended. */
  wish: z.literal("cancel").nullable().default(null),
  /** The shopper gave up while a step was in flight; applied when that step has ended. */
  givenUp: z.boolean().default(false),
  /** The shopper has left the shop, and will not confirm the payment. */
  hasLeft: z.boolean().optional(),
  /** The provider's code, where the shop's settings kept the payment from being made. */
  providerCode: z.string().nullable().default(null),
  card: z
    .object({
      fingerprint: z.string(),
      brand: z.string().nullable(),
      last4: z.string().nullable(),
    })
    .nullable()
    .default(null),
  /** Of a confirmed order, the oldest first. */
  refunds: z.array(refundSchema).default([]),
  dispute: disputeSchema.nullable().default(null),
  /**
   * The provider has news of money reserved for an order that ended without a sale: its payment is
   * voided. A browser that has the payment's secret may have confirmed it late.
   */
  isReservedLate: z.boolean().optional(),
  /** When refunds and dispute are read at the provider; null: no reason to. */
  settlementDue_ms: z.number().nullable().default(null),
  /** When it ended; absent in orders of before, and while it is in progress. */
  final_ms: z.number().optional(),
  /** The buyer is to be erased (`asked_ms`), or was (`at_ms`, in this version of the order). */
  erasure: z
    .object({ asked_ms: z.number().nullable(), at_ms: z.number().nullable(), version: z.int() })
    .optional(),
  lease: z.object({ id: z.string(), until_ms: z.number() }).nullable(),
  progressAt_ms: z.number(),
  updatedAt_ms: z.number(),
});
export type OrderRecord = z.infer<typeof orderRecordSchema>;

export const FINAL_STATES: ReadonlySet<string> = new Set([
  "confirmed",
  "declined",
  "failed",
  "rejected",
  "cancelled",
]);

export function isFinal(standing: OrderStanding): boolean {
  return FINAL_STATES.has(standing.state);
}

export type StepKind =
  | "authorize"
  | "book"
  | "capture"
  | "lookup"
  | "void"
  | "refund"
  /** Of a confirmed order: makes its next refund. */
  | "refund_part"
  /** Of a confirmed order: reads its refunds and its dispute at the provider. */
  | "settlement";

/**
 * The step that the consumer takes now; null when there is none.
 * A step whose key the provider may have forgotten is looked up instead of being repeated.
 */
export function nextStep(record: OrderRecord, now: number): StepKind | null {
  const keyIsOld = now - record.attemptAt_ms > SAME_KEY_RETRY_MAX_MS;
  const { standing } = record;
  switch (standing.state) {
    case "accepted":
      return "authorize";
    case "authorizing":
      return keyIsOld && record.paymentId !== null ? "lookup" : "authorize";
    case "authorized":
    case "booking":
      return "book";
    case "booked":
      return "capture";
    case "capturing":
      return keyIsOld ? "lookup" : "capture";
    case "in_doubt":
    case "action_required":
      return "lookup";
    case "voiding":
      return keyIsOld ? "lookup" : standing.how;
    case "confirmed":
      return stepOfConfirmed(record, now);
    case "declined":
    case "failed":
    case "cancelled":
      return record.isReservedLate === true ? "void" : null;
    case "placing":
    case "rejected":
      return null;
  }
}

/** A refund whose outcome is unclear is looked for before any other is made. */
function stepOfConfirmed(
  { refunds, settlementDue_ms, paymentId }: OrderRecord,
  now: number,
): "refund_part" | "settlement" | null {
  if (paymentId === null) return null;
  if (settlementDue_ms !== null && settlementDue_ms <= now) return "settlement";
  const isUnclear = refunds.some(({ state }) => state === "unclear");
  const next = refunds.find(({ state }) => state === "requested");
  if (isUnclear || next === undefined) return null;
  return now - next.attemptAt_ms > SAME_KEY_RETRY_MAX_MS ? "settlement" : "refund_part";
}

/**
 * Nothing is left to do: the order is final, no refund is under way, none is to be read, and no
 * late reservation is to be voided.
 */
export function isAtRest(record: OrderRecord): boolean {
  if (!isFinal(record.standing) || record.isReservedLate === true) return false;
  const isRefunding = record.refunds.some(({ state }) => state === "requested");
  return !isRefunding && record.settlementDue_ms === null;
}

/** The current step was put off: a backend is slow, or its breaker is open, and the order waits. */
export function isDelayed({ standing, notBefore_ms, updatedAt_ms }: OrderRecord): boolean {
  const waitsForBackend = !isFinal(standing) && standing.state !== "action_required";
  return waitsForBackend && notBefore_ms > updatedAt_ms;
}

/** The idempotency key of a step: the same for every repetition of the same attempt. */
export function stepKey(record: OrderRecord, step: StepKind | "prepare" | "cancel"): string {
  return `${record.intent.id}:${step}:${record.attempt}`;
}

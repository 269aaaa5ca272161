/**
 * An order: its intent (what was ordered), its standing (the state of its saga), its next step.
 *
 * The standing is a union in which each state owns only its fields. `nextStep` is a pure function
 * of the record, so a queue message, an alarm or an operator can continue any order from its record
 * alone. Guarantee: a final standing never changes. Transitions: `saga.ts`, `report.ts`.
 */
import { z } from "zod";
import { SAME_KEY_RETRY_MAX_MS } from "../limits.ts";

export const orderLineSchema = z.object({
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  /** Per unit, minor units. */
  price: z.int(),
  limitPerBuyer: z.int(),
});

/** Everything known when the order is placed; it never changes afterwards. */
export const orderIntentSchema = z.object({
  id: z.string(),
  sale: z.string(),
  /** Subject of the admission. */
  buyer: z.string(),
  /** `jti` of the admission; also the id of the cart's holds. */
  admission: z.string(),
  ordersPerAdmission: z.int(),
  /** The deadline of the cart: until then the units of a declined order return to it. */
  holdUntil_ms: z.number(),
  lines: z.array(orderLineSchema),
  total: z.int(),
  currency: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  shipTo: z.record(z.string(), z.string()).nullable(),
  paymentMethod: z.string(),
  returnUrl: z.string(),
  /** Hash of the request's body: the same key with another fingerprint is a conflict. */
  fingerprint: z.string(),
  /** The secret in the status URL: a request that carries it may read the order. */
  viewKey: z.string(),
  placedAt_ms: z.number(),
});
export type OrderIntent = z.infer<typeof orderIntentSchema>;

/** Why an order was refused before it was accepted; `code` is the problem code. */
export const rejectionSchema = z.discriminatedUnion("code", [
  z.object({ code: z.literal("sold_out"), sku: z.string(), available: z.int() }),
  z.object({ code: z.literal("limit_reached"), sku: z.string(), limit: z.int(), taken: z.int() }),
  z.object({ code: z.literal("order_in_progress"), order: z.string() }),
  z.object({ code: z.literal("admission_spent") }),
  z.object({ code: z.literal("admission_required") }),
]);
export type Rejection = z.infer<typeof rejectionSchema>;

const doubtSchema = z.enum(["authorize", "capture"]);

export const orderStandingSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("placing") }),
  z.object({ state: z.literal("rejected"), rejection: rejectionSchema }),
  z.object({ state: z.literal("accepted") }),
  z.object({ state: z.literal("authorizing") }),
  z.object({ state: z.literal("action_required"), url: z.string(), until_ms: z.number() }),
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
  lease: z.object({ id: z.string(), until_ms: z.number() }).nullable(),
  progressAt_ms: z.number(),
  updatedAt_ms: z.number(),
});
export type OrderRecord = z.infer<typeof orderRecordSchema>;

const FINAL_STATES: ReadonlySet<OrderState> = new Set([
  "confirmed",
  "declined",
  "failed",
  "rejected",
  "cancelled",
]);

export function isFinal(standing: OrderStanding): boolean {
  return FINAL_STATES.has(standing.state);
}

export type StepKind = "authorize" | "book" | "capture" | "lookup" | "void" | "refund";

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
    case "placing":
    case "rejected":
    case "confirmed":
    case "declined":
    case "failed":
    case "cancelled":
      return null;
  }
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

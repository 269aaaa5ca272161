/**
 * The stored forms of what happens to a confirmed order's money: its refunds, and its dispute.
 */
import { z } from "zod";

export const refundSchema = z.object({
  /** Follows from the request's idempotency key, or from the provider's id. */
  id: z.string(),
  /** Minor units. */
  amount: z.int(),
  /** The merchant's own words, for the history; null where none were given. */
  reason: z.string().nullable(),
  /** Units that go back on sale when the refund has succeeded. */
  restock: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  /** `provider`: made in the provider's dashboard, and learned from there. */
  by: z.enum(["merchant", "provider"]),
  /** `unclear`: an answer did not tell whether it was made. */
  state: z.enum(["requested", "unclear", "pending", "succeeded", "failed"]),
  providerId: z.string().nullable(),
  /** Why it failed: the provider's code. */
  failure: z.string().nullable(),
  /** Part of the idempotency key. */
  attempt: z.int(),
  attemptAt_ms: z.number(),
  /** It had succeeded once, so its units are back on sale, also when it failed afterwards. */
  isRestocked: z.boolean().default(false),
  /** Since when it is unclear; 0 when it is not. */
  unclearSince_ms: z.number().default(0),
  requestedAt_ms: z.number(),
  updatedAt_ms: z.number(),
  /** The order's version at its last change. */
  version: z.int(),
});
export type Refund = Readonly<z.infer<typeof refundSchema>>;

export const disputeSchema = z.object({
  id: z.string(),
  /** The provider's own state, such as `needs_response`, `won`, `lost`. */
  status: z.string(),
  isClosed: z.boolean(),
  amount: z.int(),
  reason: z.string(),
  updatedAt_ms: z.number(),
  version: z.int(),
});
export type StoredDispute = Readonly<z.infer<typeof disputeSchema>>;

/** Money that has left, or is on its way, by refunds that have not failed. Minor units. */
export function refundedOf(refunds: readonly Refund[]): number {
  return refunds.reduce((sum, { state, amount }) => sum + (state === "failed" ? 0 : amount), 0);
}

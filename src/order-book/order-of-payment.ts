/**
 * The order that a payment belongs to, for news that name only the payment.
 *
 * Weak: `orders` is a projection of events from a queue, so an order of the last seconds may be
 * missing, and one of a release before the column has no payment in it.
 */
import { z } from "zod";

const rowSchema = z.object({ id: z.string() }).nullable();

/** @param paymentId the provider's id of the payment */
export async function orderOfPayment(book: D1Database, paymentId: string): Promise<string | null> {
  const row = await book
    .prepare("SELECT id FROM orders WHERE payment = ? LIMIT 1")
    .bind(paymentId)
    .first();
  return rowSchema.parse(row)?.id ?? null;
}

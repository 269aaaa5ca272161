/**
 * The order book as the merchant reads it. The orders Worker writes it; here it is only read,
 * except that a replayed dead letter is marked.
 *
 * The weak guarantee, said aloud: `orders` is a projection of events that travel through a queue,
 * so it may be some seconds behind. One order's own word is its Order object's.
 */
import { z } from "zod";

const orderRowSchema = z.object({
  id: z.string(),
  sale: z.string(),
  state: z.string(),
  total: z.int(),
  currency: z.string(),
  email: z.string(),
  reason: z.string().nullable(),
  placed_ms: z.int(),
  updated_ms: z.int(),
});
export type BookedOrder = z.infer<typeof orderRowSchema>;

export interface OrdersFilter {
  readonly sale?: string | undefined;
  readonly state?: string | undefined;
  /** An order's id: the page starts after it. Pages go by id, which says nothing about time. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export async function listOrders(book: D1Database, filter: OrdersFilter): Promise<BookedOrder[]> {
  const { sale = null, state = null, after = "", limit } = filter;
  const { results } = await book
    .prepare(
      `SELECT id, sale, state, total, currency, email, reason, placed_ms, updated_ms FROM orders
       WHERE id > ?1 AND (?2 IS NULL OR sale = ?2) AND (?3 IS NULL OR state = ?3)
       ORDER BY id LIMIT ?4`,
    )
    .bind(after, sale, state, limit)
    .all();
  return z.array(orderRowSchema).parse(results);
}

/** Orders of the sale by their last known state. */
export async function countOrders(book: D1Database, sale: string): Promise<Record<string, number>> {
  const { results } = await book
    .prepare("SELECT state, COUNT(*) AS count FROM orders WHERE sale = ? GROUP BY state")
    .bind(sale)
    .all();
  const rows = z.array(z.object({ state: z.string(), count: z.int() })).parse(results);
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

const deadLetterSchema = z.object({
  id: z.string(),
  queue: z.string(),
  body: z.string(),
  reason: z.string(),
  attempts: z.int(),
  parked_ms: z.int(),
  replayed_ms: z.int().nullable(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;

export async function listDeadLetters(book: D1Database): Promise<DeadLetter[]> {
  const { results } = await book
    .prepare("SELECT * FROM dead_letters ORDER BY parked_ms DESC LIMIT 500")
    .all();
  return z.array(deadLetterSchema).parse(results);
}

export async function findDeadLetter(book: D1Database, id: string): Promise<DeadLetter | null> {
  const row = await book.prepare("SELECT * FROM dead_letters WHERE id = ?").bind(id).first();
  return row === null ? null : deadLetterSchema.parse(row);
}

export async function markReplayed(book: D1Database, id: string, now: number): Promise<void> {
  await book.prepare("UPDATE dead_letters SET replayed_ms = ? WHERE id = ?").bind(now, id).run();
}

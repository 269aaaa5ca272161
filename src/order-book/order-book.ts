/**
 * The order book as the merchant reads it: counts of orders, and dead letters. The orders Worker
 * writes it; this module only reads it and marks replayed dead letters. Orders: `order-list.ts`.
 *
 * Weak: `orders` is a projection of events from a queue, so it may be some seconds behind.
 */
import { z } from "zod";
import { UNREADABLE_REASONS } from "../domain/order/messages.ts";

/** The number of the sale's orders by their last known state. */
export async function countOrders(book: D1Database, sale: string): Promise<Record<string, number>> {
  const { results } = await book
    .prepare("SELECT state, COUNT(*) AS count FROM orders WHERE sale = ? GROUP BY state")
    .bind(sale)
    .all();
  const rows = z.array(z.object({ state: z.string(), count: z.int() })).parse(results);
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

/** The ids of a sale's orders, in their order. */
export async function orderIdsAfter(
  book: D1Database,
  sale: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { results } = await book
    .prepare("SELECT id FROM orders WHERE id > ?2 AND sale = ?1 ORDER BY id LIMIT ?3")
    .bind(sale, after, limit)
    .all();
  return z
    .array(z.object({ id: z.string() }))
    .parse(results)
    .map(({ id }) => id);
}

/** Of these orders, those whose buyers were erased. */
export async function erasedOf(book: D1Database, orders: readonly string[]): Promise<string[]> {
  const { results } = await book
    .prepare(
      `SELECT id FROM orders WHERE erased_ms IS NOT NULL
       AND id IN (SELECT value FROM json_each(?))`,
    )
    .bind(JSON.stringify(orders))
    .all();
  return z
    .array(z.object({ id: z.string() }))
    .parse(results)
    .map(({ id }) => id);
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

/** A position in the list of dead letters, which is sorted from the newest to the oldest. */
export interface LetterPlace {
  readonly parked_ms: number;
  readonly id: string;
}

export async function listDeadLetters(
  book: D1Database,
  { after, limit }: { readonly after: LetterPlace | null; readonly limit: number },
): Promise<DeadLetter[]> {
  const { results } = await book
    .prepare(
      `SELECT * FROM dead_letters
       WHERE ?1 IS NULL OR parked_ms < ?1 OR (parked_ms = ?1 AND id < ?2)
       ORDER BY parked_ms DESC, id DESC LIMIT ?3`,
    )
    .bind(after?.parked_ms ?? null, after?.id ?? null, limit)
    .all();
  return z.array(deadLetterSchema).parse(results);
}

export interface LetterFilter {
  readonly queue: string | null;
  /** Parked before this. */
  readonly before_ms: number | null;
}

/** Letters with these reasons cannot be replayed, only read. */
const UNREADABLE = Object.values(UNREADABLE_REASONS)
  .map((reason) => `'${reason}'`)
  .join(", ");
const WAITING = `replayed_ms IS NULL AND (?1 IS NULL OR queue = ?1)
  AND (?2 IS NULL OR parked_ms < ?2) AND reason NOT IN (${UNREADABLE})`;

/** Letters that can be replayed and have not been, the oldest first. */
export async function waitingDeadLetters(
  book: D1Database,
  { queue, before_ms }: LetterFilter,
  limit: number,
): Promise<DeadLetter[]> {
  const { results } = await book
    .prepare(`SELECT * FROM dead_letters WHERE ${WAITING} ORDER BY parked_ms, id LIMIT ?3`)
    .bind(queue, before_ms, limit)
    .all();
  return z.array(deadLetterSchema).parse(results);
}

export async function countWaitingDeadLetters(
  book: D1Database,
  { queue, before_ms }: LetterFilter,
): Promise<number> {
  const row = await book
    .prepare(`SELECT COUNT(*) AS count FROM dead_letters WHERE ${WAITING}`)
    .bind(queue, before_ms)
    .first();
  return z.object({ count: z.int() }).parse(row).count;
}

export async function findDeadLetter(book: D1Database, id: string): Promise<DeadLetter | null> {
  const row = await book.prepare("SELECT * FROM dead_letters WHERE id = ?").bind(id).first();
  return row === null ? null : deadLetterSchema.parse(row);
}

export async function markReplayed(
  book: D1Database,
  ids: readonly string[],
  now: number,
): Promise<void> {
  if (ids.length === 0) return;
  const mark = book.prepare("UPDATE dead_letters SET replayed_ms = ? WHERE id = ?");
  await book.batch(ids.map((id) => mark.bind(now, id)));
}

/** Marks letters that a replay found unreadable, so that the next replay skips them. */
export async function markUnreadable(book: D1Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const mark = book.prepare("UPDATE dead_letters SET reason = ? WHERE id = ?");
  await book.batch(ids.map((id) => mark.bind(UNREADABLE_REASONS.replay, id)));
}

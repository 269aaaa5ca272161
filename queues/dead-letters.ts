/**
 * Parks messages whose retries are used up in D1, with body and reason, to be read and replayed.
 *
 * Guarantee: parking the same message twice keeps one row, and any body can be parked. A replay is
 * a new message. The Order decides its next step from its own state, so replaying a message about
 * a step that was already taken changes nothing.
 */

import { eraseInLetter } from "../src/order-book/erased-orders.ts";

export const RETRIES_USED_UP = "retries used up";

export interface ParkedMessage {
  readonly id: string;
  readonly body: unknown;
  readonly attempts: number;
}

export async function park(
  book: D1Database,
  queue: string,
  reason: string,
  { id, body, attempts }: ParkedMessage,
  now: number,
): Promise<void> {
  const parked = book
    .prepare(`INSERT OR IGNORE INTO dead_letters (id, queue, body, reason, attempts, parked_ms)
       VALUES (?, ?, ?, ?, ?, ?)`)
    .bind(id, queue, textOf(body), reason, attempts, now);
  await book.batch([parked, eraseInLetter(book, id)]);
}

/** JSON, also for values that JSON cannot represent, because queues carry more types than JSON. */
function textOf(body: unknown): string {
  try {
    return JSON.stringify(body) ?? "null";
  } catch {
    return JSON.stringify(String(body));
  }
}

/**
 * How long the log is kept: events with their deliveries, and dead letters that were replayed.
 *
 * Guarantee: an event that comes again is not delivered as if it were new. It goes together with
 * all its deliveries or not at all, when every queue has forgotten it; it stays while a delivery of
 * it is pending and while a dead letter could bring it again. A run deletes a bounded number of
 * rows, the oldest first, and the next run goes on.
 * Not for orders, bookings and letters that were not replayed: those are never deleted.
 */
import { EVENTS_KEPT_MS, RETENTION_ROUNDS_MAX, RETENTION_ROWS_MAX } from "../src/domain/limits.ts";
import { log } from "../src/platform/log.ts";

/** Both statements of a batch choose the same: deleting final deliveries frees no other event. */
const OLD_EVENTS = `SELECT id FROM events WHERE at_ms < ?1
  AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS d
    WHERE d.event = events.id AND d.state = 'pending')
  AND NOT EXISTS (SELECT 1 FROM dead_letters AS l WHERE l.event = events.id)
  ORDER BY at_ms, seq LIMIT ?2`;

const OLD_LETTERS = `SELECT id FROM dead_letters WHERE replayed_ms < ?1
  ORDER BY replayed_ms LIMIT ?2`;

export interface Deleted {
  readonly events: number;
  readonly deliveries: number;
  readonly deadLetters: number;
}

/** Called by the clock. Letters go first, so that the events they held go with them. */
export async function deleteOld(book: D1Database, now: number): Promise<Deleted> {
  const before_ms = now - EVENTS_KEPT_MS;
  const deleted = { events: 0, deliveries: 0, deadLetters: 0 };
  for (let round = 0; round < RETENTION_ROUNDS_MAX; round += 1) {
    const [letters = 0, deliveries = 0, events = 0] = await deleteRound(book, before_ms);
    deleted.deadLetters += letters;
    deleted.deliveries += deliveries;
    deleted.events += events;
    if (Math.max(letters, events) < RETENTION_ROWS_MAX) break;
  }
  if (deleted.events + deleted.deadLetters > 0) {
    log.info("retention", "deleted", deleted);
  }
  return deleted;
}

/** Rows that each statement deleted. D1 runs a batch as one transaction. */
async function deleteRound(book: D1Database, before_ms: number): Promise<number[]> {
  const statements = [
    `DELETE FROM dead_letters WHERE id IN (${OLD_LETTERS})`,
    `DELETE FROM webhook_deliveries WHERE event IN (${OLD_EVENTS})`,
    `DELETE FROM events WHERE id IN (${OLD_EVENTS})`,
  ];
  const results = await book.batch(
    statements.map((statement) => book.prepare(statement).bind(before_ms, RETENTION_ROWS_MAX)),
  );
  return results.map(({ meta }) => meta.changes);
}

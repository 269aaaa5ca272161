/**
 * Deletes old events with their deliveries, old dead letters that were replayed, and old mails
 * about turns, which belong to no order.
 *
 * Guarantee: a repeated event is never delivered as a new one. So an event and all its deliveries
 * are deleted together, only when no queue can still contain it, and not while one of its
 * deliveries is pending or a dead letter contains it. A run deletes a bounded number of rows, the
 * oldest first; the next run continues.
 * Orders, bookings and dead letters that were not replayed are never deleted.
 */
import { EVENTS_KEPT_MS, RETENTION_ROUNDS_MAX, RETENTION_ROWS_MAX } from "../src/domain/limits.ts";
import { YOUR_TURN } from "../src/domain/mail/mail.ts";
import { log } from "../src/platform/log.ts";

/** Selects the same rows in both statements of a batch: deleting final deliveries adds none. */
const OLD_EVENTS = `SELECT id FROM events WHERE at_ms < ?1
  AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS d
    WHERE d.event = events.id AND d.state = 'pending')
  AND NOT EXISTS (SELECT 1 FROM dead_letters AS l WHERE l.event = events.id)
  ORDER BY at_ms, seq LIMIT ?2`;

const OLD_LETTERS = `SELECT id FROM dead_letters WHERE replayed_ms < ?1
  ORDER BY replayed_ms LIMIT ?2`;

const OLD_TURN_MAILS = `SELECT id FROM mails WHERE kind = '${YOUR_TURN}' AND at_ms < ?1
  ORDER BY at_ms LIMIT ?2`;

export interface Deleted {
  readonly events: number;
  readonly deliveries: number;
  readonly deadLetters: number;
  readonly turnMails: number;
}

/** Called by the cron trigger. Deletes letters first, so that the events in them can go too. */
export async function deleteOld(book: D1Database, now: number): Promise<Deleted> {
  const before_ms = now - EVENTS_KEPT_MS;
  const deleted = { events: 0, deliveries: 0, deadLetters: 0, turnMails: 0 };
  for (let round = 0; round < RETENTION_ROUNDS_MAX; round += 1) {
    const [letters = 0, deliveries = 0, events = 0, turnMails = 0] = await deleteRound(
      book,
      before_ms,
    );
    deleted.deadLetters += letters;
    deleted.deliveries += deliveries;
    deleted.events += events;
    deleted.turnMails += turnMails;
    if (Math.max(letters, events, turnMails) < RETENTION_ROWS_MAX) break;
  }
  if (deleted.events + deleted.deadLetters + deleted.turnMails > 0) {
    log.info("retention", "deleted", deleted);
  }
  return deleted;
}

/** The number of rows that each statement deleted. D1 runs a batch as one transaction. */
async function deleteRound(book: D1Database, before_ms: number): Promise<number[]> {
  const statements = [
    `DELETE FROM dead_letters WHERE id IN (${OLD_LETTERS})`,
    `DELETE FROM webhook_deliveries WHERE event IN (${OLD_EVENTS})`,
    `DELETE FROM events WHERE id IN (${OLD_EVENTS})`,
    `DELETE FROM mails WHERE id IN (${OLD_TURN_MAILS})`,
  ];
  const results = await book.batch(
    statements.map((statement) => book.prepare(statement).bind(before_ms, RETENTION_ROWS_MAX)),
  );
  return results.map(({ meta }) => meta.changes);
}

/**
 * Reads the events of orders: logs each once, and keeps the book's projection of every order.
 *
 * Guarantee: repeated and reordered events change nothing: the log is keyed by the event's id, and
 * an older version never replaces a newer one.
 */
import { orderEventSchema, type OrderEvent } from "../src/domain/order-messages.ts";

export function readEvent(body: unknown): OrderEvent | null {
  const parsed = orderEventSchema.safeParse(body);
  return parsed.success ? parsed.data : null;
}

/** All or none; D1 runs a batch as one transaction. */
export async function keepEvents(book: D1Database, events: readonly OrderEvent[]): Promise<void> {
  if (events.length === 0) return;
  await book.batch(events.flatMap((event) => [logged(book, event), projected(book, event)]));
}

function logged(book: D1Database, event: OrderEvent): D1PreparedStatement {
  const { id, type, order, sale, at_ms } = event;
  return book
    .prepare("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)")
    .bind(id, type, order, sale, at_ms, JSON.stringify(event));
}

function projected(book: D1Database, event: OrderEvent): D1PreparedStatement {
  return book
    .prepare(
      `INSERT INTO orders (id, sale, state, version, total, currency, email, reason, lines,
         placed_ms, updated_ms)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
       ON CONFLICT (id) DO UPDATE SET state = ?3, version = ?4, reason = ?8, updated_ms = ?11
       WHERE version < ?4`,
    )
    .bind(
      event.order,
      event.sale,
      event.state,
      event.version,
      event.total,
      event.currency,
      event.email,
      event.reason,
      JSON.stringify(event.lines),
      event.placedAt_ms,
      event.at_ms,
    );
}

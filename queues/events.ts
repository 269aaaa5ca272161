/**
 * Consumes the events of orders and sales: logs each once, updates the order book's projection of
 * the order, and adds the webhook deliveries of the event.
 *
 * Guarantee: repeated and reordered events do no harm: the log is keyed by the event's id, and an
 * older version never replaces a newer one. An event is logged in one batch with its deliveries.
 */
import type { OrderEvent } from "../src/domain/order/messages.ts";
import { queuedEventSchema, type QueuedEvent } from "../src/domain/webhooks.ts";
import { addDeliveries, type NewDelivery } from "../src/webhooks/deliveries.ts";

/** Null when the body is not an event of an order or a sale. */
export function readEvent(body: unknown): QueuedEvent | null {
  const parsed = queuedEventSchema.safeParse(body);
  return parsed.success ? parsed.data : null;
}

export function isOrderEvent(event: QueuedEvent): event is OrderEvent {
  return "order" in event;
}

/** All or none; D1 runs a batch as one transaction. */
export async function keepEvents(
  book: D1Database,
  events: readonly QueuedEvent[],
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<void> {
  const statements = events.map((event) => logged(book, event));
  for (const event of events) if (isOrderEvent(event)) statements.push(projected(book, event));
  if (deliveries.length > 0) statements.push(addDeliveries(book, deliveries, now));
  if (statements.length > 0) await book.batch(statements);
}

function logged(book: D1Database, event: QueuedEvent): D1PreparedStatement {
  const { id, type, sale, at_ms } = event;
  const order = isOrderEvent(event) ? event.order : null;
  return book
    .prepare(
      `INSERT OR IGNORE INTO events (id, type, sale, order_id, at_ms, body)
       VALUES (?, ?, ?, ?, ?, ?)`,
    )
    .bind(id, type, sale, order, at_ms, JSON.stringify(event));
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

/**
 * Consumes the events of orders and sales: logs each once, updates the order book's projection of
 * the order, and adds what the event causes: webhook deliveries and mails.
 *
 * Guarantee: repeated and reordered events do no harm: the log is keyed by the event's id, and an
 * older version never replaces a newer one. An event is logged in one batch with what it causes.
 */
import type { OrderEvent } from "../src/domain/order/messages.ts";
import { queuedEventSchema, type QueuedEvent } from "../src/domain/webhooks.ts";
import { normalisedEmail } from "../src/domain/buyer/email.ts";
import { eraseBuyers } from "./erased-orders.ts";
import { loggedOf, loggedOrders, type LoggedOrder } from "./logged-orders.ts";
import { writeSkus } from "./order-search.ts";

/** Null when the body is not an event of an order or a sale. */
export function readEvent(body: unknown): QueuedEvent | null {
  const parsed = queuedEventSchema.safeParse(body);
  return parsed.success ? parsed.data : null;
}

export function isOrderEvent(event: QueuedEvent): event is OrderEvent {
  return "order" in event;
}

/** What events cause: rows to add in their transaction, and messages to send after it. */
export interface EventOutbox {
  readonly statements: readonly D1PreparedStatement[];
  /** Sends messages for rows that have not been tried; repeated events send them again. */
  readonly send: () => Promise<void>;
}

/**
 * Logs events with what they cause, all or none: D1 runs a batch as one transaction. Answers which
 * orders are to hear what of them is logged.
 */
export async function keepEvents(
  book: D1Database,
  events: readonly QueuedEvent[],
  outboxes: readonly EventOutbox[],
): Promise<readonly LoggedOrder[]> {
  if (events.length === 0) return [];
  const ofOrders = events.filter(isOrderEvent);
  const statements = events.map((event) => logged(book, event));
  for (const event of ofOrders) {
    statements.push(projected(book, event), ...disputed(book, event));
  }
  if (ofOrders.length > 0) statements.push(writeSkus(book, ofOrders.map(skusOf)));
  const caused = outboxes.flatMap((outbox) => outbox.statements);
  const closing = [...eraseBuyers(book, ofOrders), loggedOf(book, ofOrders)];
  const results = await book.batch([...statements, ...caused, ...closing]);
  for (const { send } of outboxes) await send();
  const isRepeated = (event: OrderEvent): boolean => {
    return results[events.indexOf(event)]?.meta.changes === 0;
  };
  const waiting = ofOrders.filter((event) => event.final || isRepeated(event));
  return loggedOrders(waiting, results.at(-1)?.results);
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

function skusOf({ order: id, placedAt_ms: placed_ms, lines }: OrderEvent) {
  return { id, placed_ms, skus: lines.map(({ sku }) => sku) };
}

/** The list of orders needs no address where it has the keyed hash. */
function projected(book: D1Database, event: OrderEvent): D1PreparedStatement {
  const address = event.buyer === null ? event.email : "";
  return book
    .prepare(
      `INSERT INTO orders (id, sale, state, version, total, currency, email, reason, lines,
         placed_ms, updated_ms, email_normalised, amounts, payment, refunded, provider_code, buyer)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
       ON CONFLICT (id) DO UPDATE SET state = ?3, version = ?4, reason = ?8, updated_ms = ?11,
         email = CASE WHEN ?17 IS NULL THEN email ELSE '' END, buyer = coalesce(?17, buyer),
         email_normalised = ?12, amounts = ?13, payment = ?14, refunded = ?15, provider_code = ?16
       WHERE version < ?4`,
    )
    .bind(
      event.order,
      event.sale,
      event.state,
      event.version,
      event.total,
      event.currency,
      address,
      event.reason,
      JSON.stringify(event.lines),
      event.placedAt_ms,
      event.at_ms,
      address === "" ? "" : normalisedEmail(address),
      event.amounts === null ? null : JSON.stringify(event.amounts),
      event.payment,
      event.refunded,
      event.providerCode,
      event.buyer,
    );
}

/** Only an event about a dispute names it, so it has a version of its own. */
function disputed(book: D1Database, event: OrderEvent): D1PreparedStatement[] {
  const { order, version, dispute } = event;
  if (dispute === null) return [];
  const statement = book.prepare(
    `UPDATE orders SET dispute = ?2, dispute_version = ?3 WHERE id = ?1 AND dispute_version < ?3`,
  );
  return [statement.bind(order, dispute.status, version)];
}

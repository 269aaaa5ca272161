/**
 * The statements that write an order into the book: its event in the log, its row, its SKUs.
 *
 * Guarantee: repeating them changes nothing, and an older version never replaces a newer one. The
 * orders Worker runs them for events, and a rebuild for what the orders themselves say.
 */
import { normalisedEmail } from "../domain/buyer/email.ts";
import type { OrderEvent } from "../domain/order/messages.ts";
import { isOrderEvent, type QueuedEvent } from "../domain/webhooks.ts";

interface OrderSkus {
  readonly id: string;
  readonly placed_ms: number;
  readonly skus: readonly string[];
}

/** Writing them again changes nothing: the lines of an order are fixed. */
export function writeSkus(book: D1Database, orders: readonly OrderSkus[]): D1PreparedStatement {
  const rows = orders.flatMap(({ id, placed_ms, skus }) => {
    return skus.map((sku) => ({ id, placed_ms, sku }));
  });
  return book
    .prepare(
      `INSERT OR IGNORE INTO order_skus (sku, placed_ms, order_id)
       SELECT value ->> '$.sku', value ->> '$.placed_ms', value ->> '$.id' FROM json_each(?)`,
    )
    .bind(JSON.stringify(rows));
}

export function logged(book: D1Database, event: QueuedEvent): D1PreparedStatement {
  const { id, type, sale, at_ms } = event;
  const order = isOrderEvent(event) ? event.order : null;
  return book
    .prepare(
      `INSERT OR IGNORE INTO events (id, type, sale, order_id, at_ms, body)
       VALUES (?, ?, ?, ?, ?, ?)`,
    )
    .bind(id, type, sale, order, at_ms, JSON.stringify(event));
}

export function skusOf({ order: id, placedAt_ms: placed_ms, lines }: OrderEvent) {
  return { id, placed_ms, skus: lines.map(({ sku }) => sku) };
}

/** The list of orders needs no address where it has the keyed hash. */
export function projected(book: D1Database, event: OrderEvent): D1PreparedStatement {
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
export function disputed(
  book: D1Database,
  { order, status, version }: { order: string; status: string; version: number },
): D1PreparedStatement {
  const statement = book.prepare(
    `UPDATE orders SET dispute = ?2, dispute_version = ?3 WHERE id = ?1 AND dispute_version < ?3`,
  );
  return statement.bind(order, status, version);
}

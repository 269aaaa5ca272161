/**
 * Takes the buyer out of D1, when the event says that an order's buyer was erased.
 *
 * Guarantee: it runs in the transaction that logs events, and after every event of an order. So an
 * event that was late in the queue, or a dead letter that is parked later, brings no address back.
 * Amounts, numbers, times, state and the provider's id of the payment stay.
 */
import { BUYER_ERASED, type OrderEvent } from "../domain/order/messages.ts";

const ERASED = `(SELECT id FROM orders
  WHERE erased_ms IS NOT NULL AND id IN (SELECT value FROM json_each(?1)))`;

/** The merchant's words about a refund may name the buyer. */
const WITHOUT_BUYER = "json_replace(body, '$.email', '', '$.buyer', NULL, '$.refund.reason', NULL)";

/** A letter's body may be no JSON, or more deeply nested than SQLite reads. */
const LETTER_HAS_BUYER = "CASE WHEN json_valid(body) THEN body ->> '$.email' <> '' ELSE 0 END";

const STATEMENTS = [
  `UPDATE orders SET email = '', email_normalised = '', buyer = NULL WHERE id IN ${ERASED}`,
  `UPDATE bookings SET email = '', name = NULL, phone = NULL, ship_to = NULL, bill_to = NULL
   WHERE order_id IN ${ERASED}`,
  `UPDATE events SET body = ${WITHOUT_BUYER}
   WHERE order_id IN ${ERASED} AND body ->> '$.email' <> ''`,
  `UPDATE dead_letters SET body = ${WITHOUT_BUYER}
   WHERE order_id IN ${ERASED} AND ${LETTER_HAS_BUYER}`,
  `UPDATE mails SET recipient = '',
     reason = CASE state WHEN 'pending' THEN 'erased' ELSE reason END,
     state = CASE state WHEN 'pending' THEN 'off' ELSE state END
   WHERE order_id IN ${ERASED} AND recipient <> ''`,
];

/** Orders to look at, and those of them whose buyer was erased. */
export interface Erasures {
  readonly orders: readonly string[];
  readonly erased: readonly { readonly order: string; readonly at_ms: number }[];
}

export function erasuresOf(events: readonly OrderEvent[]): Erasures {
  const erased = events.filter(({ type }) => type === BUYER_ERASED);
  return { orders: events.map(({ order }) => order), erased };
}

/** For the end of the batch that writes these orders. */
export function eraseBuyers(book: D1Database, { orders, erased }: Erasures): D1PreparedStatement[] {
  if (orders.length === 0) return [];
  const mark = book.prepare("UPDATE orders SET erased_ms = coalesce(erased_ms, ?2) WHERE id = ?1");
  const marks = erased.map(({ order, at_ms }) => mark.bind(order, at_ms));
  const ids = JSON.stringify(orders);
  return [...marks, ...STATEMENTS.map((statement) => book.prepare(statement).bind(ids))];
}

/** A letter that was parked after its order's buyer was erased. @param id of the letter */
export function eraseInLetter(book: D1Database, id: string): D1PreparedStatement {
  return book
    .prepare(
      `UPDATE dead_letters SET body = ${WITHOUT_BUYER} WHERE id = ? AND ${LETTER_HAS_BUYER}
       AND order_id IN (SELECT id FROM orders WHERE erased_ms IS NOT NULL)`,
    )
    .bind(id);
}

/**
 * The one statement that writes a booking of the embedded order backend.
 *
 * Guarantee: an order has at most one row; one that was cancelled stays cancelled, and one that is
 * there keeps what it has. Of an order that is cancelled before it was booked, nothing of its buyer
 * is kept, because nothing is sent to them.
 */
import { bookReferenceOf, type BookedOrder } from "../domain/order/book-entry.ts";

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** What a cancelled booking has in place of the buyer, where nothing was booked before. */
const NOTHING_TO_SHIP = {
  email: "",
  name: null,
  phone: null,
  shipTo: null,
  billTo: null,
  delivery: null,
} satisfies Partial<BookedOrder>;

export function bookingStatement(
  book: D1Database,
  order: BookedOrder,
  status: "booked" | "cancelled",
  at_ms: number,
): D1PreparedStatement {
  const { email, name, phone, shipTo, billTo, delivery } =
    status === "booked" ? order : NOTHING_TO_SHIP;
  return book
    .prepare(
      `INSERT INTO bookings (order_id, reference, sale, status, total, currency, lines, email,
         name, ship_to, booked_ms, cancelled_ms, delivery, bill_to, phone)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
       ON CONFLICT (order_id) DO UPDATE SET
         status = CASE WHEN ?4 = 'cancelled' THEN 'cancelled' ELSE status END,
         cancelled_ms = COALESCE(cancelled_ms, ?12)
       RETURNING reference, status`,
    )
    .bind(
      order.id,
      bookReferenceOf(order.id),
      order.sale,
      status,
      order.total,
      order.currency,
      JSON.stringify(order.lines),
      email,
      name,
      jsonOrNull(shipTo),
      at_ms,
      status === "cancelled" ? at_ms : null,
      jsonOrNull(delivery),
      jsonOrNull(billTo),
      phone,
    );
}

/**
 * Writes into the order book what orders say of themselves, where the book has less.
 *
 * Guarantee: it may be repeated, and run while events arrive: an older version never replaces a
 * newer one, a booking that is there stays as it is, and one that is undone is not booked again. No
 * webhook and no mail is caused. Buyers who were erased stay erased, because that is the end of the
 * same transaction.
 */
import { EVENTS_KEPT_MS } from "../domain/limits.ts";
import type { BookEntry } from "../domain/order/book-entry.ts";
import { bookingStatement } from "./bookings.ts";
import { eraseBuyers } from "./erased-orders.ts";
import { disputed, logged, projected, skusOf, writeSkus } from "./projection.ts";

export interface Rebuilt {
  /** Orders whose row was missing or older. */
  readonly orders: number;
  /** Bookings that were missing. */
  readonly bookings: number;
}

export async function rebuildOrders(
  book: D1Database,
  entries: readonly BookEntry[],
  now: number,
): Promise<Rebuilt> {
  if (entries.length === 0) return { orders: 0, bookings: 0 };
  const known = await bookingsOf(book, entries);
  const rows = entries.map(({ event }) => projected(book, event));
  const wanted = entries.filter(({ event, booking }) => {
    return booking !== null && known.get(event.order) !== booking.status;
  });
  const bookings = wanted.flatMap(({ event, booking }) => {
    return booking === null
      ? []
      : [bookingStatement(book, booking.order, booking.status, event.at_ms)];
  });
  const others = entries.flatMap(({ event, isEvent, dispute }) => [
    ...(isEvent && now - event.at_ms < EVENTS_KEPT_MS ? [logged(book, event)] : []),
    ...(dispute === null ? [] : [disputed(book, { order: event.order, ...dispute })]),
  ]);
  const erased = entries.flatMap(({ event: { order }, erasedAt_ms: at_ms }) => {
    return at_ms === null ? [] : [{ order, at_ms }];
  });
  const orders = entries.map(({ event }) => event.order);
  const results = await book.batch([
    ...rows,
    ...bookings,
    ...others,
    writeSkus(
      book,
      entries.map(({ event }) => skusOf(event)),
    ),
    ...eraseBuyers(book, { orders, erased }),
  ]);
  const written = results.slice(0, rows.length).filter(({ meta }) => meta.changes > 0);
  const missing = wanted.filter(({ event, booking }) => {
    return booking?.status === "booked" && !known.has(event.order);
  });
  return { orders: written.length, bookings: missing.length };
}

async function bookingsOf(
  book: D1Database,
  entries: readonly BookEntry[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await book
    .prepare(
      `SELECT order_id, status FROM bookings
       WHERE order_id IN (SELECT value FROM json_each(?))`,
    )
    .bind(JSON.stringify(entries.map(({ event }) => event.order)))
    .all<{ order_id: string; status: string }>();
  return new Map(results.map(({ order_id, status }) => [order_id, status]));
}

/**
 * The embedded order backend: bookings in D1.
 *
 * Guarantee: an order has at most one booking; a booking that was cancelled stays cancelled, even
 * when a late `book` of the same order comes after it.
 */
import { z } from "zod";
import type { OrderIntent } from "../../src/domain/order.ts";
import type { OrderBackend } from "./order-backend.ts";

const bookingSchema = z.object({ reference: z.string(), status: z.enum(["booked", "cancelled"]) });

async function insert(
  book: D1Database,
  intent: OrderIntent,
  status: "booked" | "cancelled",
  now: number,
): Promise<z.infer<typeof bookingSchema>> {
  const row = await book
    .prepare(
      `INSERT INTO bookings (order_id, reference, sale, status, total, currency, lines, email,
         name, ship_to, booked_ms, cancelled_ms)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
       ON CONFLICT (order_id) DO UPDATE SET
         status = CASE WHEN ?4 = 'cancelled' THEN 'cancelled' ELSE status END,
         cancelled_ms = COALESCE(cancelled_ms, ?12)
       RETURNING reference, status`,
    )
    .bind(
      intent.id,
      `B-${intent.id.slice(4, 16).toUpperCase()}`,
      intent.sale,
      status,
      intent.total,
      intent.currency,
      JSON.stringify(intent.lines),
      intent.email,
      intent.name,
      intent.shipTo === null ? null : JSON.stringify(intent.shipTo),
      now,
      status === "cancelled" ? now : null,
    )
    .first();
  return bookingSchema.parse(row);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}

export function orderBook(book: D1Database): OrderBackend {
  return {
    name: "order-book",
    async book(intent, now) {
      try {
        const { reference, status } = await insert(book, intent, "booked", now);
        if (status === "cancelled") return { kind: "refused", reason: "booking_cancelled" };
        return { kind: "booked", booking: reference };
      } catch (error) {
        return { kind: "unknown", reason: messageOf(error) };
      }
    },
    async cancel(intent, now) {
      try {
        await insert(book, intent, "cancelled", now);
        return { kind: "cancelled" };
      } catch (error) {
        return { kind: "unknown", reason: messageOf(error) };
      }
    },
  };
}

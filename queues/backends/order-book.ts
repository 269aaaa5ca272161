/**
 * The embedded order backend: bookings in D1.
 *
 * Guarantee: an order has at most one booking; a cancelled booking stays cancelled, even when a
 * late `book` of the same order follows. Of an order that is cancelled before it was booked,
 * nothing of its buyer is kept, because nothing is sent to them. A database that hangs is `unknown`
 * after `timeout_ms`, before the consumer's lease expires, so that its breaker counts it. The write
 * may have succeeded all the same; repeating it then finds the row.
 */
import { z } from "zod";
import { ORDER_BOOK_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { OrderIntent } from "../../src/domain/order/order.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { bookingStatement } from "../../src/order-book/bookings.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import type { OrderBackend } from "../../src/domain/order/order-backend.ts";

const bookingSchema = z.object({ reference: z.string(), status: z.enum(["booked", "cancelled"]) });

async function insert(
  book: D1Database,
  intent: OrderIntent,
  status: "booked" | "cancelled",
  now: number,
): Promise<z.infer<typeof bookingSchema>> {
  const row = await bookingStatement(book, intent, status, now).first();
  return bookingSchema.parse(row);
}

type Written =
  | { readonly kind: "written"; readonly booking: z.infer<typeof bookingSchema> }
  | { readonly kind: "unknown"; readonly reason: string };

export function orderBook(
  book: D1Database,
  timeoutOf_ms = () => ORDER_BOOK_TIMEOUT_MS,
): OrderBackend {
  const write = async (
    intent: OrderIntent,
    status: "booked" | "cancelled",
    now: number,
  ): Promise<Written> => {
    const timeout_ms = timeoutOf_ms();
    const written = insert(book, intent, status, now).then(
      (booking): Written => ({ kind: "written", booking }),
      (error: unknown): Written => ({ kind: "unknown", reason: errorText(error) }),
    );
    const late: Written = { kind: "unknown", reason: `no answer within ${timeout_ms} ms` };
    return (await withTimeout<Written>(written, timeout_ms)) ?? late;
  };
  return {
    name: "order-book",
    async book(intent, now) {
      const written = await write(intent, "booked", now);
      if (written.kind === "unknown") return written;
      const { reference, status } = written.booking;
      if (status === "cancelled") return { kind: "refused", reason: "booking_cancelled" };
      return { kind: "booked", booking: reference };
    },
    async cancel(intent, now) {
      const written = await write(intent, "cancelled", now);
      return written.kind === "unknown" ? written : { kind: "cancelled" };
    },
  };
}

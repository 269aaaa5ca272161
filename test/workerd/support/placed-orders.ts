/**
 * Orders in the order book as their events put them there: only what a merchant finds them by.
 */
import { env } from "cloudflare:workers";
import { keepEvents } from "../../../queues/events.ts";
import { orderEventSchema, type OrderEvent } from "../../../src/domain/order/messages.ts";

export interface Placed {
  readonly number: number;
  readonly sale: string;
  readonly state: OrderEvent["state"];
  readonly skus: readonly string[];
  readonly email: string;
  readonly placedAt_ms: number;
}

export function orderIdOf(number: number): string {
  return `ord_${number.toString(16).padStart(40, "0")}`;
}

export function eventOfPlaced(placed: Placed, change: Partial<OrderEvent> = {}): OrderEvent {
  const { number, sale, state, skus, email, placedAt_ms } = placed;
  const order = orderIdOf(number);
  return orderEventSchema.parse({
    v: 1,
    id: `${order}:1`,
    type: `order.${state}`,
    order,
    sale,
    version: 1,
    at_ms: placedAt_ms,
    placedAt_ms,
    state,
    final: true,
    lines: skus.map((sku) => ({ sku, name: sku, quantity: 1, price: 100 })),
    total: 100 * skus.length,
    currency: "EUR",
    email,
    reason: null,
    ...change,
  });
}

export async function placeInBook(placed: readonly Placed[]): Promise<void> {
  await keepEvents(
    env.ORDER_BOOK,
    placed.map((each) => eventOfPlaced(each)),
    [],
  );
}

/** Bookings of the embedded order book, each with the reference `B-<number>`. */
export async function bookPlaced(placed: readonly Placed[], status = "booked"): Promise<void> {
  const insert = env.ORDER_BOOK.prepare(
    `INSERT INTO bookings (order_id, reference, sale, status, total, currency, lines, email,
       booked_ms) VALUES (?, ?, ?, ?, 100, 'EUR', '[]', ?, 0)`,
  );
  await env.ORDER_BOOK.batch(
    placed.map(({ number, sale, email }) => {
      return insert.bind(orderIdOf(number), `B-${number}`, sale, status, email);
    }),
  );
}

export async function emptyBook(): Promise<void> {
  const tables = ["events", "orders", "order_skus", "bookings"];
  await env.ORDER_BOOK.batch(tables.map((table) => env.ORDER_BOOK.prepare(`DELETE FROM ${table}`)));
}

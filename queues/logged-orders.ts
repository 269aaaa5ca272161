/**
 * Tells orders which of their events the order book has, so that they stop sending them.
 *
 * Guarantee: an order is called only about events that are in the log, with what they cause. After
 * a call that was lost it sends its events again; the log does not change, and the order is called
 * again. Most orders get one call, when they have ended; others also for an event that came twice
 * or late.
 */
import { z } from "zod";
import { BOOK_ANSWERS_AT_ONCE } from "../src/domain/limits.ts";
import type { OrderEvent } from "../src/domain/order/messages.ts";
import { log } from "../src/platform/log.ts";
import { orderOf } from "../src/platform/objects.ts";

export interface LoggedOrder {
  readonly order: string;
  readonly versions: readonly number[];
}

/** The ids of all events of these orders. For the end of the batch that logs events. */
export function loggedOf(book: D1Database, events: readonly OrderEvent[]): D1PreparedStatement {
  const orders = JSON.stringify([...new Set(events.map(({ order }) => order))]);
  return book
    .prepare("SELECT id FROM events WHERE order_id IN (SELECT value FROM json_each(?))")
    .bind(orders);
}

/** @param rows what `loggedOf` found: an id is `<order>:<version>` */
export function loggedOrders(events: readonly OrderEvent[], rows: unknown): LoggedOrder[] {
  const ids = z.array(z.object({ id: z.string() })).parse(rows ?? []);
  return [...new Set(events.map(({ order }) => order))].map((order) => {
    const own = ids.filter(({ id }) => id.startsWith(`${order}:`));
    return { order, versions: own.map(({ id }) => Number(id.slice(order.length + 1))) };
  });
}

/** One that does not answer sends its events again later. */
export async function tellOrders(
  env: Pick<OrdersEnv, "ORDER">,
  logged: readonly LoggedOrder[],
): Promise<void> {
  let silent = 0;
  for (let from = 0; from < logged.length; from += BOOK_ANSWERS_AT_ONCE) {
    const some = logged.slice(from, from + BOOK_ANSWERS_AT_ONCE);
    const told = await Promise.allSettled(
      some.map(({ order, versions }) => orderOf(env, order).bookHas(versions)),
    );
    silent += told.filter(({ status }) => status === "rejected").length;
  }
  if (silent > 0) log.warn("orders", "order_not_told", { orders: silent });
}

/**
 * Consumes the events of orders and sales: logs each once, updates the order book's projection of
 * the order, and adds what the event causes: webhook deliveries and mails.
 *
 * Guarantee: repeated and reordered events do no harm: the log is keyed by the event's id, and an
 * older version never replaces a newer one. An event is logged in one batch with what it causes.
 */
import { isOrderEvent, queuedEventSchema, type QueuedEvent } from "../src/domain/webhooks.ts";
import { eraseBuyers, erasuresOf } from "../src/order-book/erased-orders.ts";
import { disputed, logged, projected, skusOf, writeSkus } from "../src/order-book/projection.ts";
import { loggedOf, loggedOrders, type LoggedOrder } from "./logged-orders.ts";

/** Null when the body is not an event of an order or a sale. */
export function readEvent(body: unknown): QueuedEvent | null {
  const parsed = queuedEventSchema.safeParse(body);
  return parsed.success ? parsed.data : null;
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
  statements.push(...ofOrders.map((event) => projected(book, event)));
  for (const { order, dispute, version } of ofOrders) {
    if (dispute !== null) statements.push(disputed(book, { order, version, ...dispute }));
  }
  if (ofOrders.length > 0) statements.push(writeSkus(book, ofOrders.map(skusOf)));
  const caused = outboxes.flatMap((outbox) => outbox.statements);
  const closing = [...eraseBuyers(book, erasuresOf(ofOrders)), loggedOf(book, ofOrders)];
  const results = await book.batch([...statements, ...caused, ...closing]);
  for (const { send } of outboxes) await send();
  const changed = results.map(({ meta }) => meta.changes > 0);
  // One that came again, or after a newer one, may be what its order still waits for.
  const waiting = ofOrders.filter((event, index) => {
    const isNew = changed[events.indexOf(event)] === true;
    return event.final || !isNew || changed[events.length + index] !== true;
  });
  return loggedOrders(waiting, results.at(-1)?.results);
}

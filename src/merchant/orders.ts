/**
 * A merchant's orders: the book, one order with its history, a push, a cancel; and what the queue
 * gave up on.
 */
import { ORDER_ID_PATTERN } from "../domain/order-id.ts";
import { orderEventSchema, orderMessageSchema, type OrderView } from "../domain/order-messages.ts";
import * as book from "../order-book/order-book.ts";
import type { MerchantContext } from "./merchant-context.ts";

export type DeadLetter = book.DeadLetter;

export function readOrders(
  { env }: MerchantContext,
  filter: book.OrdersFilter,
): Promise<book.BookedOrder[]> {
  return book.listOrders(env.ORDER_BOOK, filter);
}

export function readDeadLetters({ env }: MerchantContext): Promise<DeadLetter[]> {
  return book.listDeadLetters(env.ORDER_BOOK);
}

interface HistoryLine {
  readonly version: number;
  readonly at_ms: number;
  readonly state: string;
  readonly reason: string | null;
}

export type OrderOutcome =
  | {
      readonly kind: "order";
      readonly order: OrderView;
      readonly email: string;
      readonly history: readonly HistoryLine[];
    }
  | { readonly kind: "order_not_found" };

export async function readOrder({ env }: MerchantContext, id: string): Promise<OrderOutcome> {
  if (!ORDER_ID_PATTERN.test(id)) return { kind: "order_not_found" };
  const stub = env.ORDER.get(env.ORDER.idFromName(id));
  const [seen, history] = await Promise.all([stub.view(), stub.history()]);
  if (seen === null) return { kind: "order_not_found" };
  return { kind: "order", order: seen.order, email: seen.email, history };
}

export type OrderActionOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "order_not_found" }
  | { readonly kind: "order_final" }
  | { readonly kind: "order_busy"; readonly retryAfter_s: number }
  | { readonly kind: "not_cancellable"; readonly state: string };

export async function actOnOrder(
  { env, now }: MerchantContext,
  id: string,
  action: "retry" | "cancel",
): Promise<OrderActionOutcome> {
  if (!ORDER_ID_PATTERN.test(id)) return { kind: "order_not_found" };
  const stub = env.ORDER.get(env.ORDER.idFromName(id));
  if (action === "retry") {
    const hurried = await stub.hurry();
    if (hurried === "unknown") return { kind: "order_not_found" };
    return hurried === "final" ? { kind: "order_final" } : { kind: "done" };
  }
  const cancelled = await stub.cancel();
  switch (cancelled.kind) {
    case "cancelling":
      return { kind: "done" };
    case "busy":
      return { kind: "order_busy", retryAfter_s: Math.ceil((cancelled.until_ms - now) / 1000) };
    case "not_cancellable":
      return cancelled;
    case "unknown":
      return { kind: "order_not_found" };
  }
}

export type ReplayOutcome =
  | { readonly kind: "replayed"; readonly deadLetter: DeadLetter }
  | { readonly kind: "dead_letter_not_found" }
  /** The body is no message of ours; sending it again would bring it here again. */
  | { readonly kind: "unreadable" };

/** Sends it again. Safe to repeat: a message about a step already taken does nothing. */
export async function replayDeadLetter(
  { env, now }: MerchantContext,
  id: string,
): Promise<ReplayOutcome> {
  const deadLetter = await book.findDeadLetter(env.ORDER_BOOK, id);
  if (deadLetter === null) return { kind: "dead_letter_not_found" };
  const body = parsedJson(deadLetter.body);
  const message = orderMessageSchema.safeParse(body);
  const event = orderEventSchema.safeParse(body);
  if (message.success) await env.ORDERS_QUEUE.send(message.data);
  else if (event.success) await env.EVENTS_QUEUE.send(event.data);
  else return { kind: "unreadable" };
  await book.markReplayed(env.ORDER_BOOK, id, now);
  return { kind: "replayed", deadLetter: { ...deadLetter, replayed_ms: now } };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

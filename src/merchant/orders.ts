/**
 * A merchant's orders: the order book, one order with its history, its retry and its cancel; and
 * the dead letters with their replay.
 */
import { normalisedEmail } from "../domain/buyer/email.ts";
import { identitiesOf } from "../domain/buyer/identities.ts";
import type { HistoryLine } from "../domain/order/history.ts";
import type { MerchantOrderView } from "../domain/order/merchant-view.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { DEAD_LETTERS_REPLAYED_MAX } from "../domain/limits.ts";
import { mailMessageSchema, type MailMessage } from "../domain/mail/mail.ts";
import { orderMessageSchema, type OrderMessage } from "../domain/order/messages.ts";
import {
  deliveryMessageSchema,
  queuedEventSchema,
  type DeliveryMessage,
  type QueuedEvent,
} from "../domain/webhooks.ts";
import { parseJson } from "../encoding/json.ts";
import * as book from "../order-book/order-book.ts";
import {
  listOrders,
  type ListedOrder,
  type OrderList,
  type OrdersFilter,
  type OrdersPage,
} from "../order-book/order-list.ts";
import { mailsOf, type OrderMail } from "../order-book/mails.ts";
import { orderOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { exportCsv } from "./order-export.ts";
import type { MerchantContext } from "./sales.ts";

export type { OrderMail };
export type DeadLetter = book.DeadLetter;
export type { HistoryLine, ListedOrder };

/** Every spelling of an e-mail address finds the orders of its mailbox. */
export function byMailbox({ buyerKeys = [] }: MerchantContext, filter: OrdersFilter): OrdersFilter {
  const { email } = filter;
  if (email === undefined) return filter;
  return { ...filter, email: normalisedEmail(email), hashes: identitiesOf({ email }, buyerKeys) };
}

export function readOrders(
  context: MerchantContext,
  filter: OrdersFilter,
  page: OrdersPage,
): Promise<OrderList<ListedOrder>> {
  return listOrders(context.env.ORDER_BOOK, byMailbox(context, filter), page);
}

export function exportOrders(
  context: MerchantContext,
  filter: OrdersFilter,
): Promise<ReadableStream<Uint8Array>> {
  return exportCsv(context.env.ORDER_BOOK, byMailbox(context, filter));
}

/** Newest first. */
export function readDeadLetters(
  { env }: MerchantContext,
  page: { readonly after: book.LetterPlace | null; readonly limit: number },
): Promise<DeadLetter[]> {
  return book.listDeadLetters(env.ORDER_BOOK, page);
}

export type OrderOutcome =
  | {
      readonly kind: "order";
      readonly order: MerchantOrderView;
      readonly history: readonly HistoryLine[];
      /** Null when the order book does not answer. */
      readonly mails: readonly OrderMail[] | null;
    }
  | { readonly kind: "order_not_found" };

export async function readOrder({ env }: MerchantContext, id: string): Promise<OrderOutcome> {
  if (!ORDER_ID_PATTERN.test(id)) return { kind: "order_not_found" };
  const stub = orderOf(env, id);
  const [order, history, mails] = await Promise.all([
    stub.merchantView(),
    stub.history(),
    withTimeout(mailsOf(env.ORDER_BOOK, id)),
  ]);
  return order === null ? { kind: "order_not_found" } : { kind: "order", order, history, mails };
}

export type OrderActionOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "order_not_found" }
  | { readonly kind: "order_final" }
  | { readonly kind: "not_cancellable"; readonly state: string };

export async function actOnOrder(
  { env }: MerchantContext,
  id: string,
  action: "retry" | "cancel",
): Promise<OrderActionOutcome> {
  if (!ORDER_ID_PATTERN.test(id)) return { kind: "order_not_found" };
  const stub = orderOf(env, id);
  if (action === "retry") {
    const hurried = await stub.hurry();
    if (hurried === "unknown") return { kind: "order_not_found" };
    return hurried === "final" ? { kind: "order_final" } : { kind: "done" };
  }
  const cancelled = await stub.cancel();
  switch (cancelled.kind) {
    case "cancelling":
      return { kind: "done" };
    case "not_cancellable":
      return cancelled;
    case "unknown":
      return { kind: "order_not_found" };
  }
}

export type ReplayOutcome =
  | { readonly kind: "replayed"; readonly deadLetter: DeadLetter }
  | { readonly kind: "dead_letter_not_found" }
  /** The body does not match a schema; sent again, it would become a dead letter again. */
  | { readonly kind: "unreadable" };

type Queued =
  | { readonly queue: "orders"; readonly body: OrderMessage }
  | { readonly queue: "events"; readonly body: QueuedEvent }
  | { readonly queue: "webhooks"; readonly body: DeliveryMessage }
  | { readonly queue: "mails"; readonly body: MailMessage };

function queueOf(env: GateEnv, queue: Queued["queue"]): Queue {
  const { ORDERS_QUEUE: orders, EVENTS_QUEUE: events, WEBHOOKS_QUEUE: webhooks } = env;
  return { orders, events, webhooks, mails: env.MAILS_QUEUE }[queue];
}

/** Null when the body matches no schema. */
function readLetter({ body: text }: DeadLetter): Queued | null {
  const body = parseJson(text);
  const message = orderMessageSchema.safeParse(body);
  if (message.success) return { queue: "orders", body: message.data };
  const delivery = deliveryMessageSchema.safeParse(body);
  if (delivery.success) return { queue: "webhooks", body: delivery.data };
  const mail = mailMessageSchema.safeParse(body);
  if (mail.success) return { queue: "mails", body: mail.data };
  const event = queuedEventSchema.safeParse(body);
  return event.success ? { queue: "events", body: event.data } : null;
}

/** Sends the message again. Safe to repeat: a message about a step already taken has no effect. */
export async function replayDeadLetter(
  { env, now }: MerchantContext,
  id: string,
): Promise<ReplayOutcome> {
  const deadLetter = await book.findDeadLetter(env.ORDER_BOOK, id);
  if (deadLetter === null) return { kind: "dead_letter_not_found" };
  const read = readLetter(deadLetter);
  if (read === null) return { kind: "unreadable" };
  await queueOf(env, read.queue).send(read.body);
  await book.markReplayed(env.ORDER_BOOK, [id], now);
  return { kind: "replayed", deadLetter: { ...deadLetter, replayed_ms: now } };
}

export interface ReplayedAll {
  readonly replayed: number;
  /** Letters whose bodies match no schema; they stay for reading. */
  readonly unreadable: number;
  /** Letters that still wait to be replayed: call again. */
  readonly remaining: number;
}

/**
 * Replays the oldest waiting letters, a bounded number at a time. They are sent first and marked
 * afterwards: after a crash in between some are sent twice, which is harmless.
 */
export async function replayDeadLetters(
  { env, now }: MerchantContext,
  filter: book.LetterFilter,
): Promise<ReplayedAll> {
  const letters = await book.waitingDeadLetters(env.ORDER_BOOK, filter, DEAD_LETTERS_REPLAYED_MAX);
  const read = letters.map((letter) => ({ id: letter.id, message: readLetter(letter) }));
  const queued = read.flatMap(({ message }) => (message === null ? [] : [message]));
  for (const queue of ["orders", "events", "webhooks", "mails"] as const) {
    const messages = queued.filter((each) => each.queue === queue);
    if (messages.length === 0) continue;
    await queueOf(env, queue).sendBatch(messages.map(({ body }) => ({ body })));
  }
  const idsOf = (isRead: boolean): string[] =>
    read.flatMap(({ id, message }) => ((message !== null) === isRead ? [id] : []));
  await book.markReplayed(env.ORDER_BOOK, idsOf(true), now);
  await book.markUnreadable(env.ORDER_BOOK, idsOf(false));
  const remaining = await book.countWaitingDeadLetters(env.ORDER_BOOK, filter);
  return { replayed: queued.length, unreadable: letters.length - queued.length, remaining };
}

/**
 * Everything that belongs to one buyer: erased, or exported as a copy.
 *
 * Guarantee: erasing can be repeated, and continued where it was interrupted. Each order stores
 * that it is to be erased before anything of it is, and its alarm finishes; so an order that is in
 * progress, or whose parts do not answer, erases itself later. Units, money and states stay.
 * Weak: orders are found by e-mail address in the order book, which may be seconds behind.
 */
import { normalisedEmail } from "../domain/buyer/email.ts";
import {
  BUYER_ORDERS_AT_ONCE,
  BUYER_ORDERS_MAX,
  BUYER_SALES_MAX,
  PASS_DESKS_PER_SALE,
  TURN_REMINDER_SHARDS,
} from "../domain/limits.ts";
import { boothFor } from "../domain/line/booth.ts";
import { recipientOf } from "../domain/mail/mail.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import { forgetTurnMails } from "../order-book/mails.ts";
import { listOrders, type OrderPlace } from "../order-book/order-list.ts";
import { orderOf, passDeskOf, remindersOf, roomOf, stockOf } from "../platform/objects.ts";
import { findSale, listAllSales } from "../sales/sale-directory.ts";
import { byMailbox, readOrder, type OrderOutcome } from "./orders.ts";
import type { MerchantContext } from "./sales.ts";

export type BuyerSelection =
  | { readonly by: "email"; readonly email: string }
  | { readonly by: "order"; readonly order: string }
  | { readonly by: "subject"; readonly sale: string; readonly subject: string };

/** Where a part of the work ended: among the orders, or among the sales with reminders. */
export type BuyerPlace =
  | { readonly in: "orders"; readonly place: OrderPlace }
  | { readonly in: "sales"; readonly sale: string };

interface Found {
  readonly orders: readonly string[];
  readonly next: BuyerPlace | null;
}

const NOTHING: Found = { orders: [], next: null };

async function ordersOf(
  context: MerchantContext,
  selection: BuyerSelection,
  after: BuyerPlace | null,
): Promise<Found> {
  const { env } = context;
  if (selection.by === "order") {
    return ORDER_ID_PATTERN.test(selection.order)
      ? { orders: [selection.order], next: null }
      : NOTHING;
  }
  if (selection.by === "subject") {
    return { orders: await ordersOfSubject(env, selection), next: null };
  }
  if (after?.in === "sales") return NOTHING;
  const page = { after: after?.place ?? null, limit: BUYER_ORDERS_MAX };
  const filter = byMailbox(context, { email: selection.email });
  const { orders, next } = await listOrders(env.ORDER_BOOK, filter, page);
  // After the orders, the sales from the first.
  const place: BuyerPlace =
    next === null ? { in: "sales", sale: "" } : { in: "orders", place: next };
  return { orders: orders.map(({ id }) => id), next: place };
}

/** The stocks know whose orders have their units, without a search. */
async function ordersOfSubject(
  env: GateEnv,
  { sale, subject }: Extract<BuyerSelection, { readonly by: "subject" }>,
): Promise<string[]> {
  const document = await roomOf(env, sale).document();
  const skus = document?.sale.items.map(({ sku }) => sku) ?? [];
  const found = await Promise.all(skus.map((sku) => stockOf(env, sku).ordersOf(sale, subject)));
  return [...new Set(found.flat())].filter((id) => ORDER_ID_PATTERN.test(id));
}

/** The sales after a place whose waiting shoppers may leave an address. */
async function salesWithReminders(
  { env, now }: MerchantContext,
  after: string,
): Promise<{ readonly sales: readonly string[]; readonly next: BuyerPlace | null }> {
  const later = (await listAllSales(env)).filter((sale) => sale > after);
  const looked = later.slice(0, BUYER_SALES_MAX);
  const published = await Promise.all(looked.map((sale) => findSale(env, sale, now)));
  const sales = published.flatMap((found) => {
    return found !== null && checkoutOf(found.sale).mail.yourTurn ? [found.sale.id] : [];
  });
  const last = looked.at(-1);
  const isMore = later.length > looked.length && last !== undefined;
  return { sales, next: isMore ? { in: "sales", sale: last } : null };
}

export interface ErasedOrder {
  readonly order: string;
  /** `waiting`: the order erases itself later. `silent`: it did not answer; ask again. */
  readonly outcome: "erased" | "already_erased" | "waiting" | "silent";
}

export interface Erasure {
  readonly orders: readonly ErasedOrder[];
  /** Addresses that waited for a mail about a turn. */
  readonly reminders: number;
  /** Records of mails about turns that do not name the address any more. */
  readonly turnMails: number;
  /** Null: nothing is left to ask for. */
  readonly next: BuyerPlace | null;
}

/** One part of the work; the caller repeats it with `next` until that is null. */
export async function eraseBuyer(
  context: MerchantContext,
  selection: BuyerSelection,
  after: BuyerPlace | null,
): Promise<Erasure> {
  const { env } = context;
  if (selection.by === "subject" && after === null) await forgetPlace(env, selection);
  if (selection.by === "email" && after?.in === "sales") {
    return forgetReminders(context, normalisedEmail(selection.email), after.sale);
  }
  const { orders: ids, next } = await ordersOf(context, selection, after);
  const orders: ErasedOrder[] = [];
  for (let from = 0; from < ids.length; from += BUYER_ORDERS_AT_ONCE) {
    const some = ids.slice(from, from + BUYER_ORDERS_AT_ONCE);
    const erased = await Promise.all(some.map((id) => eraseOrder(env, id)));
    orders.push(...erased.filter((order) => order !== null));
  }
  return { orders, reminders: 0, turnMails: 0, next };
}

/** Null: there is no such order. */
async function eraseOrder(env: GateEnv, order: string): Promise<ErasedOrder | null> {
  try {
    const { kind } = await orderOf(env, order).erase();
    return kind === "unknown" ? null : { order, outcome: kind };
  } catch {
    return { order, outcome: "silent" };
  }
}

async function forgetPlace(
  env: GateEnv,
  { sale, subject }: Extract<BuyerSelection, { readonly by: "subject" }>,
): Promise<void> {
  await passDeskOf(env, sale, boothFor(subject, PASS_DESKS_PER_SALE)).forget(subject);
}

async function forgetReminders(
  context: MerchantContext,
  email: string,
  after: string,
): Promise<Erasure> {
  const { env } = context;
  const { sales, next } = await salesWithReminders(context, after);
  const counts = await Promise.all(
    sales.map(async (sale) => {
      const forgotten = await Promise.all(
        shardsOf(env, sale).map((shard) => shard.forgetBuyer(email)),
      );
      const mails = await forgetTurnMails(env.ORDER_BOOK, recipientOf(sale, email));
      return { reminders: forgotten.reduce((sum, count) => sum + count, 0), mails };
    }),
  );
  const reminders = counts.reduce((sum, count) => sum + count.reminders, 0);
  const turnMails = counts.reduce((sum, count) => sum + count.mails, 0);
  return { orders: [], reminders, turnMails, next };
}

function shardsOf(env: GateEnv, sale: string) {
  return Array.from({ length: TURN_REMINDER_SHARDS }, (_, shard) => remindersOf(env, sale, shard));
}

export interface BuyerExport {
  readonly orders: readonly Extract<OrderOutcome, { readonly kind: "order" }>[];
  readonly reminders: readonly {
    readonly sale: string;
    readonly email: string;
    readonly createdAt_ms: number;
  }[];
  readonly next: BuyerPlace | null;
}

/** A copy of what `eraseBuyer` would erase, part by part in the same way. */
export async function exportBuyer(
  context: MerchantContext,
  selection: BuyerSelection,
  after: BuyerPlace | null,
): Promise<BuyerExport> {
  const { env } = context;
  if (selection.by === "email" && after?.in === "sales") {
    const email = normalisedEmail(selection.email);
    const { sales, next } = await salesWithReminders(context, after.sale);
    const found = sales.map(async (sale) => {
      const ofSale = await Promise.all(shardsOf(env, sale).map((shard) => shard.ofBuyer(email)));
      return ofSale.flat().map((reminder) => ({ sale, ...reminder }));
    });
    return { orders: [], reminders: (await Promise.all(found)).flat(), next };
  }
  const { orders: ids, next } = await ordersOf(context, selection, after);
  const orders: Extract<OrderOutcome, { readonly kind: "order" }>[] = [];
  for (let from = 0; from < ids.length; from += BUYER_ORDERS_AT_ONCE) {
    const some = ids.slice(from, from + BUYER_ORDERS_AT_ONCE);
    const read = await Promise.all(some.map((id) => readOrder(context, id)));
    for (const outcome of read) if (outcome.kind === "order") orders.push(outcome);
  }
  return { orders, reminders: [], next };
}

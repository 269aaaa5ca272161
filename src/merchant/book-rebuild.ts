/**
 * Rebuilding the order book of a sale from its orders, part by part.
 *
 * Guarantee: the orders are found by the stocks, without the book, and each says itself what it is;
 * so a book that is empty, or was turned back, is whole again afterwards. It may be repeated, be
 * continued after an interruption, and run while the sale does.
 * Weak: orders that were refused before they took a unit are not found, because they moved nothing.
 */
import { BOOK_ANSWERS_AT_ONCE, BOOK_REBUILT_MAX } from "../domain/limits.ts";
import type { BookEntry } from "../domain/order/book-entry.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { rebuildOrders, type Rebuilt } from "../order-book/rebuild.ts";
import { orderOf, roomOf, stockOf } from "../platform/objects.ts";
import type { MerchantContext } from "./sales.ts";

/** The place in the ledgers of a sale's SKUs, which are taken by name. */
export interface LedgerPlace {
  readonly sku: string;
  readonly seq: number;
}

export interface OrdersPart {
  readonly sku: string | null;
  readonly entries: readonly BookEntry[];
  /** Units are theirs, and the orders know of nothing. */
  readonly unknown: readonly string[];
  /** They did not answer. */
  readonly silent: readonly string[];
  readonly next: LedgerPlace | null;
}

/** The orders of a part of one ledger. Null: there is no such sale. */
export async function ordersPart(
  { env }: MerchantContext,
  sale: string,
  after: LedgerPlace | null,
): Promise<OrdersPart | null> {
  const document = await roomOf(env, sale).document();
  if (document === null) return null;
  const skus = document.sale.items.map((item) => item.sku).toSorted();
  const rest = after === null ? skus : skus.filter((sku) => sku >= after.sku);
  const [sku = null, following] = rest;
  if (sku === null) return { sku, entries: [], unknown: [], silent: [], next: null };
  const seq = after?.sku === sku ? after.seq : 0;
  const { orders, next } = await stockOf(env, sku).ordersFrom(seq, BOOK_REBUILT_MAX);
  const asked = await askOrders(env, orders);
  const followed = following === undefined ? null : { sku: following, seq: 0 };
  return { sku, ...asked, next: next === null ? followed : { sku, seq: next } };
}

async function askOrders(
  env: GateEnv,
  ids: readonly string[],
): Promise<Pick<OrdersPart, "entries" | "unknown" | "silent">> {
  const entries: BookEntry[] = [];
  const [unknown, silent]: [string[], string[]] = [[], []];
  const orders = ids.filter((id) => ORDER_ID_PATTERN.test(id));
  for (let from = 0; from < orders.length; from += BOOK_ANSWERS_AT_ONCE) {
    const some = orders.slice(from, from + BOOK_ANSWERS_AT_ONCE);
    const answers = await Promise.allSettled(some.map((id) => orderOf(env, id).bookEntry()));
    for (const [index, id] of some.entries()) {
      const answer = answers[index];
      if (answer?.status !== "fulfilled") silent.push(id);
      else if (answer.value === null) unknown.push(id);
      else entries.push(answer.value);
    }
  }
  return { entries, unknown, silent };
}

export interface BookRebuild extends Rebuilt {
  readonly kind: "rebuilt";
  /** Orders that were asked. */
  readonly looked: number;
  /** They did not answer: ask again for this part. */
  readonly silent: readonly string[];
  readonly next: LedgerPlace | null;
}

export async function rebuildBook(
  context: MerchantContext,
  sale: string,
  after: LedgerPlace | null,
): Promise<BookRebuild | { readonly kind: "sale_not_found" }> {
  const part = await ordersPart(context, sale, after);
  if (part === null) return { kind: "sale_not_found" };
  const { entries, unknown, silent, next } = part;
  const rebuilt = await rebuildOrders(context.env.ORDER_BOOK, entries, context.now);
  const looked = entries.length + unknown.length + silent.length;
  return { kind: "rebuilt", ...rebuilt, looked, silent, next };
}

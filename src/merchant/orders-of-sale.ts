/**
 * The ids of a sale's orders, in their order, from those who know them: the stocks of its SKUs and
 * the order book.
 *
 * Guarantee: an order that a stock knows is among them, also when the order book is lost, does not
 * answer or is behind. Weak: one that took no units, such as a refused one, is only in the book.
 */
import type { Sale } from "../domain/sale/sale.ts";
import { orderIdsAfter } from "../order-book/order-book.ts";
import { stockOf } from "../platform/objects.ts";

export async function ordersOfSale(
  env: GateEnv,
  { id, items }: Sale,
  after: string,
  limit: number,
): Promise<string[]> {
  const skus = [...new Set(items.map(({ sku }) => sku))];
  const known = await Promise.all([
    ...skus.map((sku) => stockOf(env, sku).orderIds(id, after, limit)),
    orderIdsAfter(env.ORDER_BOOK, id, after, limit).catch((): string[] => []),
  ]);
  // Each source gave its first ids after the place, so the first of all are among them.
  return [...new Set(known.flat())].toSorted().slice(0, limit);
}

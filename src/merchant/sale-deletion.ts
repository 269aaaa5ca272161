/**
 * Deleting a sale after its end, with all its objects.
 *
 * Guarantee: it can be repeated, and continues where it was interrupted: the room, which stores
 * that the sale is being deleted before anything is, forgets itself last. A sale that can still go
 * on, or has orders in progress, is not touched. Orders stay for the accounts, without their
 * buyers; units that another sale shares stay as they are.
 */
import {
  BUYER_ORDERS_AT_ONCE,
  BUYER_ORDERS_MAX,
  PASS_DESKS_PER_SALE,
  TURN_REMINDER_SHARDS,
} from "../domain/limits.ts";
import { FINAL_STATES } from "../domain/order/order.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { countOrders } from "../order-book/order-book.ts";
import { unerasedOf } from "../order-book/order-list.ts";
import {
  boothOf,
  discountCodesOf,
  orderOf,
  passDeskOf,
  remindersOf,
  roomOf,
  stockOf,
} from "../platform/objects.ts";
import { withdrawSale } from "../sales/sale-directory.ts";
import { namesOf, upTo } from "./sale-objects.ts";
import type { MerchantContext } from "./sales.ts";

/** What became of the units of a SKU that the sale named. */
export interface DeletedSku {
  readonly sku: string;
  /** `shared`: another sale names it. `redis`: the units are in the shop's Redis. */
  readonly units: "deleted" | "shared" | "redis";
}

export type DeleteSaleOutcome =
  | { readonly kind: "deleted"; readonly skus: readonly DeletedSku[] }
  /** Buyers of orders are being erased: ask again. `orders`: those of this request. */
  | { readonly kind: "deleting"; readonly orders: number }
  | { readonly kind: "sale_not_found" }
  /** @property revealsAt_ms when the end becomes final */
  | { readonly kind: "not_ended"; readonly phase: string; readonly revealsAt_ms: number }
  /** `orders`: as far as they are known. */
  | { readonly kind: "orders_in_progress"; readonly orders: number };

export async function deleteSale(context: MerchantContext, id: string): Promise<DeleteSaleOutcome> {
  const { env } = context;
  const room = roomOf(env, id);
  const document = await room.document();
  // The order book may be behind, and the stocks know for certain.
  const orders = document === null ? 0 : await ordersInProgress(env, document.sale);
  if (orders > 0) return { kind: "orders_in_progress", orders };
  const begun = await room.beginDeletion();
  switch (begun.kind) {
    case "no_sale":
      return { kind: "sale_not_found" };
    case "deleted":
      // The request before may have died just after that.
      await withdrawSale(env, id);
      return { kind: "deleted", skus: [] };
    case "not_ended":
      return begun;
    case "under_way":
      return { kind: "orders_in_progress", orders: begun.orders };
    case "deleting":
      return deletePart(context, begun.sale, begun.booths);
  }
}

async function ordersInProgress(env: GateEnv, { id, items }: Sale): Promise<number> {
  const [counts, units] = await Promise.all([
    countOrders(env.ORDER_BOOK, id),
    Promise.all(items.map(({ sku }) => stockOf(env, sku).orderedBy(id))),
  ]);
  const inProgress = Object.entries(counts).filter(([state]) => !FINAL_STATES.has(state));
  const known = inProgress.reduce((sum, [, count]) => sum + count, 0);
  return Math.max(known, units.filter((count) => count > 0).length);
}

/** In this order: nobody finds the sale; its orders' buyers; its objects; the room. */
async function deletePart(
  { env }: MerchantContext,
  sale: Sale,
  booths: number,
): Promise<DeleteSaleOutcome> {
  const { id } = sale;
  await withdrawSale(env, id);
  const orders = await unerasedOf(env.ORDER_BOOK, id, BUYER_ORDERS_MAX);
  for (let from = 0; from < orders.length; from += BUYER_ORDERS_AT_ONCE) {
    const some = orders.slice(from, from + BUYER_ORDERS_AT_ONCE);
    await Promise.all(some.map((order) => orderOf(env, order).erase()));
  }
  // The order book shows them as erased when their events have come.
  if (orders.length > 0) return { kind: "deleting", orders: orders.length };
  await Promise.all(namesOf("booth", sale, booths).map((name) => boothOf(env, name).clear()));
  await Promise.all(upTo(PASS_DESKS_PER_SALE).map((n) => passDeskOf(env, id, n).clear()));
  await Promise.all(upTo(TURN_REMINDER_SHARDS).map((n) => remindersOf(env, id, n).clear()));
  await discountCodesOf(env, id).clear();
  const skus = await Promise.all(
    sale.items.map(async ({ sku }): Promise<DeletedSku> => {
      return { sku, units: await stockOf(env, sku).forgetSale(id) };
    }),
  );
  await roomOf(env, id).finishDeletion();
  return { kind: "deleted", skus };
}

/**
 * Which pages of other origins may call the shopper's API: those of the origins that a merchant
 * lists in `checkout.origins` of a sale, for this sale.
 *
 * Guarantee: what changes a sale or an order is allowed by that sale's own list, in the document
 * that the room's snapshot names, so an origin that is taken off the list is refused a second or
 * two later. Costs no call of an object beyond those of the request itself, but for an order's
 * first request in an isolate, which looks up the order's sale. An order that does not exist is
 * looked up every time, so callers count the request first.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import { SALES_OF_ORDERS_REMEMBERED_MAX } from "../domain/limits.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import { saleIdSchema, type Sale } from "../domain/sale/sale.ts";
import { orderOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { readOrigins } from "../sales/guard-index.ts";
import { findSale } from "../sales/sale-directory.ts";
import type { GateContext } from "./gate-context.ts";
import { saleOf } from "./visit.ts";

/** What a request's address, or its body, is about; ids as they came. */
export type Subject =
  | { readonly kind: "sale"; readonly sale: string }
  | { readonly kind: "order"; readonly order: string }
  | { readonly kind: "none" };

/**
 * `listed`: by the sale concerned, or by any sale where none is concerned, as in a request that is
 * refused for its form. `elsewhere`: the sale or the order could not be found, and another sale
 * lists the origin; it may read the refusal, and change nothing.
 */
export type Listing = "listed" | "elsewhere" | "stranger";

/** @param origin as browsers send it */
export async function listingOf(
  gate: GateContext,
  origin: string,
  subject: Subject,
): Promise<Listing> {
  const id = subject.kind === "order" ? await saleOfOrder(gate, subject.order) : idOf(subject);
  const sale = id === null ? null : await newestSale(gate, id);
  if (sale !== null) return checkoutOf(sale).origins.includes(origin) ? "listed" : "stranger";
  const listed = await readOrigins(gate.env, gate.now, gate.waitUntil);
  if (!listed.has(origin)) return "stranger";
  return subject.kind === "none" ? "listed" : "elsewhere";
}

function idOf(subject: Exclude<Subject, { readonly kind: "order" }>): string | null {
  return subject.kind === "none" ? null : (saleIdSchema.safeParse(subject.sale).data ?? null);
}

/** Also while its room is silent: then the published document decides. */
async function newestSale(gate: GateContext, id: string): Promise<Sale | null> {
  const found = await saleOf(gate, id);
  if (found.kind === "sale") return found.sale;
  return (await findSale(gate.env, id, gate.now))?.sale ?? null;
}

/** An order's sale never changes, and a page polls its order every second or two. */
const salesOfOrders = new BoundedMap<string>(SALES_OF_ORDERS_REMEMBERED_MAX);

/** Null when there is no such order, or it does not answer. */
async function saleOfOrder({ env }: GateContext, id: string): Promise<string | null> {
  if (!ORDER_ID_PATTERN.test(id)) return null;
  const known = salesOfOrders.get(id);
  if (known !== undefined) return known;
  const seen = await withTimeout(orderOf(env, id).view());
  if (seen === null) return null;
  salesOfOrders.set(id, seen.order.sale);
  return seen.order.sale;
}

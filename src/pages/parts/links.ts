/**
 * The addresses of the pages, in one place. They do not depend on where the routes are mounted.
 */
import { orderPagePath, SHOP_BASE } from "../../web/paths.ts";

export { receiptPagePath as receiptLink } from "../../web/paths.ts";

export const ASSETS = "/_sluice/assets";

export function listLink(after: string | null = null): string {
  return after === null ? SHOP_BASE : `${SHOP_BASE}?after=${encodeURIComponent(after)}`;
}

export function saleLink(sale: string): string {
  return `${SHOP_BASE}/${sale}`;
}

type SalePart =
  | "join"
  | "proof"
  | "wait"
  | "kept"
  | "enter"
  | "leave"
  | "cart"
  | "order"
  | "fairness"
  | "receipt"
  | "reminder";

export function partLink(sale: string, part: SalePart): string {
  return `${saleLink(sale)}/${part}`;
}

/**
 * Checks whether a browser kept the place it was given at a guarded address, and returns there.
 * @param to path and query of the guarded address
 */
export function keptLink(sale: string, to: string): string {
  return `${partLink(sale, "kept")}?to=${encodeURIComponent(to)}`;
}

/**
 * Checks whether a browser keeps cookies at all, before it is given a seat, and returns there.
 * @param to path and query of the guarded address
 */
export function arrivalLink(sale: string, to: string): string {
  return `${keptLink(sale, to)}&arrival=yes`;
}

/**
 * Where a shopper leaves an address for a mail when the turn comes.
 * @param to path and query of the guarded address at which they wait; null at the sale's own page
 */
export function reminderLink(sale: string, to: string | null = null): string {
  const link = partLink(sale, "reminder");
  return to === null ? link : `${link}?to=${encodeURIComponent(to)}`;
}

/** Where the form is sent that deletes the address of a reminder. */
export function stopReminderAction(sale: string): string {
  return `${partLink(sale, "reminder")}/stop`;
}

/** The page of an order by its id alone, which only the admission that placed it can open. */
export function orderLink(sale: string, order: string): string {
  return `${saleLink(sale)}/orders/${order}`;
}

/** The page of an order that was placed before its form was changed; it says so. */
export function earlierOrderPath(sale: string, order: string, viewKey: string): string {
  return `${orderPagePath(sale, order, viewKey)}&earlier=yes`;
}

/** The public keys that receipts are verified with. */
export const KEYS_LINK = "/_sluice/.well-known/jwks.json";

/** Where the form is sent that gives the payment of an order up. */
export function giveUpLink(sale: string, order: string, viewKey: string): string {
  return `${orderLink(sale, order)}/give-up?key=${encodeURIComponent(viewKey)}`;
}

/** Addresses of the JSON API for the pages' scripts: a sale, and below it an order. */
export function saleApi(sale: string): string {
  return `/_sluice/v1/sales/${sale}`;
}

/** The signed receipt of an order as a file. */
export function receiptFile(order: string, viewKey: string): string {
  return `/_sluice/v1/orders/${order}/receipt?key=${encodeURIComponent(viewKey)}`;
}

/** @param viewKey of the order; without it only the admission that placed it can read the order */
export function orderApi(order: string, viewKey: string | null = null): string {
  const query = viewKey === null ? "" : `?key=${encodeURIComponent(viewKey)}`;
  return `/_sluice/v1/orders/${order}${query}`;
}

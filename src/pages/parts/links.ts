/**
 * The addresses of the pages, in one place. They do not depend on where the routes are mounted.
 */
import { SHOP_BASE } from "../../web/paths.ts";

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
  | "fairness";

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

/** The page of an order by its id alone, which only the admission that placed it can open. */
export function orderLink(sale: string, order: string): string {
  return `${saleLink(sale)}/orders/${order}`;
}

/** Addresses of the JSON API for the pages' scripts: a sale, and below it an order. */
export function saleApi(sale: string): string {
  return `/_sluice/v1/sales/${sale}`;
}

export function orderApi(order: string, viewKey: string): string {
  return `/_sluice/v1/orders/${order}?key=${encodeURIComponent(viewKey)}`;
}

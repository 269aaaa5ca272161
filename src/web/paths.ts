/**
 * Where the pages live. The API names them in answers, so the paths are shared.
 */
export const SHOP_BASE = "/_sluice/shop";

export function orderPagePath(sale: string, order: string, viewKey: string): string {
  return `${SHOP_BASE}/${sale}/orders/${order}?key=${encodeURIComponent(viewKey)}`;
}

/** Where a challenge of the sale's proof of work comes from. */
export function challengePath(sale: string): string {
  return `/_sluice/v1/sales/${sale}/challenge`;
}

/** The reference of the API as a page. */
export const DOCS_PATH = "/_sluice/docs";

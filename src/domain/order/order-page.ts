/**
 * Where the pages of an order are. Its buyer's mails link to them, so the paths never change.
 */

/** The path below which the pages of shoppers live. */
export const SHOP_BASE = "/_sluice/shop";

/** @param viewKey the secret of the order's address: a request that has it may read the order */
export function orderPagePath(sale: string, order: string, viewKey: string): string {
  return `${SHOP_BASE}/${sale}/orders/${order}?key=${encodeURIComponent(viewKey)}`;
}

/** The page that checks receipts, with the receipt of an order filled in. */
export function receiptPagePath(sale: string, order: string, viewKey: string): string {
  const query = new URLSearchParams({ order, key: viewKey });
  return `${SHOP_BASE}/${sale}/receipt?${query.toString()}`;
}

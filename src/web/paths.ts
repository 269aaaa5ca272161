/**
 * Where the pages live. The API names them in answers, so the paths are shared.
 */
export { orderPagePath, receiptPagePath, SHOP_BASE } from "../domain/order/order-page.ts";

/** Where a challenge of the sale's proof of work comes from. */
export function challengePath(sale: string): string {
  return `/_sluice/v1/sales/${sale}/challenge`;
}

/** The reference of the API as a page. */
export const DOCS_PATH = "/_sluice/docs";

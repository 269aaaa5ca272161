/**
 * Whether an order states what it costs (P11).
 */
import type { Line } from "../stock/cart.ts";
import type { Quote } from "./quote.ts";

/** The figures that the buyer was shown. */
export interface Agreed {
  /** In minor units: no other total is ever charged. */
  readonly expectedTotal: number;
  readonly lines: readonly (Line & { readonly price?: number | undefined })[];
}

/** Every figure that the order states is that of the quote. */
export function isAgreed({ expectedTotal, lines }: Agreed, quote: Quote): boolean {
  if (expectedTotal !== quote.amounts.total) return false;
  return lines.every(({ sku, price }) => {
    return price === undefined || quote.lines.find((line) => line.sku === sku)?.price === price;
  });
}

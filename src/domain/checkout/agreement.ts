/**
 * Whether an order states what it costs (P11) and, if it names one, the offer that stands.
 */
import type { Line } from "../stock/cart.ts";
import type { Quote } from "./quote.ts";

/** What the buyer was shown. */
export interface Agreed {
  /** In minor units: no other total is ever charged. */
  readonly expectedTotal: number;
  /** Of the quote that was shown; absent: the order states nothing but figures. */
  readonly offer?: string | undefined;
  readonly lines: readonly (Line & { readonly price?: number | undefined })[];
}

/** Everything that the order states is that of the quote. */
export function isAgreed({ expectedTotal, offer, lines }: Agreed, quote: Quote): boolean {
  if (expectedTotal !== quote.amounts.total) return false;
  if (offer !== undefined && offer !== quote.offer) return false;
  return lines.every(({ sku, price }) => {
    return price === undefined || quote.lines.find((line) => line.sku === sku)?.price === price;
  });
}

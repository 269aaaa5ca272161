/**
 * Cart lines: normalized and checked against the sale.
 *
 * Guarantee: after `normalizeLines`, each SKU occurs once with the sum of its lines. Otherwise two
 * lines of one SKU, each checked against the same stock, could oversell it.
 */
import { LINES_PER_CART_MAX } from "../limits.ts";
import { itemOf, type Sale } from "../sale/sale.ts";

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

export interface PricedLine extends Line {
  readonly name: string;
  /** Per unit, in the currency's minor unit. */
  readonly price: number;
}

export function normalizeLines(lines: readonly Line[]): Line[] {
  const sums = new Map<string, number>();
  for (const line of lines) sums.set(line.sku, (sums.get(line.sku) ?? 0) + line.quantity);
  return [...sums].map(([sku, quantity]) => ({ sku, quantity }));
}

export type LinesFault =
  | { readonly kind: "unknown_sku"; readonly sku: string; readonly index: number }
  | { readonly kind: "too_many_lines"; readonly limit: number }
  | { readonly kind: "limit_reached"; readonly sku: string; readonly limit: number };

export type PriceOutcome =
  | { readonly kind: "priced"; readonly lines: PricedLine[]; readonly total: number }
  | LinesFault;

/** Precedence: too many lines, unknown SKU (first in the list), limit per buyer. */
export function priceLines(sale: Sale, lines: readonly Line[]): PriceOutcome {
  if (lines.length > LINES_PER_CART_MAX) {
    return { kind: "too_many_lines", limit: LINES_PER_CART_MAX };
  }
  const unknown = lines.findIndex((line) => itemOf(sale, line.sku) === null);
  if (unknown >= 0) {
    return { kind: "unknown_sku", sku: lines[unknown]?.sku ?? "", index: unknown };
  }
  const priced: PricedLine[] = [];
  for (const line of normalizeLines(lines)) {
    const item = itemOf(sale, line.sku);
    if (item === null) continue;
    if (line.quantity > item.limitPerBuyer) {
      return { kind: "limit_reached", sku: line.sku, limit: item.limitPerBuyer };
    }
    priced.push({ ...line, name: item.name, price: item.price });
  }
  return { kind: "priced", lines: priced, total: totalOf(priced) };
}

export function totalOf(lines: readonly PricedLine[]): number {
  return lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
}

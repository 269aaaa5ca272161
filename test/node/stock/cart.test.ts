/**
 * Cart lines: each SKU once with its sum, priced from the sale, refused in the documented order.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizeLines, priceLines, totalOf } from "../../../src/domain/stock/cart.ts";
import { LINES_PER_CART_MAX } from "../../../src/domain/limits.ts";
import { saleOf } from "../support/sale-document.ts";

const SALE = saleOf();
const line = (sku: string, quantity: number) => ({ sku, quantity });

describe("lines of one SKU", () => {
  test("become one line with their sum, in the order of their first mention", () => {
    const lines = [line("AIR-43", 1), line("AIR-42", 1), line("AIR-43", 2)];
    expect(normalizeLines(lines)).toEqual([line("AIR-43", 3), line("AIR-42", 1)]);
  });

  test("are summed: no SKU occurs twice, and no unit is lost or added", () => {
    const lines = fc.array(
      fc.record({ sku: fc.constantFrom("a", "b", "c", "__proto__"), quantity: fc.nat({ max: 9 }) }),
    );
    fc.assert(
      fc.property(lines, (lines) => {
        const normal = normalizeLines(lines);
        expect(new Set(normal.map(({ sku }) => sku)).size).toBe(normal.length);
        for (const { sku, quantity } of normal) {
          const own = lines.filter((line) => line.sku === sku);
          expect(quantity).toBe(own.reduce((sum, line) => sum + line.quantity, 0));
        }
        expect(normalizeLines(normal)).toEqual(normal);
      }),
    );
  });

  test("are over the limit by their sum when each alone is not", () => {
    const lines = [line("AIR-42", 1), line("AIR-43", 1), line("AIR-42", 2)];
    expect(priceLines(SALE, lines)).toEqual({ kind: "limit_reached", sku: "AIR-42", limit: 2 });
  });
});

describe("a cart's price", () => {
  test("comes from the sale", () => {
    expect(priceLines(SALE, [line("AIR-42", 2), line("AIR-43", 1)])).toEqual({
      kind: "priced",
      lines: [
        { sku: "AIR-42", quantity: 2, name: "Air One, 42", price: 12_900 },
        { sku: "AIR-43", quantity: 1, name: "Air One, 43", price: 13_900 },
      ],
      total: 39_700,
    });
  });

  test("of nothing is nothing", () => {
    expect(priceLines(SALE, [])).toEqual({ kind: "priced", lines: [], total: 0 });
    expect(totalOf([])).toBe(0);
  });

  test("is refused for an unknown SKU, naming the first", () => {
    const lines = [line("AIR-42", 1), line("AIR-99", 1), line("AIR-98", 1)];
    expect(priceLines(SALE, lines)).toEqual({ kind: "unknown_sku", sku: "AIR-99", index: 1 });
  });

  test("is refused for too many lines, not for as many as allowed", () => {
    const many = (count: number) => Array.from({ length: count }, () => line("AIR-99", 0));
    const limit = LINES_PER_CART_MAX;
    expect(priceLines(SALE, many(limit + 1))).toEqual({ kind: "too_many_lines", limit });
    expect(priceLines(SALE, many(limit)).kind).toBe("unknown_sku");
  });

  test("is refused for an unknown SKU before a limit", () => {
    const lines = [line("AIR-42", 9), line("AIR-99", 1)];
    expect(priceLines(SALE, lines).kind).toBe("unknown_sku");
  });
});

/**
 * What a discount takes off: exact, in whole steps, spread over the lines, and never more than a
 * line's price or than the rule says.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { discountOf } from "../../../src/domain/discounts/discount.ts";

const percent = (basisPoints: number) => ({ kind: "percent" as const, basisPoints });
const amount = (minor: number) => ({ kind: "amount" as const, amount: minor });

const lines = [
  { sku: "shoe", price: 12_900 },
  { sku: "sock", price: 999 },
  { sku: "hat", price: 1 },
];

describe("a discount", () => {
  test("of a percentage is rounded down in total and spread over all lines", () => {
    // 10 % of 139.00 is 13.90; the hat's tenth of a cent and the socks' nine tenths are remainders.
    expect(discountOf({ discount: percent(1000), items: [] }, lines, 1)).toEqual({
      lines: [1290, 100, 0],
      total: 1390,
    });
  });

  test("of an amount is spread in proportion to the prices", () => {
    const rule = { discount: amount(500), items: ["sock", "hat"] };
    expect(discountOf(rule, lines, 1)).toEqual({ lines: [0, 500, 0], total: 500 });
    expect(discountOf({ ...rule, items: [] }, lines, 1)).toEqual({
      lines: [464, 36, 0],
      total: 500,
    });
  });

  test("takes off no more than the lines cost, and all of it at 100 %", () => {
    expect(discountOf({ discount: amount(99_999), items: ["sock"] }, lines, 1).total).toBe(999);
    expect(discountOf({ discount: percent(10_000), items: [] }, lines, 1).total).toBe(13_900);
  });

  test("keeps to the step of a currency whose amounts end in zeros", () => {
    // Icelandic crowns: two decimals of which both are zero.
    const crowns = [
      { sku: "shoe", price: 1_999_00 },
      { sku: "sock", price: 350_00 },
    ];
    expect(discountOf({ discount: percent(1250), items: [] }, crowns, 100)).toEqual({
      lines: [250_00 - 1_00, 44_00],
      total: 293_00,
    });
  });

  test("of items that are not in the order is nothing", () => {
    expect(discountOf({ discount: percent(5000), items: ["coat"] }, lines, 1)).toEqual({
      lines: [0, 0, 0],
      total: 0,
    });
    expect(discountOf({ discount: percent(5000), items: [] }, [], 1).total).toBe(0);
  });

  test("is exact where numbers are not: a price times basis points beyond 2^53", () => {
    const price = 9_007_199_254_740_991 - 991;
    const { total } = discountOf({ discount: percent(3333), items: [] }, [{ sku: "a", price }], 1);
    expect(total).toBe(Number((BigInt(price) * 3333n) / 10_000n));
  });
});

const anyLine = fc.record({
  sku: fc.constantFrom("a", "b", "c"),
  price: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 2_000_000_000_000 })),
});
const anyDiscount = fc.oneof(
  fc.integer({ min: 1, max: 10_000 }).map(percent),
  fc.integer({ min: 1, max: 3_000 }).map(amount),
  fc.integer({ min: 1, max: 1_000_000_000 }).map(amount),
);
const anyItems = fc.subarray(["a", "b", "c"]);

describe("for every rule, cart and step", () => {
  test("the lines add up to the total, in whole steps, and within price and rule", () => {
    fc.assert(
      fc.property(
        fc.array(anyLine, { maxLength: 20 }),
        anyDiscount,
        anyItems,
        fc.constantFrom(1, 10, 100),
        (cart, discount, items, step) => {
          const given = discountOf({ discount, items }, cart, step);
          const eligible = cart.map(({ sku, price }) => {
            return items.length === 0 || items.includes(sku) ? price : 0;
          });
          expect(given.lines).toHaveLength(cart.length);
          given.lines.forEach((off, index) => {
            expect(off).toBeGreaterThanOrEqual(0);
            expect(off).toBeLessThanOrEqual(eligible[index] ?? 0);
            expect(off % step).toBe(0);
          });
          expect(given.lines.reduce((sum, off) => sum + off, 0)).toBe(given.total);
          const sum = BigInt(eligible.reduce((all, price) => all + price, 0));
          const most =
            discount.kind === "percent"
              ? (sum * BigInt(discount.basisPoints)) / 10_000n
              : BigInt(discount.amount);
          const whole = eligible.reduce((all, price) => all + (price - (price % step)), 0);
          const wanted = most - (most % BigInt(step));
          const expected = wanted < BigInt(whole) ? wanted : BigInt(whole);
          expect(BigInt(given.total)).toBe(expected);
        },
      ),
    );
  });

  test("a line's share is within a step of its proportion", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 20 }), anyDiscount, (cart, rule) => {
        const given = discountOf({ discount: rule, items: [] }, cart, 1);
        const sum = BigInt(cart.reduce((all, { price }) => all + price, 0));
        cart.forEach(({ price }, index) => {
          if (sum === 0n) return;
          const share = (BigInt(given.total) * BigInt(price)) / sum;
          const off = BigInt(given.lines[index] ?? 0);
          expect(off === share || off === share + 1n).toBe(true);
        });
      }),
    );
  });
});

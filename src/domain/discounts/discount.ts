/**
 * What a rule takes off the lines of an order, in the currency's minor unit.
 *
 * Guarantee: whole multiples of the currency's step; no line is below zero; the discounts of the
 * lines add up to the total. The total is rounded down to the step: a percentage takes off at most
 * its percentage, an amount at most itself and at most the price of the lines it is for. The total
 * is spread in proportion to the lines' prices, and the steps that remain go to the largest
 * remainders, the earlier line first.
 */
import { BASIS_POINTS_MAX } from "../limits.ts";
import type { DiscountRule } from "./rule.ts";

export interface PricedLine {
  readonly sku: string;
  /** Of the whole line, quantity included, before the discount. */
  readonly price: number;
}

export interface Discount {
  /** In the order of the given lines; 0 for a line that the rule does not concern. */
  readonly lines: readonly number[];
  readonly total: number;
}

type Discounting = Pick<DiscountRule, "discount" | "items">;

/** In BigInt, because a price times basis points may exceed the exact integers of a number. */
function totalOf({ discount }: Discounting, eligible: bigint, step: bigint): bigint {
  const most =
    discount.kind === "percent"
      ? (eligible * BigInt(discount.basisPoints)) / BigInt(BASIS_POINTS_MAX)
      : BigInt(discount.amount);
  return most - (most % step);
}

/** @param step the smallest amount of the currency that can be paid, 1 for most */
export function discountOf(
  rule: Discounting,
  lines: readonly PricedLine[],
  step: number,
): Discount {
  const unit = BigInt(step);
  const eligible = lines.map(({ sku, price }) => {
    return rule.items.length === 0 || rule.items.includes(sku) ? BigInt(price) : 0n;
  });
  // What can be taken off a line in whole steps; it weighs as much in the spreading.
  const most = eligible.map((price) => price - (price % unit));
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((a, b) => a + b, 0n);
  const payable = sum(most);
  if (payable === 0n) return { lines: lines.map(() => 0), total: 0 };
  const wanted = totalOf(rule, sum(eligible), unit);
  const total = wanted < payable ? wanted : payable;
  const shares = most.map((weight, index) => {
    const steps = (total / unit) * weight;
    return { index, steps: steps / payable, remainder: steps % payable };
  });
  let left = total / unit - sum(shares.map(({ steps }) => steps));
  const discounts = shares.map(({ steps }) => steps);
  const byRemainder = shares.toSorted((a, b) => {
    return a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1;
  });
  for (const { index, steps } of byRemainder) {
    if (left === 0n) break;
    discounts[index] = steps + 1n;
    left -= 1n;
  }
  return { lines: discounts.map((steps) => Number(steps * unit)), total: Number(total) };
}

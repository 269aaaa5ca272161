/**
 * Tax of an amount, by the rate that the merchant states.
 *
 * Amounts are in the currency's minor unit. Guarantee: whole multiples of the currency's step,
 * rounded half up, computed in integers: a rate has four decimals at most.
 */
import type { Tax } from "../sale/checkout-rules.ts";

/** A percentage in millionths, so that 19 % is 190,000. */
const MILLIONTHS = 1_000_000n;

function millionths(percent: number): bigint {
  return BigInt(Math.round(percent * 10_000));
}

/** `amount * numerator / denominator`, rounded half up to a multiple of `step`. */
function share(amount: number, numerator: bigint, denominator: bigint, step: number): number {
  const unit = denominator * BigInt(step);
  const steps = (2n * BigInt(amount) * numerator + unit) / (2n * unit);
  return Number(steps) * step;
}

export interface TaxAmounts {
  /** To be added to the amount. */
  readonly tax: number;
  /** Contained in the amount. */
  readonly taxIncluded: number;
}

/**
 * @param amount what is taxed: a line after its discount, or the price of delivery
 * @param country of the buyer; null while it is not known, or where none is asked for
 */
export function taxOf(
  tax: Tax | undefined,
  amount: number,
  country: string | null,
  step: number,
): TaxAmounts {
  if (tax === undefined) return { tax: 0, taxIncluded: 0 };
  if (tax.kind === "included") {
    const rate = millionths(tax.percent);
    return { tax: 0, taxIncluded: share(amount, rate, MILLIONTHS + rate, step) };
  }
  const percent = country === null ? 0 : (tax.percents[country] ?? 0);
  return { tax: share(amount, millionths(percent), MILLIONTHS, step), taxIncluded: 0 };
}

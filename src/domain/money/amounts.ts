/**
 * Amounts of money: why one cannot be paid, and how it is written for people.
 *
 * Guarantee: an amount without a fault is told to the provider unchanged, and the text of an amount
 * shows exactly `amount / 10 ** digits`. Nothing is rounded.
 */
import { currencyOf } from "./currencies.ts";

/** Why an amount cannot be charged. Amounts are in the currency's minor unit. */
export type AmountFault =
  | { readonly kind: "not_supported" }
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "too_small"; readonly minimum: number }
  | { readonly kind: "too_large"; readonly maximum: number };

/**
 * For a unit price and for a total alike.
 * @param amount an integer in the currency's minor unit
 * @param code ISO 4217, upper case
 */
export function amountFault(amount: number, code: string): AmountFault | null {
  const currency = currencyOf(code);
  if (currency === null) return { kind: "not_supported" };
  const { step, minimum, maximum } = currency;
  if (amount % step !== 0) return { kind: "step", step };
  if (amount < minimum) return { kind: "too_small", minimum };
  if (amount > maximum) return { kind: "too_large", maximum };
  return null;
}

/** The fault as the predicate of a sentence: "must be at least 50 (€0.50)". */
export function amountFaultText(fault: AmountFault, code: string): string {
  switch (fault.kind) {
    case "not_supported":
      return `must be a currency that Stripe charges in, which ${code} is not`;
    case "step":
      return `must be a multiple of ${fault.step} in ${code}, because its last digits must be zero`;
    case "too_small":
      return `must be at least ${fault.minimum} (${moneyText(fault.minimum, code)})`;
    case "too_large":
      return `must be at most ${fault.maximum} (${moneyText(fault.maximum, code)})`;
  }
}

/** A currency that is not in the table has two decimals: only sales of older releases have one. */
const DIGITS_ELSEWHERE = 2;

/**
 * @param amount in the currency's minor unit: 12900 EUR is €129.00, 500 JPY is ¥500, 500 ISK is
 *   ISK 5, because decimals that must be zero are not shown
 * @param locale BCP 47
 */
export function moneyText(amount: number, code: string, locale = "en"): string {
  const currency = currencyOf(code);
  const digits = currency?.digits ?? DIGITS_ELSEWHERE;
  const isWhole = currency?.step === 10 ** digits && amount % currency.step === 0;
  const shown = isWhole ? 0 : digits;
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: code,
    minimumFractionDigits: shown,
    maximumFractionDigits: shown,
  });
  return format.format(amount / 10 ** digits);
}

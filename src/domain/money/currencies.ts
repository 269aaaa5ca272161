/**
 * The currencies that Stripe charges in, and how an amount in each is written as an integer.
 *
 * This is the only table of currencies: prices of a sale, what shoppers read, and what the payment
 * provider is told all follow it. Amounts are integers in the minor unit of this table, which for
 * some currencies is not that of ISO 4217 or ICU.
 *
 * Source: https://docs.stripe.com/currencies, with the sections named below. The list is of the
 * edition after Bulgaria's change to the euro (without BGN) and after Curaçao's to XCG.
 */

export interface Currency {
  /** ISO 4217, upper case. */
  readonly code: string;
  /** Decimals of the amount: an amount of `10 ** digits` is one whole unit. */
  readonly digits: 0 | 2 | 3;
  /** Every amount is a multiple of it. */
  readonly step: 1 | 10 | 100;
  /** The least amount of a charge, in the minor unit. */
  readonly minimum: number;
  /** The largest amount of a charge, in the minor unit. */
  readonly maximum: number;
}

/** "Supported presentment currencies" with two decimals, except for the sets below. */
const LISTED =
  "USD AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BIF BMD BND BOB BRL BSD BWP BYN BZD " +
  "CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF " +
  "GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JPY KES KGS KHR KMF KRW KYD KZT LAK LBP LKR LRD " +
  "LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK " +
  "PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP " +
  "TRY TTD TWD TZS UAH UGX UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW " +
  // "Three-decimal currencies" lists these, for accounts of their countries.
  "BHD JOD KWD OMR TND";

/** "Zero-decimal currencies". UGX is listed too, but its special case below says otherwise. */
const ZERO_DECIMAL = new Set(
  "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" "),
);

/** "Three-decimal currencies": the last digit of an amount must be 0. */
const THREE_DECIMAL = new Set("BHD JOD KWD OMR TND".split(" "));

/**
 * "Special cases": written with two decimals, which must be 00. HUF and TWD are not among them:
 * both are charged with two decimals, and only a payout to the shop's bank must be whole.
 */
const WHOLE_UNITS = new Set(["ISK", "UGX"]);

/** "Minimum charge amount by currency", in the minor unit. */
const MINIMUMS: Readonly<Record<string, number>> = {
  USD: 50,
  AED: 200,
  ARS: 50,
  AUD: 50,
  BRL: 50,
  CAD: 50,
  CHF: 50,
  COP: 50,
  CZK: 1500,
  DKK: 250,
  EUR: 50,
  GBP: 30,
  HKD: 400,
  HUF: 17_500,
  IDR: 50,
  ILS: 50,
  INR: 50,
  JPY: 50,
  KRW: 50,
  MXN: 1000,
  MYR: 200,
  NOK: 300,
  NZD: 50,
  PHP: 50,
  PLN: 200,
  RON: 200,
  RUB: 50,
  SEK: 300,
  SGD: 50,
  THB: 1000,
  ZAR: 50,
};

/**
 * "Maximum charge amounts", as digits of the amount: IDR, COP and INR for every method of payment;
 * HUF, JPY and LBP for cards. Elsewhere 8, as in the reference of `amount` in
 * https://docs.stripe.com/api/payment_intents/create: a card network may take more, but not every
 * method does.
 */
const AMOUNT_DIGITS: Readonly<Record<string, number>> = {
  COP: 10,
  HUF: 10,
  IDR: 12,
  INR: 9,
  JPY: 10,
  LBP: 11,
};
const AMOUNT_DIGITS_ELSEWHERE = 8;

/**
 * Where Stripe lists no minimum, the charge must be worth the minimum of the currency of the shop's
 * bank account, which is unknown here. So these refuse only what cannot be worth as much as
 * GBP 0.30, the least that Stripe lists: 0.30 of a currency with two decimals (as strong as GBP at
 * most), 50 whole units without decimals, 0.100 with three (KWD 0.100 is about GBP 0.25).
 */
function minimumElsewhere(code: string): number {
  if (ZERO_DECIMAL.has(code)) return 50;
  if (WHOLE_UNITS.has(code)) return 50_00;
  return THREE_DECIMAL.has(code) ? 100 : 30;
}

function entry(code: string): Currency {
  const digits = ZERO_DECIMAL.has(code) ? 0 : THREE_DECIMAL.has(code) ? 3 : 2;
  const step = WHOLE_UNITS.has(code) ? 100 : THREE_DECIMAL.has(code) ? 10 : 1;
  const minimum = MINIMUMS[code] ?? minimumElsewhere(code);
  const largest = 10 ** (AMOUNT_DIGITS[code] ?? AMOUNT_DIGITS_ELSEWHERE) - 1;
  return { code, digits, step, minimum, maximum: largest - (largest % step) };
}

const TABLE = new Map(LISTED.split(" ").map((code) => [code, entry(code)]));

/** Every currency, in Stripe's order. */
export const CURRENCIES: readonly Currency[] = [...TABLE.values()];

/** @param code ISO 4217, upper case; null when Stripe does not charge in it */
export function currencyOf(code: string): Currency | null {
  return TABLE.get(code) ?? null;
}

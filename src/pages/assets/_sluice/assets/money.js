/**
 * Amounts of money as text: as the server writes them (`src/domain/money/amounts.ts`), whose table
 * has the digits and the step.
 */

/**
 * How a currency is written, by Stripe's table.
 * @typedef {object} Currency
 * @property {string} code ISO 4217, in any case
 * @property {number} digits decimals of an amount
 * @property {number} step every amount is a multiple of it
 */

/**
 * @param {number} amount in the currency's minor unit
 * @param {Currency} currency
 */
export function moneyText(amount, { code, digits, step }) {
  const isWhole = step === 10 ** digits && amount % step === 0;
  const shown = isWhole ? 0 : digits;
  const format = new Intl.NumberFormat("en", {
    style: "currency",
    currency: code,
    minimumFractionDigits: shown,
    maximumFractionDigits: shown,
  });
  return format.format(amount / 10 ** digits);
}

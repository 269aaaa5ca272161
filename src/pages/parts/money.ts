/**
 * Money and instants as text, as the server writes them. Text that scripts write too is in
 * `assets/_sluice/assets/text.js`.
 */

/** @param amount in the currency's minor unit: 12900 EUR is €129.00, 500 JPY is ¥500 */
export function moneyText(amount: number, currency: string): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** digits);
}

const INSTANT = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});

/**
 * In UTC, which it names, because the server does not know the reader's zone. Scripts convert it.
 */
export function instantText(at_ms: number): string {
  return `${INSTANT.format(at_ms)} UTC`;
}

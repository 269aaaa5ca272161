/**
 * Instants as text, as the server writes them. Text that scripts write too is in
 * `assets/_sluice/assets/text.js`.
 */

const INSTANT = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
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

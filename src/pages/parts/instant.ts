/**
 * Instants, and times that are promised, as the server writes them. Text that scripts write too is
 * in `assets/_sluice/assets/text.js`.
 */
import { durationText } from "../assets/_sluice/assets/text.js";

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

const MINUTE_S = 60;
const DAY_S = 86_400;

/** How long something is kept: never more than it is, so what rounds goes down. */
export function promisedText(duration_s: number): string {
  if (duration_s >= 8 && duration_s < 2 * MINUTE_S) return `${Math.floor(duration_s)} seconds`;
  const unit_s = duration_s < 2 * DAY_S ? MINUTE_S : DAY_S;
  return durationText(duration_s < 8 ? duration_s : Math.floor(duration_s / unit_s) * unit_s);
}

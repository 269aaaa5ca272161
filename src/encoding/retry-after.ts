/**
 * The header `Retry-After`: seconds from `now`, written as seconds or as an HTTP date.
 *
 * Source: RFC 9110, section 10.2.3. Not for limits: the caller bounds the wait. The result is
 * negative for a date that has passed, and null without the header or for any other text.
 */
export function retryAfter_s(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date_ms = Date.parse(header);
  return Number.isNaN(date_ms) ? null : Math.ceil((date_ms - now) / 1000);
}

/**
 * The cookies that carry tickets and admissions, as text: for routes with a framework and for the
 * gate's way to the origin, which has none.
 *
 * Guarantee: `__Host-`, Secure, HttpOnly, SameSite=Lax, one pair per sale, so that two sales never
 * mix. Their age is told in seconds and not as a date, so a device whose clock is wrong keeps them
 * all the same.
 */
import { ADMISSION_COOKIE_EXTRA_S, TICKET_COOKIE_S } from "../domain/limits.ts";

export type Token = "ticket" | "admission";

export const TOKEN_HEADERS: Readonly<Record<Token, string>> = {
  ticket: "Sluice-Ticket",
  admission: "Sluice-Admission",
};

const ATTRIBUTES = "Path=/; HttpOnly; Secure; SameSite=Lax";

export function cookieName(token: Token, sale: string): string {
  return `__Host-sluice-${token}-${sale}`;
}

/** A cookie's value out of a `Cookie` header; null when it is not there. */
export function cookieOf(header: string | null, name: string): string | null {
  if (header === null) return null;
  const start = `${name}=`;
  for (let at = header.indexOf(start); at >= 0; at = header.indexOf(start, at + 1)) {
    const before = header.charAt(at - 1);
    if (at !== 0 && before !== ";" && before !== " ") continue;
    const end = header.indexOf(";", at);
    return header.slice(at + start.length, end < 0 ? header.length : end).trim();
  }
  return null;
}

/** As it was carried: by header, else by cookie. */
export function tokenIn(headers: Headers, token: Token, sale: string): string | null {
  return (
    headers.get(TOKEN_HEADERS[token]) ?? cookieOf(headers.get("Cookie"), cookieName(token, sale))
  );
}

/** A token of ours: nothing in it needs to be escaped. */
function tokenCookie(token: Token, sale: string, value: string, age_s: number): string {
  return `${cookieName(token, sale)}=${value}; Max-Age=${age_s}; ${ATTRIBUTES}`;
}

export function ticketCookie(sale: string, ticket: string): string {
  return tokenCookie("ticket", sale, ticket, TICKET_COOKIE_S);
}

/**
 * Kept past its end: with it, whoever sends an order again whose answer was lost gets the answer,
 * and a page says that the time is over and not that a turn is needed.
 */
export function admissionCookie(
  sale: string,
  admission: string,
  expiresAt_ms: number,
  now: number,
): string {
  const left_s = Math.max(Math.ceil((expiresAt_ms - now) / 1000), 0);
  return tokenCookie("admission", sale, admission, left_s + ADMISSION_COOKIE_EXTRA_S);
}

/** @param value letters, digits, `.`, `_` and `-` */
export function markCookie(name: string, value: string, expiresAt_ms: number): string {
  const expires = new Date(expiresAt_ms).toUTCString();
  return `${name}=${value}; Expires=${expires}; ${ATTRIBUTES}`;
}

export function expiredCookie(token: Token, sale: string): string {
  return `${cookieName(token, sale)}=; Max-Age=0; ${ATTRIBUTES}`;
}

/**
 * The cookies that carry tickets and admissions, as text: for routes with a framework and for the
 * gate's way to the origin, which has none.
 *
 * Guarantee: `__Host-`, Secure, HttpOnly, SameSite=Lax, one pair per sale, so that two sales never
 * mix.
 */

export type Token = "ticket" | "admission";

export const TOKEN_HEADERS: Readonly<Record<Token, string>> = {
  ticket: "Sluice-Ticket",
  admission: "Sluice-Admission",
};

/** Longer than any sale's line; the place itself has no expiry. */
export const TICKET_COOKIE_MS = 7 * 24 * 60 * 60 * 1000;

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

/** @param value a token of ours: nothing in it needs to be escaped */
export function tokenCookie(
  token: Token,
  sale: string,
  value: string,
  expiresAt_ms: number,
): string {
  return markCookie(cookieName(token, sale), value, expiresAt_ms);
}

/** @param value letters, digits, `.`, `_` and `-` */
export function markCookie(name: string, value: string, expiresAt_ms: number): string {
  const expires = new Date(expiresAt_ms).toUTCString();
  return `${name}=${value}; Expires=${expires}; ${ATTRIBUTES}`;
}

export function expiredCookie(token: Token, sale: string): string {
  return `${cookieName(token, sale)}=; Max-Age=0; ${ATTRIBUTES}`;
}

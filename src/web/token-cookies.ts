/**
 * The headers and cookies that carry tickets and admissions: one pair per sale, so that two sales
 * never mix.
 */
import { ADMISSION_COOKIE_EXTRA_S, TICKET_COOKIE_S } from "../domain/limits.ts";
import { cookie, cookieIn, expiredCookie } from "./cookies.ts";

export type Token = "ticket" | "admission";

export const TOKEN_HEADERS: Readonly<Record<Token, string>> = {
  ticket: "Sluice-Ticket",
  admission: "Sluice-Admission",
};

function nameOf(token: Token, sale: string): string {
  return `sluice-${token}-${sale}`;
}

/** By header, then by cookie; null for each that was not sent. */
export function tokensIn(headers: Headers, token: Token, sale: string): readonly (string | null)[] {
  return [headers.get(TOKEN_HEADERS[token]), cookieIn(headers, nameOf(token, sale))];
}

/** As it was carried: by header, else by cookie. */
export function tokenIn(headers: Headers, token: Token, sale: string): string | null {
  return headers.get(TOKEN_HEADERS[token]) ?? cookieIn(headers, nameOf(token, sale));
}

export function ticketCookie(sale: string, ticket: string): string {
  return cookie(nameOf("ticket", sale), ticket, { maxAge_s: TICKET_COOKIE_S });
}

/**
 * Kept past its end, because then an order whose answer was lost can be sent again and gets the
 * answer, and a page can say that the time is over and not that a turn is needed.
 */
export function admissionCookie(
  sale: string,
  admission: string,
  expiresAt_ms: number,
  now: number,
): string {
  const left_s = Math.max(Math.ceil((expiresAt_ms - now) / 1000), 0);
  const maxAge_s = left_s + ADMISSION_COOKIE_EXTRA_S;
  return cookie(nameOf("admission", sale), admission, { maxAge_s });
}

export function expiredTokenCookie(token: Token, sale: string): string {
  return expiredCookie(nameOf(token, sale));
}

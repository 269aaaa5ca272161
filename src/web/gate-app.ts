/**
 * What the JSON API and the pages share about a request: its context, its tokens, its origin.
 *
 * Guarantee: a token carried as a header comes before one in a cookie; cookies are `__Host-`,
 * Secure, HttpOnly and SameSite=Lax, one pair per sale, so that two sales never mix.
 */
import type { Context } from "hono";
import { deleteCookie, getCookie } from "hono/cookie";
import type { Carried, GateContext } from "../journey/visit.ts";

export type GateApp = {
  Bindings: GateEnv;
  Variables: { gate: GateContext; adminToken: string };
};

export type GateRequest = Context<GateApp>;

type Token = "ticket" | "admission";

/** Longer than any sale's line; the place itself has no expiry. */
export const TICKET_COOKIE_MS = 7 * 24 * 60 * 60 * 1000;

function cookieName(token: Token, sale: string): string {
  return `sluice-${token}-${sale}`;
}

/** Sale ids are checked before they come here; anything else carries no cookie. */
export function carriedOf(c: GateRequest, sale: string): Carried {
  const read = (token: Token, header: string): string | null => {
    const fromCookie = getCookie(c, cookieName(token, sale), "host");
    return c.req.header(header) ?? (fromCookie === undefined ? null : fromCookie);
  };
  return {
    ticket: read("ticket", "Sluice-Ticket"),
    admission: read("admission", "Sluice-Admission"),
  };
}

/** @param value a token of ours: nothing in it needs to be escaped */
export function giveCookie(
  c: GateRequest,
  token: Token,
  sale: string,
  value: string,
  expiresAt_ms: number,
): void {
  const expires = new Date(expiresAt_ms).toUTCString();
  const attributes = `Path=/; Expires=${expires}; HttpOnly; Secure; SameSite=Lax`;
  c.header("Set-Cookie", `__Host-${cookieName(token, sale)}=${value}; ${attributes}`, {
    append: true,
  });
}

export function takeCookie(c: GateRequest, token: Token, sale: string): void {
  deleteCookie(c, cookieName(token, sale), { prefix: "host", path: "/", secure: true });
}

/**
 * Whether a state-changing request may be believed to come from its own pages. Browsers send
 * `Origin` with every POST, PUT and DELETE; a request that carries cookies and names another
 * origin, or none, may have been made by another site. Clients that carry tokens as headers are
 * not browsers following a link, and need none.
 */
export function isOwnOrigin(c: GateRequest): boolean {
  const origin = c.req.header("Origin");
  if (origin !== undefined) return origin === new URL(c.req.url).origin;
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin" || site === "none";
  return c.req.header("Cookie") === undefined;
}

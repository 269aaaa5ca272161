/**
 * What the JSON API and the pages share about a request: its context, its tokens, its origin.
 *
 * Guarantee: a token carried as a header comes before one in a cookie.
 */
import type { Context } from "hono";
import { saleOf, type Carried, type GateContext } from "../shopper/visit.ts";
import type { Admitted } from "../shopper/waiting.ts";
import { callerOf, newDevice } from "./device-cookie.ts";
import {
  admissionCookie,
  expiredTokenCookie,
  ticketCookie,
  tokenIn,
  type Token,
} from "./token-cookies.ts";

export type GateApp = {
  Bindings: GateEnv;
  Variables: { gate: GateContext; adminToken: string };
};

export type GateRequest = Context<GateApp>;

/** Sale ids are checked before they come here; anything else carries no cookie. */
export function carriedOf(c: GateRequest, sale: string): Carried {
  const { headers } = c.req.raw;
  return {
    ticket: tokenIn(headers, "ticket", sale),
    admission: tokenIn(headers, "admission", sale),
    caller: callerOf(c.req.raw),
  };
}

export function giveCookie(c: GateRequest, cookie: string): void {
  c.header("Set-Cookie", cookie, { append: true });
}

export function giveTicket(c: GateRequest, sale: string, ticket: string): void {
  giveCookie(c, ticketCookie(sale, ticket));
}

export function giveAdmission(c: GateRequest, sale: string, { token, admission }: Admitted): void {
  giveCookie(c, admissionCookie(sale, token, admission.expiresAt_ms, c.get("gate").now));
}

/**
 * The same, known by a device: a browser that joins or claims in a sale that tells devices apart
 * gets an id, if it has none.
 */
export async function carriedByDevice(c: GateRequest, sale: string): Promise<Carried> {
  const carried = carriedOf(c, sale);
  if (carried.caller.device !== null) return carried;
  const found = await saleOf(c.get("gate"), sale);
  if (found.kind !== "sale" || found.sale.replay.handling === "allow") return carried;
  const { id, cookie } = newDevice();
  giveCookie(c, cookie);
  return { ...carried, caller: { ...carried.caller, device: id } };
}

export function takeCookie(c: GateRequest, token: Token, sale: string): void {
  giveCookie(c, expiredTokenCookie(token, sale));
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

/**
 * What the JSON API and the pages share about a request: its context, its tokens, its visit, its
 * origin.
 *
 * Guarantee: a token carried as a header comes before one in a cookie. A handler that takes a visit
 * runs only with one; each format answers in its own way when there is none.
 */
import type { Context } from "hono";
import type { Carried, GateContext } from "../shopper/gate-context.ts";
import {
  saleOf,
  visitOf,
  type SaleContext,
  type Unreachable,
  type Visit,
} from "../shopper/visit.ts";
import type { Admitted } from "../shopper/waiting.ts";
import { callerOf, withDevice } from "./device-cookie.ts";
import { admissionCookie, expiredTokenCookie, tokenIn, type Token } from "./token-cookies.ts";

export type GateApp = {
  Bindings: GateEnv;
  Variables: { gate: GateContext; adminToken: string };
};

export type GateRequest = Context<GateApp>;

export type Answer = Response | Promise<Response>;

/** Sale ids are checked before they come here; anything else carries no cookie. */
export function carriedOf(c: GateRequest, sale: string): Carried {
  const { headers } = c.req.raw;
  return {
    ticket: tokenIn(headers, "ticket", sale),
    admission: tokenIn(headers, "admission", sale),
    caller: callerOf(c.req.raw),
  };
}

type Awaitable<Value> = Value | Promise<Value>;
/** A format's answer for a sale that is not there, or whose room is silent. */
type Unreached<Refused> = (c: GateRequest, refused: Unreachable) => Awaitable<Refused>;

/** Answers with the sale alone: for what anybody may read, whatever tokens are carried. */
export function withSaleOr<Refused extends Response>(unreachable: Unreached<Refused>) {
  return async <Given extends Response>(
    c: GateRequest,
    sale: string,
    answer: (context: SaleContext) => Awaitable<Given>,
  ): Promise<Given | Refused> => {
    const found = await saleOf(c.get("gate"), sale);
    return found.kind === "sale" ? answer(found) : unreachable(c, found);
  };
}

/** Answers with the request's visit, which is resolved here and nowhere else. */
export function withVisitOr<Refused extends Response>(unreachable: Unreached<Refused>) {
  return async <Given extends Response>(
    c: GateRequest,
    sale: string,
    answer: (visit: Visit) => Awaitable<Given>,
  ): Promise<Given | Refused> => {
    const found = await visitOf(c.get("gate"), sale, carriedOf(c, sale));
    return found.kind === "visit" ? answer(found) : unreachable(c, found);
  };
}

export function giveCookie(c: GateRequest, cookie: string): void {
  c.header("Set-Cookie", cookie, { append: true });
}

export function giveAdmission(c: GateRequest, { token, admission }: Admitted): void {
  const { sale, expiresAt_ms } = admission;
  giveCookie(c, admissionCookie(sale, token, expiresAt_ms, c.get("gate").now));
}

export function takeCookie(c: GateRequest, token: Token, sale: string): void {
  giveCookie(c, expiredTokenCookie(token, sale));
}

/** The same visit, known by a device: a browser that joins or claims gets an id, if it has none. */
export function knownByDevice(c: GateRequest, visit: Visit): Visit {
  const { caller, given } = withDevice(visit.sale, visit.caller);
  if (given !== null) giveCookie(c, given);
  return { ...visit, caller };
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

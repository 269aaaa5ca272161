/**
 * What the JSON API and the pages share about a request: its context, its tokens, its visit, its
 * origin.
 *
 * Guarantee: a token carried as a header comes before one in a cookie. A handler that takes a visit
 * runs only with one; each format answers in its own way when there is none.
 */
import type { Context } from "hono";
import type { Carried, GateContext } from "../shopper/gate-context.ts";
import type { Listing } from "../shopper/shop-origins.ts";
import {
  namedSaleOf,
  visitOf,
  type SaleContext,
  type Unreachable,
  type Visit,
} from "../shopper/visit.ts";
import type { Admitted } from "../shopper/waiting.ts";
import { callerOf, withDevice } from "./device-cookie.ts";
import { isOverReadLimit, isOverSubjectLimit, subjectOfVisit } from "./rate-limits.ts";
import { initiatorOfRequest } from "./request-cause.ts";
import type { ShopServer } from "./server-key.ts";
import { admissionCookie, expiredTokenCookie, tokenIn, type Token } from "./token-cookies.ts";

/** A page of another origin that sends the request, as a browser says. */
export interface ForeignPage {
  readonly origin: string;
  readonly listing: Listing;
}

type VisitOutcome = Awaited<ReturnType<typeof visitOf>>;

export type GateApp = {
  Bindings: GateEnv;
  Variables: {
    gate: GateContext;
    adminToken: string;
    page?: ForeignPage;
    /** The visit, once it is resolved. */
    visit?: { readonly sale: string; readonly outcome: VisitOutcome };
    /** The shop's server that sends the request, if it is one that is known. */
    server?: ShopServer;
  };
};

export type GateRequest = Context<GateApp>;

export type Answer = Response | Promise<Response>;

/** Sale ids are checked before they come here; anything else carries no cookie. */
export function carriedOf(c: GateRequest, sale: string): Carried {
  const { headers } = c.req.raw;
  const caller = callerOf(c.req.raw);
  const server = c.get("server");
  const address = server?.shopperAddress ?? caller.address;
  const shopperAddress = server === undefined ? caller.address : server.shopperAddress;
  return {
    ticket: tokenIn(headers, "ticket", sale),
    admission: tokenIn(headers, "admission", sale),
    caller: { ...caller, address, shopperAddress },
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
    const found = await namedSaleOf(c.get("gate"), sale);
    return found.kind === "sale" ? answer(found) : unreachable(c, found);
  };
}

/** The request's visit, which is resolved once: to count a write's shopper, or for its handler. */
async function visitIn(c: GateRequest, sale: string): Promise<VisitOutcome> {
  const known = c.get("visit");
  if (known?.sale === sale) return known.outcome;
  const outcome = await visitOf(c.get("gate"), sale, carriedOf(c, sale));
  c.set("visit", { sale, outcome });
  return outcome;
}

/** Counts a write for the shopper of its visit; one without a visit is refused by its handler. */
export async function isOverWriterLimit(c: GateRequest, sale: string): Promise<boolean> {
  const { ticket, admission } = carriedOf(c, sale);
  if (ticket === null && admission === null) return false;
  const visit = knownIn(await visitIn(c, sale));
  return visit !== null && isOverSubjectLimit(c.env, sale, subjectOfVisit(visit));
}

/**
 * Counts a read that asks objects, for its network and, where the path names a sale whose admission
 * is carried, for its shopper.
 */
export async function isOverReaderLimit(c: GateRequest, sale: string | null): Promise<boolean> {
  const isIn = sale !== null && carriedOf(c, sale).admission !== null;
  const visit = isIn ? knownIn(await visitIn(c, sale)) : null;
  const subject = visit === null ? null : subjectOfVisit(visit);
  return isOverReadLimit(c.env, c.req.raw.headers, sale ?? "", subject, c.get("server") ?? null);
}

/** Answers with the request's visit. */
export function withVisitOr<Refused extends Response>(unreachable: Unreached<Refused>) {
  return async <Given extends Response>(
    c: GateRequest,
    sale: string,
    answer: (visit: Visit) => Awaitable<Given>,
  ): Promise<Given | Refused> => {
    const found = await visitIn(c, sale);
    return found.kind === "visit" ? answer(found) : unreachable(c, found);
  };
}

/** The visit, also of a shopper who is in while the room is silent. */
function knownIn(outcome: VisitOutcome): Visit | null {
  if (outcome.kind === "visit") return outcome;
  return "known" in outcome ? outcome.known : null;
}

/** The same for what needs no room: carts, quotes and orders of shoppers who are in. */
export function withShopVisitOr<Refused extends Response>(unreachable: Unreached<Refused>) {
  return async <Given extends Response>(
    c: GateRequest,
    sale: string,
    answer: (visit: Visit) => Awaitable<Given>,
  ): Promise<Given | Refused> => {
    const found = await visitIn(c, sale);
    const known = knownIn(found);
    if (known !== null) return answer(known);
    return unreachable(c, {
      kind: found.kind === "sale_not_found" ? found.kind : "room_unavailable",
    });
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

/** The `Origin` of a request that a page of another origin sends; null when none says so. */
export function foreignOriginOf(c: GateRequest): string | null {
  const origin = c.req.header("Origin");
  return origin === undefined || origin === new URL(c.req.url).origin ? null : origin;
}

/**
 * Whether a state-changing request may be believed to come from its own pages. Browsers say who
 * sends it; a request with cookies that does not may have been made by another site. Clients that
 * carry tokens as headers are not browsers following a link, and need say nothing.
 */
export function isOwnOrigin(c: GateRequest): boolean {
  const initiator = initiatorOfRequest(c.req.raw);
  return initiator === "unknown" ? c.req.header("Cookie") === undefined : initiator !== "other";
}

/**
 * Pages of other origins that call the shopper's API from a browser: CORS for the origins that a
 * merchant lists, and the check that a write comes from the gate's own pages or from one of those.
 *
 * Guarantee: a page of another origin acts with the tokens that it sends as headers, and with
 * nothing else. Its requests are served without their cookies, its answers set none, and no answer
 * allows credentials; so what it may read and do is what anybody could with the same headers. An
 * answer is readable only for the exact origin that was checked, and every answer says that it
 * varies by `Origin`. Not for the merchant's API, which no page of another origin may call.
 *
 * No Order object is asked about a request's origin before the request was counted (`api.ts`),
 * because anybody can invent ids of orders and origins.
 */
import type { MiddlewareHandler, Next } from "hono";
import { PREFLIGHT_REMEMBERED_S } from "../domain/limits.ts";
import { listingOf, type Subject } from "../shopper/shop-origins.ts";
import {
  type ForeignPage,
  foreignOriginOf,
  type GateApp,
  type GateRequest,
  isOwnOrigin,
} from "../web/gate-app.ts";
import { causeOf } from "../web/request-cause.ts";
import { problem } from "./problems.ts";

/** No `Sluice-Server-Key`: a page that had one would give it to every shopper. */
const REQUEST_HEADERS = [
  "Content-Type",
  "Idempotency-Key",
  "Sluice-Admission",
  "Sluice-Device",
  "Sluice-Ticket",
];
const RESPONSE_HEADERS = ["Location", "Retry-After"];
const METHODS = ["GET", "POST", "PUT", "DELETE"];

/**
 * Lets pages of listed origins read the answers, also that of a check which comes before the sale
 * is known: it is no secret, and without it a page could not wait as it is asked to.
 */
export const crossOrigin: MiddlewareHandler<GateApp> = async (c, next) => {
  const origin = foreignOriginOf(c);
  if (origin !== null) withoutCookies(c);
  await next();
  const { headers } = c.res;
  headers.append("Vary", "Origin");
  if (origin === null) return;
  headers.delete("Set-Cookie");
  const listing = c.get("page")?.listing ?? (await listingOf(c.get("gate"), origin, NO_SUBJECT));
  if (listing === "stranger") return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers", RESPONSE_HEADERS.join(", "));
};

/**
 * Finds out whether the page's origin is listed, and answers preflights. Asks the Order object only
 * for a read, which was counted; the index of origins is enough for a preflight, and for a write
 * until `trustedOrderOrigin`.
 */
export const knownOrigin: MiddlewareHandler<GateApp> = async (c, next) => {
  const origin = foreignOriginOf(c);
  if (origin === null) return next();
  const subject = subjectOf(c);
  const isEarly = subject.kind === "order" && !isRead(c);
  const listing = await listingOf(c.get("gate"), origin, isEarly ? NO_SUBJECT : subject);
  c.set("page", { origin, listing: isEarly && listing === "listed" ? "elsewhere" : listing });
  return preflightAnswer(c, listing !== "stranger") ?? next();
};

/** For writes, after their body was read. What nobody sees yet changes nothing. */
export const trustedOrigin: MiddlewareHandler<GateApp> = async (c, next) => {
  if (causeOf(c.req.raw) === "unseen") return problem(c, "not_shown_yet");
  if (isOwnOrigin(c)) return next();
  const page = c.get("page");
  if (page === undefined) return problem(c, "origin_mismatch");
  if (subjectOf(c).kind === "order" && page.listing !== "stranger") return next();
  const named = await saleInBody(c);
  const subject = named === null ? null : ({ kind: "sale", sale: named } as const);
  return ofListedOrigin(c, page, subject, next);
};

/** For writes to an order, once they were counted, because this may ask its object for its sale. */
export const trustedOrderOrigin: MiddlewareHandler<GateApp> = async (c, next) => {
  const page = c.get("page");
  const subject = subjectOf(c);
  if (page === undefined || subject.kind !== "order" || isOwnOrigin(c)) return next();
  return ofListedOrigin(c, page, subject, next);
};

/** @param subject null where the page's listing is that of its sale already */
async function ofListedOrigin(
  c: GateRequest,
  { origin, listing: known }: ForeignPage,
  subject: Subject | null,
  next: Next,
): Promise<Response | void> {
  const listing = subject === null ? known : await listingOf(c.get("gate"), origin, subject);
  c.set("page", { origin, listing });
  if (listing === "listed") return next();
  const detail = "Its origin is not among checkout.origins of this sale.";
  return problem(c, "origin_mismatch", { detail });
}

/** Later readers find none: neither a token nor the id of a device. */
function withoutCookies(c: GateRequest): void {
  if (c.req.header("Cookie") === undefined) return;
  const headers = new Headers(c.req.raw.headers);
  headers.delete("Cookie");
  c.req.raw = new Request(c.req.raw, { headers });
}

const NO_SUBJECT: Subject = { kind: "none" };

function isRead(c: GateRequest): boolean {
  return c.req.method === "GET" || c.req.method === "HEAD";
}

function subjectOf(c: GateRequest): Subject {
  const [, kind, id] = /\/v1\/(sales|orders)\/([^/]+)/.exec(c.req.path) ?? [];
  if (id === undefined) return NO_SUBJECT;
  return kind === "sales" ? { kind: "sale", sale: id } : { kind: "order", order: id };
}

const ORDERS = /\/v1\/orders$/;

/** Only an order names its sale in its body; null where the address says it, or nothing does. */
async function saleInBody(c: GateRequest): Promise<string | null> {
  if (!ORDERS.test(c.req.path)) return null;
  // What is no JSON is refused by the schema, with a problem of its own.
  const body: unknown = await c.req.json().catch(() => null);
  const isNamed = typeof body === "object" && body !== null && "sale" in body;
  return isNamed && typeof body.sale === "string" ? body.sale : null;
}

/**
 * Null for what is no preflight. It gives no right by itself: the request that follows is checked
 * again, by its own sale.
 */
function preflightAnswer(c: GateRequest, isKnown: boolean): Response | null {
  const asked = c.req.header("Access-Control-Request-Method");
  if (c.req.method !== "OPTIONS" || asked === undefined) return null;
  if (!isKnown) return problem(c, "origin_mismatch");
  return c.body(null, 204, {
    "Access-Control-Allow-Methods": METHODS.join(", "),
    "Access-Control-Allow-Headers": REQUEST_HEADERS.join(", "),
    "Access-Control-Max-Age": String(PREFLIGHT_REMEMBERED_S),
  });
}

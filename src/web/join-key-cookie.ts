/**
 * The key of a browser's join: given with the page that has the button, sent back with the form,
 * so that a join whose answer was lost, was sent twice or came from two tabs is one join.
 *
 * It also shows what the browser keeps. A form that comes back without any cookie of its sale comes
 * from a browser that keeps none; a key that was given together with a token, and comes back
 * without it, from one that keeps some.
 *
 * Guarantee: one cookie a sale, random. Not a proof of anything: see `src/domain/line/join-key.ts`.
 */
import { TICKET_COOKIE_S } from "../domain/limits.ts";
import type { JoinKey } from "../shopper/entry.ts";
import { cookie, cookieIn } from "./cookies.ts";
import { carriedOf, giveCookie, type GateRequest } from "./gate-app.ts";
import { passIn } from "./pass-cookie.ts";
import { tokenIn } from "./token-cookies.ts";

/**
 * What was given with the key: a page with a way in at once, or into the line; a ticket; an
 * admission.
 */
const GIVEN = ["direct", "line", "ticket", "admission"] as const;
type Given = (typeof GIVEN)[number];

const PATTERN = /^([a-z]+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function nameOf(sale: string): string {
  return `sluice-join-${sale}`;
}

interface CarriedKey {
  readonly given: Given;
  readonly id: string;
}

/** Null when there is none, or it is none of ours. */
function keyIn(headers: Headers, sale: string): CarriedKey | null {
  const [, word, id] = PATTERN.exec(cookieIn(headers, nameOf(sale)) ?? "") ?? [];
  const given = GIVEN.find((known) => known === word);
  return given === undefined || id === undefined ? null : { given, id };
}

function keyCarried(c: GateRequest, sale: string): CarriedKey | null {
  return keyIn(c.req.raw.headers, sale);
}

export function joinKeyCarried(c: GateRequest, sale: string): JoinKey | null {
  return joinKeyIn(c.req.raw.headers, sale);
}

export function joinKeyIn(headers: Headers, sale: string): JoinKey | null {
  const carried = keyIn(headers, sale);
  if (carried === null) return null;
  const mayBeIn = carried.given === "direct" || carried.given === "admission";
  return { ...joinKeyOf(carried.id), mayBeIn };
}

/** @param id random, from a page with a form that joins */
export function joinKeyOf(id: string): JoinKey {
  return { value: `browser:${id}`, holder: null, mayBeIn: true };
}

/** Whether the token that was given last is missing although its key came back. */
export function hasLost(c: GateRequest, sale: string, token: "ticket" | "admission"): boolean {
  return keyCarried(c, sale)?.given === token && carriedOf(c, sale)[token] === null;
}

/**
 * Whether what is given to this browser may come back: a cookie of the sale has. Clients that name
 * no origin are no browsers, and may carry their tokens as headers.
 */
export function keepsCookies(c: GateRequest, sale: string): boolean {
  return c.req.header("Origin") === undefined || hasCookieOf(c.req.raw.headers, sale);
}

/** Whether a cookie of the sale has come back. */
export function hasCookieOf(headers: Headers, sale: string): boolean {
  if (tokenIn(headers, "ticket", sale) !== null) return true;
  if (tokenIn(headers, "admission", sale) !== null) return true;
  return passIn(headers, sale).kind !== "none" || cookieIn(headers, nameOf(sale)) !== null;
}

/** A `Set-Cookie` value: a key for a browser that is let in once the key has come back. */
export function newJoinKeyCookie(sale: string): string {
  return cookieOf(sale, { given: "direct", id: crypto.randomUUID() });
}

/** With a page that has a join button; a browser that has a key keeps it. */
export function offerJoinKey(c: GateRequest, sale: string, given: "direct" | "line"): void {
  if (keyCarried(c, sale) === null) send(c, sale, { given, id: crypto.randomUUID() });
}

/** Together with a token, that the loss of it is seen. */
export function markJoinKey(c: GateRequest, sale: string, given: "ticket" | "admission"): void {
  const carried = keyCarried(c, sale);
  if (carried !== null && carried.given !== given) send(c, sale, { ...carried, given });
}

/** When what the key was good for is over, because the next join is a new shopper's. */
export function renewJoinKey(c: GateRequest, sale: string): void {
  send(c, sale, { given: "line", id: crypto.randomUUID() });
}

function send(c: GateRequest, sale: string, key: CarriedKey): void {
  giveCookie(c, cookieOf(sale, key));
}

function cookieOf(sale: string, { given, id }: CarriedKey): string {
  return cookie(nameOf(sale), `${given}-${id}`, { maxAge_s: TICKET_COOKIE_S });
}

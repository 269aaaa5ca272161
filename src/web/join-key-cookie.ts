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
function keyCarried(c: GateRequest, sale: string): CarriedKey | null {
  const [, word, id] = PATTERN.exec(cookieIn(c.req.raw.headers, nameOf(sale)) ?? "") ?? [];
  const given = GIVEN.find((known) => known === word);
  return given === undefined || id === undefined ? null : { given, id };
}

export function joinKeyCarried(c: GateRequest, sale: string): JoinKey | null {
  const carried = keyCarried(c, sale);
  if (carried === null) return null;
  const mayBeIn = carried.given === "direct" || carried.given === "admission";
  return { value: `browser:${carried.id}`, mayBeIn };
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
  if (c.req.header("Origin") === undefined) return true;
  const { ticket, admission } = carriedOf(c, sale);
  const { headers } = c.req.raw;
  if (ticket !== null || admission !== null || passIn(headers, sale).kind !== "none") return true;
  return cookieIn(headers, nameOf(sale)) !== null;
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

function send(c: GateRequest, sale: string, { given, id }: CarriedKey): void {
  giveCookie(c, cookie(nameOf(sale), `${given}-${id}`, { maxAge_s: TICKET_COOKIE_S }));
}

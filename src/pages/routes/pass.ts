/**
 * A merchant's link with a pass: the page that asks whether to use it, and what a pass in the
 * browser means for the storefront.
 *
 * Guarantee: opening a link changes nothing and sets no cookie, because anybody may send anybody a
 * link: with a pass that names its shopper, two people would be one. The pass stands in no page and
 * in no address but the link's. Using it is `pass-link.ts`.
 */
import type { MiddlewareHandler } from "hono";
import { isPlaceOfPass, readPass, type PassRead } from "../../shopper/pass.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { PassRefusal } from "../../domain/line/pass-places.ts";
import { giveCookie, type Answer, type GateApp, type GateRequest } from "../../web/gate-app.ts";
import { discountCookie } from "../../web/discount-cookie.ts";
import { passCookie, passIn } from "../../web/pass-cookie.ts";
import { sendNotice } from "../answers.ts";
import { saleLink } from "../parts/links.ts";
import { passLinkPage, type PassLinkModel } from "../views/pass-link.ts";
import { mayGoIn } from "../views/storefront.ts";

/**
 * While the address has the pass, nothing that is loaded from here is told the address. Not
 * `no-referrer`, with which a browser would send `Origin: null` with the form.
 */
export const hidePass: MiddlewareHandler<GateApp> = async (c, next) => {
  if (c.req.query("pass") !== undefined) c.header("Referrer-Policy", "strict-origin");
  await next();
};

type GoodPass = Extract<PassRead, { readonly kind: "good" }>;

/** The cookies of a pass that is used: its own, and its discount code's for the checkout. */
export function givePass(c: GateRequest, sale: string, token: string, { code }: GoodPass): void {
  giveCookie(c, passCookie(sale, { kind: "pass", token }));
  if (code !== null) giveCookie(c, discountCookie(sale, code));
}

/** A shopper who has the pass's own place or admission opens the link once more. */
export function isOwnerOf({ subject }: GoodPass, { ticket, admission }: Visit): boolean {
  if (subject === null) return false;
  if (admission.kind === "valid") return admission.admission.subject === subject;
  return ticket.kind === "valid" && ticket.ticket.subject === subject;
}

export async function offerPass(c: GateRequest, visit: Visit, token: string): Promise<Response> {
  const { gate, sale, seen, ticket } = visit;
  const { snapshot } = seen;
  if (snapshot.phase === "ended") return c.redirect(saleLink(sale.id), 303);
  const read = await readPass(gate, sale, token);
  if (read.kind === "refused") {
    return refusePass(c, sale.id, read.reason, ticket.kind === "valid");
  }
  const carried = passIn(c.req.raw.headers, sale.id);
  const isUsed = carried.kind === "pass" && carried.token === token;
  if (isUsed || isOwnerOf(read, visit)) {
    givePass(c, sale.id, token, read);
    return c.redirect(saleLink(sale.id), 303);
  }
  const page = passLinkPage({
    sale,
    lane: read.lane,
    isPersonal: read.subject !== null,
    hasCode: read.code !== null,
    visitor: visitorOf(read, visit),
    leads: snapshot.phase === "scheduled" ? "nowhere_yet" : mayGoIn(snapshot) ? "in" : "into_line",
    key: crypto.randomUUID(),
    now: gate.now,
  });
  return c.html(page);
}

function visitorOf(pass: GoodPass, { ticket, admission }: Visit): PassLinkModel["visitor"] {
  if (admission.kind === "valid") return "in_shop";
  if (ticket.kind !== "valid") return "new";
  return isPlaceOfPass(ticket.ticket, pass) ? "same_lane" : "in_line";
}

export type PassOfVisit = PassRead | { readonly kind: "none" };

export async function passOf(c: GateRequest, { gate, sale }: Visit): Promise<PassOfVisit> {
  const carried = passIn(c.req.raw.headers, sale.id);
  return carried.kind === "pass" ? readPass(gate, sale, carried.token) : carried;
}

/** The lane a visitor would join by their pass; null without one, and when it is their place. */
export function laneAhead(pass: PassOfVisit, { ticket }: Visit): string | null {
  if (pass.kind !== "good") return null;
  return ticket.kind === "valid" && isPlaceOfPass(ticket.ticket, pass) ? null : pass.lane;
}

/** @param hasPlace a ticket is carried, which a refused pass takes nothing from */
export function refusePass(
  c: GateRequest,
  sale: string,
  reason: PassRefusal,
  hasPlace: boolean,
): Answer {
  return sendNotice(c, { kind: "pass_invalid", sale, reason, hasPlace });
}

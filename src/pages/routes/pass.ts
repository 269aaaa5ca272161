/**
 * How a merchant's link with a pass becomes a way into its lane: the pass moves from the address
 * into a cookie, and the storefront is shown with it.
 *
 * Guarantee: opening a link joins nothing, and the pass stands in no page and no further address.
 */
import type { MiddlewareHandler } from "hono";
import { isPlaceOfPass, readPass, type PassRead } from "../../shopper/pass.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { PassRefusal } from "../../domain/line/pass-places.ts";
import { giveCookie, type Answer, type GateApp, type GateRequest } from "../../web/gate-app.ts";
import { passCookie, passIn } from "../../web/pass-cookie.ts";
import { sendNotice } from "../answers.ts";
import { saleLink } from "../parts/links.ts";

/** While the address still has the pass, nothing that is loaded from here is told the address. */
export const hidePass: MiddlewareHandler<GateApp> = async (c, next) => {
  if (c.req.query("pass") !== undefined) c.header("Referrer-Policy", "no-referrer");
  await next();
};

export async function takePassFromLink(
  c: GateRequest,
  { gate, sale }: Visit,
  token: string,
): Promise<Response> {
  const read = await readPass(gate, sale, token);
  giveCookie(c, passCookie(sale.id, read.kind === "good" ? { kind: "pass", token } : read));
  return c.redirect(saleLink(sale.id), 303);
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

/**
 * How a merchant's link with a pass becomes a way into its lane: the pass moves from the address
 * into a cookie, and the storefront is shown with it.
 *
 * Guarantee: opening a link joins nothing, and the pass stands in no page and no further address.
 */
import { isPlaceOfPass, readPass, type PassRead } from "../../shopper/pass.ts";
import { saleOf, type Visit } from "../../shopper/visit.ts";
import type { PassRefusal } from "../../domain/pass-refusal.ts";
import { giveCookie, type GateRequest } from "../../web/gate-app.ts";
import { passCookie, passIn } from "../../web/pass-cookie.ts";
import { sendNotice, sendUnreachable } from "../answers.ts";
import { saleLink } from "../parts/links.ts";

export async function takePassFromLink(
  c: GateRequest,
  id: string,
  token: string,
): Promise<Response> {
  // While the address still has the pass, nothing that is loaded from here may be told it.
  c.header("Referrer-Policy", "no-referrer");
  const found = await saleOf(c.get("gate"), id);
  if (found.kind !== "sale") return sendUnreachable(c, found);
  const read = await readPass(c.get("gate"), found.sale, token);
  giveCookie(c, passCookie(id, read.kind === "good" ? { kind: "pass", token } : read));
  return c.redirect(saleLink(id), 303);
}

export type PassOfVisit = PassRead | { readonly kind: "none" };

export async function passOf(c: GateRequest, { sale }: Visit): Promise<PassOfVisit> {
  const carried = passIn(c.req.raw.headers, sale.id);
  return carried.kind === "pass" ? readPass(c.get("gate"), sale, carried.token) : carried;
}

/** The lane a visitor would join by their pass; null without one, and when it is their place. */
export function laneAhead(pass: PassOfVisit, { ticket }: Visit): string | null {
  if (pass.kind !== "good") return null;
  return ticket !== null && isPlaceOfPass(ticket, pass) ? null : pass.lane;
}

/** @param hasPlace a ticket is carried, which a refused pass takes nothing from */
export function refusePass(
  c: GateRequest,
  sale: string,
  reason: PassRefusal,
  hasPlace: boolean,
): Response | Promise<Response> {
  return sendNotice(c, { kind: "pass_invalid", sale, reason, hasPlace });
}

/**
 * A pass on its way from a merchant's link to the join form: kept by the browser, so that it
 * stands in no address, no page and no log.
 *
 * Guarantee: `__Host-`, Secure, HttpOnly, SameSite=Lax, one cookie a sale. A pass that was refused
 * is not kept, only why, so a stranger's links cannot fill a browser with cookies.
 * Not a proof of anything: who joins has the pass verified then.
 */
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import { PASS_COOKIE_S, PASS_REFUSAL_COOKIE_S } from "../domain/limits.ts";
import { PASS_REFUSALS, type PassRefusal } from "../domain/line/pass-places.ts";
import type { GateRequest } from "./gate-app.ts";
import { cookieOf } from "./token-cookies.ts";

export type CarriedPass =
  | { readonly kind: "none" }
  | { readonly kind: "pass"; readonly token: string }
  | { readonly kind: "refused"; readonly reason: PassRefusal };

const refusalSchema = z.enum(PASS_REFUSALS);

function cookieName(sale: string): string {
  return `sluice-pass-${sale}`;
}

export function passCarried(c: GateRequest, sale: string): CarriedPass {
  return passIn(getCookie(c, cookieName(sale), "host") ?? null);
}

/** The same out of a `Cookie` header; a pass has no character that a cookie escapes. */
export function passInCookies(header: string | null, sale: string): CarriedPass {
  return passIn(cookieOf(header, `__Host-${cookieName(sale)}`));
}

function passIn(value: string | null | false): CarriedPass {
  if (typeof value !== "string" || value === "") return { kind: "none" };
  const refused = refusalSchema.safeParse(value);
  if (refused.success) return { kind: "refused", reason: refused.data };
  return { kind: "pass", token: value };
}

/** @param kept a pass that is good, or why one was refused */
export function keepPass(c: GateRequest, sale: string, kept: Exclude<CarriedPass, NoPass>): void {
  const refused = kept.kind === "refused";
  setCookie(c, cookieName(sale), refused ? kept.reason : kept.token, {
    prefix: "host",
    path: "/",
    secure: true,
    httpOnly: true,
    sameSite: "Lax",
    maxAge: refused ? PASS_REFUSAL_COOKIE_S : PASS_COOKIE_S,
  });
}

type NoPass = { readonly kind: "none" };

export function dropPass(c: GateRequest, sale: string): void {
  deleteCookie(c, cookieName(sale), { prefix: "host", path: "/", secure: true });
}

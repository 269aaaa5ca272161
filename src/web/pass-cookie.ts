/**
 * A pass on its way from a merchant's link to the join form: kept by the browser, so that it
 * stands in no address, no page and no log.
 *
 * Guarantee: one cookie a sale. A pass that was refused is not kept, only why, so a stranger's
 * links cannot fill a browser with cookies. Not a proof of anything: joining verifies the pass.
 */
import { z } from "zod";
import { PASS_COOKIE_S, PASS_REFUSAL_COOKIE_S } from "../domain/limits.ts";
import { PASS_REFUSALS, type PassRefusal } from "../domain/line/pass-places.ts";
import { cookie, cookieIn, expiredCookie } from "./cookies.ts";

export type CarriedPass =
  | { readonly kind: "none" }
  | { readonly kind: "pass"; readonly token: string }
  | { readonly kind: "refused"; readonly reason: PassRefusal };

const refusalSchema = z.enum(PASS_REFUSALS);

function nameOf(sale: string): string {
  return `sluice-pass-${sale}`;
}

export function passIn(headers: Headers, sale: string): CarriedPass {
  const value = cookieIn(headers, nameOf(sale)) ?? "";
  if (value === "") return { kind: "none" };
  const refused = refusalSchema.safeParse(value);
  if (refused.success) return { kind: "refused", reason: refused.data };
  return { kind: "pass", token: value };
}

/** @param kept a pass that is good, or why one was refused */
export function passCookie(
  sale: string,
  kept: Exclude<CarriedPass, { readonly kind: "none" }>,
): string {
  return kept.kind === "refused"
    ? cookie(nameOf(sale), kept.reason, { maxAge_s: PASS_REFUSAL_COOKIE_S })
    : cookie(nameOf(sale), kept.token, { maxAge_s: PASS_COOKIE_S });
}

export function expiredPassCookie(sale: string): string {
  return expiredCookie(nameOf(sale));
}

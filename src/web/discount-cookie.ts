/**
 * A discount code on its way from a merchant's link to the checkout: the browser keeps it while the
 * shopper waits, so that it stands in no address.
 *
 * Guarantee: one cookie a sale, with a code in its compared form. Not a permission: the checkout
 * fills its field with it, and the order looks it up like any other.
 */
import { normalizedCode } from "../domain/discounts/rule.ts";
import { DISCOUNT_COOKIE_S } from "../domain/limits.ts";
import { cookie, cookieIn } from "./cookies.ts";

function nameOf(sale: string): string {
  return `sluice-code-${sale}`;
}

/** The code of the link by which the shopper came; null without one. */
export function codeOfVisit(headers: Headers, sale: string): string | null {
  const value = cookieIn(headers, nameOf(sale));
  return value === null ? null : normalizedCode(value);
}

/** @param code normalized */
export function discountCookie(sale: string, code: string): string {
  return cookie(nameOf(sale), code, { maxAge_s: DISCOUNT_COOKIE_S });
}

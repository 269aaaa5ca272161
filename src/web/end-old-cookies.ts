/**
 * Ends cookies that a browser need not keep (`old-cookies.ts`), together with a cookie that it is
 * given.
 *
 * Guarantee: an answer that gives no cookie stays as it is, and looks nothing up.
 */
import { OLD_SALES_LOOKED_UP_MAX } from "../domain/limits.ts";
import { isOverForGood, type FinalEndContext } from "../shopper/final-end.ts";
import { expiredCookie } from "./cookies.ts";
import { OldCookies } from "./old-cookies.ts";

/** @returns further `Set-Cookie` values for an answer with those that are given */
export async function endOldCookies(
  { headers }: Request,
  given: readonly string[],
  context: FinalEndContext,
): Promise<readonly string[]> {
  if (given.length === 0) return [];
  const old = new OldCookies(headers.get("Cookie"), given);
  const asked = old.sales.slice(0, OLD_SALES_LOOKED_UP_MAX);
  const isOver = await Promise.all(asked.map((sale) => isOverForGood(context, sale)));
  const over = new Set(asked.filter((_, at) => isOver[at]));
  return old.ended((sale) => over.has(sale), context.now).map(expiredCookie);
}

/** The same for an answer whose headers can be changed. */
export async function endOldCookiesWith(
  request: Request,
  { headers }: Response,
  context: FinalEndContext,
): Promise<void> {
  const ended = await endOldCookies(request, headers.getSetCookie(), context);
  for (const line of ended) headers.append("Set-Cookie", line);
}

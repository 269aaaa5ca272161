/**
 * Lets a headless shop's page read what the gate answers at a guarded address: that its shopper has
 * to wait, and for how long. Without it `fetch` fails in the browser like a network that is down.
 *
 * Guarantee: only for the exact origins that the sale lists in `checkout.origins`, and only the
 * gate's own answers; the shop's answers and its preflights stay the shop's. Such a page acts with
 * the cookies of its shopper, as it does at the shop: so the answer, with the ticket in it, is for
 * origins that the merchant trusts.
 */
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import type { Sale } from "../domain/sale/sale.ts";

export function readableBy(request: Request, sale: Sale, answer: Response): Response {
  const { origins } = checkoutOf(sale);
  if (origins.length === 0) return answer;
  answer.headers.append("Vary", "Origin");
  const origin = request.headers.get("Origin");
  if (origin === null || !origins.includes(origin)) return answer;
  answer.headers.set("Access-Control-Allow-Origin", origin);
  answer.headers.set("Access-Control-Allow-Credentials", "true");
  answer.headers.set("Access-Control-Expose-Headers", "Retry-After");
  return answer;
}

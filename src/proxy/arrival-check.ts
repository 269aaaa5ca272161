/**
 * What a shopper whom another site led to a guarded address is answered while nobody waits: the way
 * to their seat, by way of a check that the browser keeps cookies.
 *
 * Guarantee: takes nothing. A browser that keeps the cookie is back at the address after two
 * redirects, and only then gets a seat; so a page that loads the address in the background, again
 * and again, or in a frame, takes none.
 */
import { returnAddress, targetOf } from "../domain/guards/url.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { NO_COPY, PAGE_HEADERS } from "../pages/answers.ts";
import { arrivalLink } from "../pages/parts/links.ts";
import { guardedPage } from "../pages/views/guarded.ts";
import { newJoinKeyCookie } from "../web/join-key-cookie.ts";

export async function arrivalCheck(request: Request, sale: Sale, now: number): Promise<Response> {
  const guarded = returnAddress(request.url);
  const cookie = { "Set-Cookie": newJoinKeyCookie(sale.id) };
  if (guarded === targetOf(request.url)) {
    // Without a `Referrer-Policy`, so that the shop is told which site its shopper came from.
    const Location = arrivalLink(sale.id, guarded);
    const headers = { Location, "Cache-Control": "no-store", Vary: "*", ...cookie };
    return new Response(null, { status: 303, headers });
  }
  const notice = { kind: "arrived" } as const;
  const page = await guardedPage({ notice, sale, guarded, retry_s: 0, now });
  const type = { "Content-Type": "text/html; charset=UTF-8", "X-Robots-Tag": NO_COPY };
  return new Response(String(page), { headers: { ...PAGE_HEADERS, ...type, ...cookie } });
}

/**
 * The link from Sluice's cart to a shop's own checkout page, which hands the shopper's admission to
 * the page.
 *
 * Guarantee: the admission is in the fragment of the link. Browsers send a fragment to no server
 * and put it into no `Referer`, so it is in no log; the page's script takes it and removes it from
 * the address. In a sale that tells devices apart the device goes with it, because the page has no
 * cookie of the gate and must send `Sluice-Device`. Weak: every script of that page can read it
 * too, and a redirect takes it along to another host (docs/checkout.md).
 */
import { checkoutOf } from "../sale/checkout-rules.ts";
import type { Sale } from "../sale/sale.ts";

/**
 * Null for a sale without a checkout page of its own.
 * @param admission the token
 * @param device the id that the browser keeps; null when it has none
 */
export function ownCheckoutLink(
  sale: Sale,
  admission: string,
  device: string | null,
): string | null {
  const { page } = checkoutOf(sale);
  if (page === undefined) return null;
  const url = new URL(page);
  const handed = new URLSearchParams({ sale: sale.id, admission });
  if (device !== null && sale.replay.handling !== "allow") handed.set("device", device);
  url.hash = handed.toString();
  return url.href;
}

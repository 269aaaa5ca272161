/**
 * Where a shopper's browser comes back to from their bank: the address that an order names, or
 * none.
 *
 * Guarantee: it leads to the gate's own host or to a host that the sale lists, as browsers read it,
 * and over TLS, so an order is no way to send shoppers or what Stripe adds to the address
 * elsewhere. What is stored is the address as it was read, not as it was written.
 */
import { RETURN_PATH_LENGTH_MAX } from "../limits.ts";
import { checkoutOf } from "../sale/checkout-rules.ts";
import { HTTPS_ONLY, isSecure } from "../sale/checkout-addresses.ts";
import type { Sale } from "../sale/sale.ts";

export type ReturnUrl =
  | { readonly kind: "allowed"; readonly url: string }
  /** `message`: a sentence part for the field `returnUrl`. */
  | { readonly kind: "refused"; readonly message: string };

/**
 * @param asked a valid URL
 * @param ownHost the gate's, without a port: the port of a local gate differs from run to run
 */
export function returnUrlOf(sale: Sale, asked: string, ownHost: string): ReturnUrl {
  const url = new URL(asked);
  if (url.username !== "" || url.password !== "") {
    return { kind: "refused", message: "must have no user name and no password" };
  }
  if (url.href.length > RETURN_PATH_LENGTH_MAX) {
    const message = `must have at most ${RETURN_PATH_LENGTH_MAX} characters once it is encoded`;
    return { kind: "refused", message };
  }
  if (!isSecure(url)) return { kind: "refused", message: HTTPS_ONLY };
  // A listed host without a port is the one at the usual port, as `URL.host` has it.
  const isListed = checkoutOf(sale).returnHosts.includes(url.host);
  if (url.hostname === ownHost || isListed) return { kind: "allowed", url: url.href };
  return { kind: "refused", message: `${url.host} is not among checkout.returnHosts of the sale` };
}

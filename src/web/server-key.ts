/**
 * A shop's own server that sends requests for its shoppers: it shows a key of SERVER_KEYS in
 * `Sluice-Server-Key`, and may say in `Sluice-Shopper-Address` for which address it acts.
 *
 * Guarantee: a key changes how much may be written and which address counts as the shopper's, and
 * nothing else: what a request may do follows from the ticket or the admission that it carries, as
 * ever. An address is believed with a key only. Keys are compared in constant time, each with each,
 * and a request that a browser marks as its own is refused, because a key in a page is everybody's.
 */
import { z } from "zod";
import { sameText } from "../platform/same-text.ts";
import type { ServerKey } from "../tokens/secrets.ts";

export const SERVER_KEY_HEADER = "Sluice-Server-Key";
export const SHOPPER_ADDRESS_HEADER = "Sluice-Shopper-Address";

export interface ShopServer {
  /** Public: the key's name in SERVER_KEYS. */
  readonly kid: string;
  /** The shopper's IP address; null where the server does not say. */
  readonly shopperAddress: string | null;
}

export type ServerOutcome =
  | { readonly kind: "none" }
  | { readonly kind: "server"; readonly server: ShopServer }
  /** `why`: a sentence for the shop's engineer, without the key. */
  | { readonly kind: "refused"; readonly why: string };

const addressSchema = z.union([z.ipv4(), z.ipv6()]);

export function serverOf(headers: Headers, keys: readonly ServerKey[]): ServerOutcome {
  const sent = headers.get(SERVER_KEY_HEADER);
  const address = headers.get(SHOPPER_ADDRESS_HEADER);
  if (sent === null) {
    if (address === null) return { kind: "none" };
    return refused(`${SHOPPER_ADDRESS_HEADER} goes with ${SERVER_KEY_HEADER}.`);
  }
  if (headers.has("Origin") || headers.has("Sec-Fetch-Site")) {
    return refused("It came from a browser: the key is a secret of a server. Rotate it.");
  }
  let known: ServerKey | null = null;
  // No early end: the time says nothing about which key is alike.
  for (const key of keys) if (sameText(sent, key.secret)) known = key;
  if (known === null) return refused(`${SERVER_KEY_HEADER} is no key of SERVER_KEYS.`);
  if (address !== null && !addressSchema.safeParse(address).success) {
    return refused(`${SHOPPER_ADDRESS_HEADER} is no IP address.`);
  }
  return { kind: "server", server: { kid: known.kid, shopperAddress: address } };
}

function refused(why: string): ServerOutcome {
  return { kind: "refused", why };
}

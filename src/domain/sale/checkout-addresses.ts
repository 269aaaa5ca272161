/**
 * The addresses in a sale's checkout that pages of the shop have, and which of them are safe.
 *
 * Guarantee: plain http is for this machine only, because somebody on the way could take an
 * admission from a page or an address that travels without TLS. Checked when a merchant's document
 * is accepted, and not by its schema, because rooms and KV keep documents of earlier releases.
 */
import { checkoutOf } from "./checkout-rules.ts";
import type { RevisionRefused, Sale } from "./sale.ts";

export const HTTPS_ONLY = "use https; http is for localhost only";

/** @param hostname as `URL` has it, without a port */
export function isThisMachine(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "127.0.0.1" ||
    hostname === "[::1]"
  );
}

/** Whether what is sent to this address stays secret on its way. */
export function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isThisMachine(hostname));
}

/** Paths are those of the document; empty when every address is safe. */
export function unsafeAddresses(sale: Sale): RevisionRefused[] {
  const { origins, page } = checkoutOf(sale);
  const refused = origins.flatMap((origin, index): RevisionRefused[] => {
    const path = ["checkout", "origins", index];
    const url = new URL(origin);
    if (url.host.includes("*")) return [{ path, message: "name each origin; none is a pattern" }];
    return isSecure(url) ? [] : [{ path, message: HTTPS_ONLY }];
  });
  const fault = page === undefined ? null : pageFault(new URL(page));
  return fault === null ? refused : [...refused, { path: ["checkout", "page"], message: fault }];
}

/** The link to it carries an admission, in the fragment. */
function pageFault(page: URL): string | null {
  if (!isSecure(page)) return HTTPS_ONLY;
  if (page.username !== "" || page.password !== "") return "must have no user name or password";
  return page.hash === "" ? null : "must have no '#', because the admission is handed over there";
}

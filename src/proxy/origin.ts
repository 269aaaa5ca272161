/**
 * Where the gate sends what it lets pass: the Worker variable ORIGIN.
 *
 *   ""                       nowhere: Sluice serves its own pages only
 *   "zone"                   the zone's own origin, for a Worker on a route
 *   "https://shop.internal"  that server; scheme, host and port, no path
 *
 * Guarantee: anything else is refused by name, before a request is passed.
 */

export type Origin =
  | { readonly kind: "none" }
  | { readonly kind: "zone" }
  /** @param base scheme, host and port, without a slash at the end */
  | { readonly kind: "server"; readonly base: string }
  | { readonly kind: "malformed"; readonly why: string };

const WORDS = `ORIGIN must be empty, "zone", or an address such as https://shop.internal`;

let remembered: { readonly text: string; readonly origin: Origin } = {
  text: "",
  origin: { kind: "none" },
};

/** Parsed once per isolate and value. */
export function originOf(text: string | undefined): Origin {
  const given = text ?? "";
  if (remembered.text !== given) remembered = { text: given, origin: parsed(given) };
  return remembered.origin;
}

function parsed(text: string): Origin {
  if (text === "") return { kind: "none" };
  if (text === "zone") return { kind: "zone" };
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return { kind: "malformed", why: WORDS };
  const rest = url.pathname === "/" && url.search === "" && url.hash === "";
  if (!rest || url.username !== "" || url.password !== "") {
    return { kind: "malformed", why: `${WORDS}, without path, query, user or password` };
  }
  return { kind: "server", base: url.origin };
}

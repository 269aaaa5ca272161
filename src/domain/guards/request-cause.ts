/**
 * What caused a request, and what it may therefore take for its shopper.
 *
 * A browser sends requests that its user did not ask for: another site's page makes it fetch,
 * embed, submit and navigate, and the browser itself loads pages in advance. None of these may take
 * a place, a turn, a seat or a cookie, except a page that another site leads to: that page is shown
 * to somebody.
 *
 * Guarantee: pure, one function for the guard, the pages and the API; the table of
 * `test/node/guards/request-cause.test.ts` has the headers of browsers and clients. Read from Fetch
 * Metadata (https://www.w3.org/TR/fetch-metadata/), and where a browser sends none, from `Origin`
 * and `Referer`. Weak: a request with none of these headers counts as one of a client that is no
 * browser; a service worker that fetches pages by their address alone looks like a script.
 */

export type RequestCause =
  /** A page that was typed, chosen on this host, or requested by a client. */
  | "navigation"
  /** A page in a window of its own that another site led to, for example by a link. */
  | "arrival"
  /** A form of this host, shown in a window of its own. */
  | "form"
  /** A form that another site sent: browsers leave `SameSite=Lax` cookies out. */
  | "foreign_form"
  /** A script of this host, or a client that is no browser. */
  | "script"
  /** The same, with exactly `Accept: application/json`: an app that shows the line itself. */
  | "app"
  /** An image, a frame, a style, a ping: no answer to it can show the line. */
  | "subresource"
  /** Any other request of another site. */
  | "other_site"
  /** Loaded in advance, or asked for its headers alone: nobody sees the answer. */
  | "unseen";

export interface CauseFacts {
  readonly method: string;
  /** The request's own address. */
  readonly url: string;
  readonly accept: string | null;
  readonly upgrade: boolean;
  readonly origin: string | null;
  readonly referer: string | null;
  /** `Sec-Fetch-Site`, `-Mode` and `-Dest`; null where the client sends none. */
  readonly site: string | null;
  readonly mode: string | null;
  readonly dest: string | null;
  /** `Sec-Purpose`, and what older browsers send: `Purpose`, `X-Purpose` and `X-Moz`. */
  readonly purposes: readonly (string | null)[];
}

/** Who made the client send a request. `unknown`: no header says so. */
export type Initiator = "own" | "user" | "other" | "unknown";

export type InitiatorFacts = Pick<
  CauseFacts,
  "url" | "origin" | "referer" | "site" | "mode" | "dest"
>;

/**
 * By `Sec-Fetch-Site` and `Origin`, and another site if either says so; by the `Referer` where
 * neither does. `same-site` is another site: a subdomain may be somebody else's.
 */
export function initiatorOf(facts: InitiatorFacts): Initiator {
  const { url, origin, site } = facts;
  if (origin !== null && origin !== originOf(url)) return "other";
  if (site === "same-origin") return isOfWorker(facts) ? byReferer(facts, "own") : "own";
  if (site === "none") return "user";
  if (site !== null) return "other";
  return origin === null ? byReferer(facts, "unknown") : "own";
}

/**
 * A navigation that the host's service worker passes on. Chromium keeps the `Sec-Fetch-Site` of
 * what led to the page; where a browser sends the worker's, the `Referer` is still the page's.
 */
function isOfWorker({ mode, dest }: InitiatorFacts): boolean {
  return mode === "navigate" && dest === "empty";
}

function byReferer({ url, referer }: InitiatorFacts, otherwise: Initiator): Initiator {
  const from = referer === null ? null : originOf(referer);
  if (from === null) return otherwise;
  return from === originOf(url) ? "own" : "other";
}

function originOf(url: string): string | null {
  return URL.parse(url)?.origin ?? null;
}

type Shape = "page" | "script" | "subresource";

export function requestCause(facts: CauseFacts): RequestCause {
  const { method, accept } = facts;
  if (method === "HEAD" || facts.purposes.some(isInAdvance)) return "unseen";
  const isForeign = initiatorOf(facts) === "other";
  switch (shapeOf(facts)) {
    case "page":
      if (method === "GET") return isForeign ? "arrival" : "navigation";
      return isForeign ? "foreign_form" : "form";
    case "script":
      if (isForeign) return "other_site";
      return isExactlyJson(accept) ? "app" : "script";
    case "subresource":
      return "subresource";
  }
}

/** Prefetched, prerendered, or for a browser's page of previews. */
function isInAdvance(purpose: string | null): boolean {
  return purpose !== null && /prefetch|prerender|preview|instant/i.test(purpose);
}

function isExactlyJson(accept: string | null): boolean {
  return accept?.trim().toLowerCase() === "application/json";
}

const SCRIPT_MODES: ReadonlySet<string> = new Set(["cors", "same-origin", "websocket"]);
const SCRIPT_DESTS: ReadonlySet<string> = new Set(["empty", "websocket"]);
/** `empty`: by way of a service worker, which passes a navigation on with `fetch`. */
const PAGE_DESTS: ReadonlySet<string> = new Set(["document", "empty"]);

function shapeOf({ accept, upgrade, mode, dest }: CauseFacts): Shape {
  if (upgrade) return "script";
  if (mode === null && dest === null) return shapeByAccept(accept);
  if (mode === "navigate" || (mode === null && dest === "document")) {
    return dest === null || PAGE_DESTS.has(dest) ? "page" : "subresource";
  }
  const isScript = mode === null || SCRIPT_MODES.has(mode);
  return isScript && (dest === null || SCRIPT_DESTS.has(dest)) ? "script" : "subresource";
}

/** What browsers without Fetch Metadata accept first for an image, a style, a sound or a film. */
const EMBEDDED = /^\s*(image|video|audio|font|text\/css)\b/i;

function shapeByAccept(accept: string | null): Shape {
  if (accept === null) return "script";
  if (/text\/html/i.test(accept)) return "page";
  return EMBEDDED.test(accept) ? "subresource" : "script";
}

/** What a request may take for a shopper who has no admission. */
export interface Rights {
  /** A place in line, for a shopper without one. */
  readonly joins: boolean;
  /** The turn of the ticket that it carries. */
  readonly claims: boolean;
  /** A seat while nobody waits is given only when a cookie of the sale has come back. */
  readonly seatNeedsCookie: boolean;
}

const ALL: Rights = { joins: true, claims: true, seatNeedsCookie: false };
const NONE: Rights = { joins: false, claims: false, seatNeedsCookie: true };

const RIGHTS: Readonly<Record<RequestCause, Rights>> = {
  navigation: ALL,
  arrival: { ...ALL, seatNeedsCookie: true },
  form: ALL,
  foreign_form: NONE,
  script: { ...NONE, claims: true },
  app: ALL,
  subresource: NONE,
  other_site: NONE,
  unseen: NONE,
};

export function rightsOf(cause: RequestCause): Rights {
  return RIGHTS[cause];
}

/** The kind of answer that a request can use while its shopper has to wait. */
export type AskedAs =
  /** It can show the waiting page. */
  | "document"
  /** A form: it must not be sent again automatically. */
  | "form"
  /** It cannot show a page. */
  | "data"
  /** An app that shows the line itself. */
  | "json";

const ASKED: Readonly<Record<RequestCause, AskedAs>> = {
  navigation: "document",
  arrival: "document",
  form: "form",
  foreign_form: "form",
  script: "data",
  app: "json",
  subresource: "data",
  other_site: "data",
  unseen: "data",
};

export function askedAs(cause: RequestCause): AskedAs {
  return ASKED[cause];
}

/**
 * What caused a request, by the headers that browsers and clients send: Chromium and Firefox as
 * they are, Safari with and without Fetch Metadata, service workers, apps and curl.
 */
import { describe, expect, test } from "vitest";
import {
  askedAs,
  initiatorOf,
  requestCause,
  rightsOf,
  type CauseFacts,
  type RequestCause,
} from "../../../src/domain/guards/request-cause.ts";

const OWN = "https://shop.example";
const EVIL = "https://evil.example";
const HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const JSON_ONLY = "application/json";
const IMAGE = "image/avif,image/webp,image/apng,image/*,*/*;q=0.8";

interface Sent extends Partial<Omit<CauseFacts, "purposes">> {
  readonly purpose?: string;
}

function facts({ purpose, ...sent }: Sent): CauseFacts {
  return {
    method: "GET",
    url: `${OWN}/drops/air?size=42`,
    accept: "*/*",
    upgrade: false,
    origin: null,
    referer: null,
    site: null,
    mode: null,
    dest: null,
    purposes: [null, null, purpose ?? null],
    ...sent,
  };
}

/** A page in a window of its own, in a browser with Fetch Metadata. */
const page = (site: string, more: Sent = {}): Sent => {
  return { accept: HTML, site, mode: "navigate", dest: "document", ...more };
};
const POST = { method: "POST" };

const ROWS: readonly (readonly [what: string, sent: Sent, cause: RequestCause])[] = [
  // Pages.
  ["typed, or a bookmark", page("none"), "navigation"],
  ["a link of this host", page("same-origin", { referer: `${OWN}/` }), "navigation"],
  ["a link of another site", page("cross-site", { referer: `${EVIL}/` }), "arrival"],
  ["a link in a webmail, without Referer", page("cross-site"), "arrival"],
  ["window.open by another site", page("cross-site"), "arrival"],
  ["a redirect by way of another site", page("cross-site", { referer: `${OWN}/` }), "arrival"],
  ["a link of a subdomain", page("same-site", { referer: "https://www.shop.example/" }), "arrival"],
  ["Sec-Fetch-Site that nobody knows", page("near"), "arrival"],
  ["an empty Sec-Fetch-Site", page(""), "arrival"],
  ["without Sec-Fetch-Site", { accept: HTML, mode: "navigate", dest: "document" }, "navigation"],
  ["without Sec-Fetch-Dest", { accept: HTML, site: "none", mode: "navigate" }, "navigation"],
  ["its headers alone", page("none", { method: "HEAD" }), "unseen"],
  // A page by way of a service worker of this host: `fetch(event.request)`.
  ["a worker's", page("same-origin", { dest: "empty" }), "navigation"],
  [
    "a worker's, from this host",
    page("same-origin", { dest: "empty", referer: `${OWN}/` }),
    "navigation",
  ],
  [
    "a worker's, from another site",
    page("same-origin", { dest: "empty", referer: `${EVIL}/` }),
    "arrival",
  ],
  ["a worker's form", page("same-origin", { ...POST, dest: "empty", origin: OWN }), "form"],
  [
    "a worker's form of another site",
    page("same-origin", { ...POST, dest: "empty", origin: OWN, referer: `${EVIL}/` }),
    "foreign_form",
  ],
  // Safari before 16.4.
  ["old Safari, typed", { accept: HTML }, "navigation"],
  ["old Safari, a link of this host", { accept: HTML, referer: `${OWN}/a` }, "navigation"],
  ["old Safari, a link of another site", { accept: HTML, referer: `${EVIL}/` }, "arrival"],
  ["old Safari, another port", { accept: HTML, referer: "https://shop.example:8443/" }, "arrival"],
  ["old Safari, http", { accept: HTML, referer: "http://shop.example/" }, "arrival"],
  ["from an app", { accept: HTML, referer: "android-app://com.example.mail/" }, "arrival"],
  ["a Referer that is no address", { accept: HTML, referer: "about" }, "navigation"],
  ["old Safari's form", { accept: HTML, ...POST, origin: OWN }, "form"],
  ["old Safari's form, another site's", { accept: HTML, ...POST, origin: EVIL }, "foreign_form"],
  ["old Safari's image", { accept: "image/webp,image/png,*/*;q=0.5" }, "subresource"],
  ["old Safari's style", { accept: "text/css,*/*;q=0.1" }, "subresource"],
  ["old Safari's fetch", { referer: `${OWN}/` }, "script"],
  ["old Safari's fetch, another site's", { origin: EVIL }, "other_site"],
  ["old Safari's no-cors fetch, another site's", { referer: `${EVIL}/` }, "other_site"],
  // Forms.
  ["a form", page("same-origin", { ...POST, origin: OWN }), "form"],
  ["a form without Origin", page("same-origin", POST), "form"],
  [
    "a bank's return",
    page("cross-site", { ...POST, origin: "https://bank.example" }),
    "foreign_form",
  ],
  ["a form without a referrer", page("cross-site", { ...POST, origin: "null" }), "foreign_form"],
  [
    "a form of a subdomain",
    page("same-site", { ...POST, origin: "https://www.shop.example" }),
    "foreign_form",
  ],
  [
    "a form of a sandboxed frame",
    page("cross-site", { ...POST, dest: "iframe", origin: "null" }),
    "subresource",
  ],
  // What is embedded.
  [
    "an image",
    { site: "same-origin", mode: "no-cors", dest: "image", accept: IMAGE },
    "subresource",
  ],
  [
    "an image on another site",
    { site: "cross-site", mode: "no-cors", dest: "image" },
    "subresource",
  ],
  ["a frame", page("same-origin", { dest: "iframe" }), "subresource"],
  ["a frame on another site", page("cross-site", { dest: "iframe" }), "subresource"],
  ["a fenced frame", page("cross-site", { dest: "fencedframe" }), "subresource"],
  ["an object", page("cross-site", { dest: "object" }), "subresource"],
  ["an embed", page("cross-site", { dest: "embed" }), "subresource"],
  ["an old Chromium's frame", page("cross-site", { mode: "nested-navigate" }), "subresource"],
  ["a script element", { site: "cross-site", mode: "no-cors", dest: "script" }, "subresource"],
  ["a manifest", { site: "same-origin", mode: "cors", dest: "manifest" }, "subresource"],
  ["a ping", { ...POST, site: "same-origin", mode: "no-cors", dest: "empty" }, "subresource"],
  [
    "a beacon of another site",
    { ...POST, site: "cross-site", mode: "no-cors", dest: "empty" },
    "subresource",
  ],
  // Scripts.
  ["a fetch", { site: "same-origin", mode: "cors", dest: "empty" }, "script"],
  ["a fetch of HTML", { site: "same-origin", mode: "cors", dest: "empty", accept: HTML }, "script"],
  ["a fetch, same-origin", { site: "same-origin", mode: "same-origin", dest: "empty" }, "script"],
  [
    "a fetch of JSON",
    { site: "same-origin", mode: "cors", dest: "empty", accept: JSON_ONLY },
    "app",
  ],
  [
    "a fetch of JSON by another site",
    { site: "cross-site", mode: "cors", dest: "empty", origin: EVIL, accept: JSON_ONLY },
    "other_site",
  ],
  [
    "the same, no-cors",
    { site: "cross-site", mode: "no-cors", dest: "empty", accept: JSON_ONLY },
    "subresource",
  ],
  [
    "a fetch of JSON by a subdomain",
    {
      site: "same-site",
      mode: "cors",
      dest: "empty",
      origin: "https://www.shop.example",
      accept: JSON_ONLY,
    },
    "other_site",
  ],
  [
    "a web view's fetch",
    {
      site: "cross-site",
      mode: "cors",
      dest: "empty",
      origin: "capacitor://localhost",
      accept: JSON_ONLY,
    },
    "other_site",
  ],
  [
    "a WebSocket",
    { upgrade: true, site: "same-origin", mode: "websocket", dest: "empty", origin: OWN },
    "script",
  ],
  [
    "a WebSocket of another site",
    { upgrade: true, site: "cross-site", mode: "websocket", origin: EVIL },
    "other_site",
  ],
  // Clients that are no browsers.
  ["curl", {}, "script"],
  ["curl that wants HTML", { accept: HTML }, "navigation"],
  ["no Accept at all", { accept: null }, "script"],
  ["an app", { accept: JSON_ONLY }, "app"],
  ["an app that orders", { ...POST, accept: ` ${JSON_ONLY} ` }, "app"],
  ["React Native with axios", { accept: "application/json, text/plain, */*" }, "script"],
  ["fetch of Node", { mode: "cors", accept: JSON_ONLY }, "app"],
  // In advance.
  ["a prefetch", page("same-origin", { purpose: "prefetch" }), "unseen"],
  ["a prerender", page("same-origin", { purpose: "prefetch;prerender" }), "unseen"],
  ["a prefetch by proxy", page("none", { purpose: "prefetch;anonymous-client-ip" }), "unseen"],
  [
    "a link to prefetch",
    { site: "same-origin", mode: "no-cors", dest: "empty", purpose: "prefetch" },
    "unseen",
  ],
  [
    "JSON of a prerendered page",
    {
      site: "same-origin",
      mode: "cors",
      dest: "empty",
      accept: JSON_ONLY,
      purpose: "prefetch;prerender",
    },
    "unseen",
  ],
  ["Safari's page of previews", { accept: HTML, purpose: "preview" }, "unseen"],
  ["an unknown purpose", page("none", { purpose: "shopping" }), "navigation"],
];

test.each(ROWS)("%s", (_, sent, cause) => {
  expect(requestCause(facts(sent))).toBe(cause);
});

describe("what a cause may take:", () => {
  test("only somebody's own request and a page shown to them join", () => {
    const causes = [...new Set(ROWS.map(([, , cause]) => cause))];
    const may = (right: "joins" | "claims") => causes.filter((cause) => rightsOf(cause)[right]);
    expect(new Set(may("joins"))).toEqual(new Set(["navigation", "arrival", "form", "app"]));
    expect(new Set(may("claims"))).toEqual(
      new Set(["navigation", "arrival", "form", "app", "script"]),
    );
    expect(causes.filter((cause) => !rightsOf(cause).seatNeedsCookie)).not.toContain("arrival");
    expect(new Set(causes.map(askedAs))).toEqual(new Set(["document", "form", "data", "json"]));
  });

  test("a request of another site never counts as this host's, however its headers are combined", () => {
    const sites = [null, "same-origin", "none", "same-site", "cross-site", ""];
    const modes = [null, "navigate", "cors", "no-cors", "same-origin", "websocket", "x"];
    const dests = [null, "document", "empty", "image", "iframe", "object", "x"];
    const accepts = [null, HTML, JSON_ONLY, IMAGE, "*/*"];
    for (const site of sites) {
      for (const mode of modes) {
        for (const dest of dests) {
          for (const accept of accepts) {
            for (const method of ["GET", "POST"]) {
              const sent = facts({ site, mode, dest, accept, method, origin: EVIL });
              expect(initiatorOf(sent)).toBe("other");
              const cause = requestCause(sent);
              const { joins, seatNeedsCookie } = rightsOf(cause);
              expect([cause, joins]).toEqual([cause, cause === "arrival"]);
              expect(seatNeedsCookie).toBe(true);
            }
          }
        }
      }
    }
  });
});

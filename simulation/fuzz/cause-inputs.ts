/**
 * Inputs about the causes of requests: what browsers send for other sites, for what a page embeds
 * and in advance, at guarded addresses, at the pages and at the API, with the tickets and cookies
 * of shoppers or without.
 *
 * Guarantee: whatever else its headers say, each has one that shows that nobody asked for it, so it
 * takes no place, no turn and no seat, and its answer sets no cookie. Forms of other sites are sent
 * once more as the gate's page would, and change as little.
 */
import type { Random } from "../seeded-random.ts";
import type { Forger } from "./forgeries.ts";
import type { Ground } from "./ground.ts";
import { chance, type Header, type Made, pick, visibleText, wholeIn } from "./input.ts";
import { FUZZ_SALES, GUARDED_FOLDERS } from "./names.ts";

const HTML = "text/html,application/xhtml+xml,*/*;q=0.8";
const ACCEPTS = [HTML, "application/json", "*/*", "image/avif,image/*", "text/css,*/*;q=0.1", ""];
const MODES = ["navigate", "cors", "no-cors", "same-origin", "websocket", "nested-navigate", "x"];
const DESTS = ["document", "empty", "iframe", "frame", "object", "embed", "image", "script", "x"];
const ELSEWHERE = ["https://evil.example", "null", "http://127.0.0.1", "https://a.127.0.0.1:1"];

/** Sales whose line a request could join: before the start, and while the sale is on. */
const GUARDING = ["prequeue", "live", "checked"] as const;
type Guarding = (typeof GUARDING)[number];

const EARLY: readonly Header[] = [
  ["sec-purpose", "prefetch"],
  ["sec-purpose", "prefetch;prerender"],
  ["sec-purpose", "prefetch;anonymous-client-ip"],
  ["purpose", "prefetch"],
  ["x-purpose", "preview"],
  ["x-moz", "prefetch"],
];

/** Any headers a browser adds, which say nothing about who asked. */
function around(random: Random): Header[] {
  const mode: Header[] = chance(random, 0.7) ? [["sec-fetch-mode", pick(random, MODES)]] : [];
  const dest: Header[] = chance(random, 0.7) ? [["sec-fetch-dest", pick(random, DESTS)]] : [];
  const user: Header[] = chance(random, 0.2) ? [["sec-fetch-user", "?1"]] : [];
  return [["accept", pick(random, ACCEPTS)], ...mode, ...dest, ...user];
}

type Unasked = (random: Random) => { readonly what: string; readonly headers: readonly Header[] };

const UNASKED: readonly Unasked[] = [
  (random) => {
    const site: Header[] = chance(random, 0.5)
      ? [["sec-fetch-site", pick(random, ["same-origin", "none"])]]
      : [];
    return {
      what: "loaded in advance",
      headers: [...around(random), ...site, pick(random, EARLY)],
    };
  },
  // A page to which another site leads may take a place, so these are none.
  (random) => {
    const dest = pick(random, ["iframe", "object", "embed", "image", "script", "frame"]);
    const site = pick(random, ["cross-site", "same-site", "same-origin", ""]);
    const headers: Header[] = [
      ["accept", pick(random, ACCEPTS)],
      ["sec-fetch-mode", pick(random, ["navigate", "no-cors"])],
      ["sec-fetch-dest", dest],
      ["sec-fetch-site", site],
    ];
    return { what: `embedded as ${dest}`, headers };
  },
  (random) => {
    const headers: Header[] = [
      ["accept", pick(random, ACCEPTS)],
      ["sec-fetch-mode", pick(random, ["cors", "no-cors", "same-origin"])],
      ["sec-fetch-dest", "empty"],
      ["sec-fetch-site", pick(random, ["cross-site", "same-site", "near", ""])],
    ];
    const origin: Header[] = chance(random, 0.5) ? [["origin", pick(random, ELSEWHERE)]] : [];
    return { what: "a script of another site", headers: [...headers, ...origin] };
  },
  (random) => {
    const by: Header = chance(random, 0.5)
      ? ["origin", pick(random, ELSEWHERE)]
      : ["referer", `https://evil.example/${visibleText(random, 20)}`];
    const accept = pick(random, ["application/json", "*/*", "image/*"]);
    return { what: "an old browser, for another site", headers: [["accept", accept], by] };
  },
];

/** Without an admission: one is let through whatever caused its request. */
function cookieOf(random: Random, sale: Guarding, { tokens }: Ground): Header[] {
  const ticket = { prequeue: tokens.prequeued, live: tokens.queued, checked: tokens.queued }[sale];
  const pairs = [
    `__Host-sluice-ticket-${FUZZ_SALES[sale]}=${ticket}`,
    `__Host-sluice-join-${FUZZ_SALES[sale]}=direct-6b0c6e6e-9f0c-4b5e-8f57-1f5b8a1b2c3d`,
    `theme=${visibleText(random, 8).replaceAll(";", "")}`,
  ].filter(() => chance(random, 0.5));
  return pairs.length === 0 ? [] : [["cookie", pairs.join("; ")]];
}

function atGuarded(random: Random, ground: Ground): Made {
  const sale = pick(random, GUARDING);
  const { what, headers } = pick(random, UNASKED)(random);
  const isPost = chance(random, 0.2);
  return {
    what: `${what}, at a guarded address`,
    expect: "harmless",
    noCookie: true,
    request: {
      kind: "http",
      method: isPost ? "POST" : "GET",
      target: `${GUARDED_FOLDERS[sale]}/shoe`,
      headers: [...headers, ...cookieOf(random, sale, ground)],
      body: isPost ? "a=1" : null,
    },
  };
}

const PAGES = ["", "/wait", "/cart", "/fairness", "/kept?to=/", "/proof", "/join", "/enter"];

function atPages(random: Random, ground: Ground): Made {
  const sale = pick(random, GUARDING);
  const { what, headers } = pick(random, UNASKED)(random);
  const target = `/_sluice/shop/${FUZZ_SALES[sale]}${pick(random, PAGES)}`;
  return {
    what: `${what}, at ${target}`,
    expect: "harmless",
    noCookie: true,
    request: {
      kind: "http",
      method: "GET",
      target,
      headers: [...headers, ...cookieOf(random, sale, ground)],
      body: null,
    },
  };
}

/** A write that would join or claim, by a page that nobody sees yet or by another site. */
function atApi(random: Random, ground: Ground): Made {
  const sale = pick(random, GUARDING);
  const isEarly = chance(random, 0.5);
  const who: Header = isEarly ? pick(random, EARLY) : ["origin", pick(random, ELSEWHERE)];
  const target = `/_sluice/v1/sales/${FUZZ_SALES[sale]}/${pick(random, ["tickets", "admissions"])}`;
  return {
    what: `${isEarly ? "a page loaded in advance" : "another site"}, at POST ${target}`,
    expect: "refused",
    noCookie: true,
    request: {
      kind: "http",
      method: "POST",
      target,
      headers: [["content-type", "application/json"], who, ...cookieOf(random, sale, ground)],
      body: "{}",
    },
  };
}

const TYPES = [
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "text/plain",
];

/** A form of another site, the first time or once more with the cookies of somebody who waits. */
function foreignForm(random: Random, ground: Ground): Made {
  const sale = pick(random, GUARDING);
  const page: Header[] = [
    ["accept", HTML],
    ["sec-fetch-mode", "navigate"],
    ["sec-fetch-dest", "document"],
  ];
  const isAgain = chance(random, 0.5);
  const bytes = visibleText(random, wholeIn(random, 1, 300));
  const sent = { type: pick(random, TYPES), origin: pick(random, ELSEWHERE), referer: null };
  const form = Buffer.from(JSON.stringify({ ...sent, cookies: ["theme"] })).toString("base64");
  const again = `sluice-form=${form}\r\nbody=${Buffer.from(bytes).toString("base64")}\r\n`;
  const headers: Header[] = isAgain
    ? [...page, ["sec-fetch-site", "same-origin"], ["content-type", "text/plain"]]
    : [
        ...page,
        ["sec-fetch-site", "cross-site"],
        ["origin", sent.origin],
        ["content-type", sent.type],
      ];
  return {
    what: `a form of another site${isAgain ? ", once more" : ""}`,
    expect: "harmless",
    noCookie: true,
    request: {
      kind: "http",
      method: "POST",
      target: `${GUARDED_FOLDERS[sale]}/shoe`,
      headers: [...headers, ...cookieOf(random, sale, ground)],
      body: isAgain ? again : bytes,
    },
  };
}

export function causeInput(random: Random, ground: Ground, _: Forger): Made {
  return pick(random, [atGuarded, atGuarded, atPages, atApi, foreignForm])(random, ground);
}

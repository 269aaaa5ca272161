/**
 * Inputs about paths: every route with invalid parameters, paths in unusual spellings, and methods
 * that a route does not have.
 *
 * Guarantee: a write among them is cross-site and not authorized as the merchant's, so it is
 * refused even if its path is valid.
 */
import type { Random } from "../seeded-random.ts";
import { EXAMPLE_BODIES } from "./example-bodies.ts";
import type { Ground } from "./ground.ts";
import { chance, type Header, type Made, oddText, pick, wholeIn } from "./input.ts";
import { FUZZ_SALES, IDEMPOTENCY_KEY, skuOf } from "./names.ts";
import type { Route } from "./routes.ts";

const GOOD: Readonly<Record<string, string>> = {
  sale: FUZZ_SALES.live,
  sku: skuOf(FUZZ_SALES.live),
  lane: "general",
  k: "0",
  backend: "payment",
};

/** A route's path, with the given parameters and valid values for the others. */
export function placeIn(path: string, parameters: Readonly<Record<string, string>>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    return parameters[name] ?? GOOD[name] ?? "";
  });
  return `/_sluice${filled}`;
}

const NO_ORDER = `ord_${"0".repeat(40)}`;

/** Invalid parameters, or ids that do not exist. */
const BAD: Readonly<Record<string, readonly string[]>> = {
  sale: [
    "UPPER",
    "-fuzz",
    "a".repeat(65),
    "fuzz%20live",
    "fuzz-live%00",
    "%F0%9F%9B%92",
    "fuzz_live",
  ],
  sku: ["-shoe", "a".repeat(65), "a%20b", "%C3%BC", "a%2Fb", "%00", "opening:fuzz-live"],
  lane: ["UPPER", "a".repeat(65), "%2e", "gen_eral"],
  k: ["-1", "x", "1.5", "4294967296", "NaN", "0x", "%20x", "1e99"],
  backend: ["fuse", "PAYMENT", "payment%00", "__proto__", "constructor"],
  id: [
    "99",
    NO_ORDER,
    `${NO_ORDER}0`,
    `whe_${"0".repeat(32)}`,
    `whd_${"0".repeat(32)}`,
    "a".repeat(120),
    "%2e%2e%2f",
    "%00",
    "constructor",
  ],
};

const json: Header = ["content-type", "application/json"];
const bearer = (ground: Ground): Header => ["authorization", `Bearer ${ground.adminToken}`];

/** A valid request except for one parameter of the path. */
function badParameter(random: Random, ground: Ground): Made {
  const route = pick(
    random,
    ground.routes.filter(({ path }) => path.includes("{")),
  );
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const name = pick(random, names);
  const parameters = Object.fromEntries(
    names.map((one) => [one, badOf(random, one, one === name)]),
  );
  const body = route.isWrite ? (EXAMPLE_BODIES[route.name] ?? null) : null;
  const auth: Header[] = route.isMerchants ? [bearer(ground)] : shoppersOwn(ground);
  return {
    what: `${route.name} with a bad ${name}`,
    expect: "refused",
    request: {
      kind: "http",
      method: route.method,
      target: placeIn(route.path, parameters),
      headers: body === null ? auth : [json, ...auth],
      body: body === null ? null : JSON.stringify(body),
    },
  };
}

function badOf(random: Random, name: string, isBad: boolean): string {
  // An id is always invalid, so that the object of a valid one is not changed.
  return isBad || name === "id" ? pick(random, BAD[name] ?? ["x"]) : (GOOD[name] ?? "x");
}

function shoppersOwn({ tokens }: Ground): Header[] {
  return [
    ["sluice-admission", tokens.admission],
    ["sluice-ticket", tokens.queued],
    ["idempotency-key", IDEMPOTENCY_KEY],
  ];
}

const BAD_QUERIES: readonly string[] = [
  "after=-1",
  "after=x",
  "after=1e99",
  "limit=0",
  "limit=-5",
  "limit=100000",
  "limit=NaN",
  "state=lost",
  "sale=A%20B",
  "sale=__proto__",
  "compare=everything",
  "type=..",
  "key=%00",
  `key=${"k".repeat(101)}`,
  "pass=%FF%FE",
  "after=%F0%28%8C%28",
  "a=1&a=2&a[]=3&a[b]=4",
  "&&&===&",
  "%",
];

/** A read with an unusual query; the answer may be a page of a list. */
function badQuery(random: Random, ground: Ground): Made {
  const route = pick(
    random,
    ground.routes.filter(({ isWrite }) => !isWrite),
  );
  const query = Array.from({ length: wholeIn(random, 1, 3) }, () => pick(random, BAD_QUERIES));
  return {
    what: `${route.name} with a bad query`,
    expect: "harmless",
    request: {
      kind: "http",
      method: "GET",
      target: `${placeIn(route.path, { id: ground.order.id })}?${query.join("&")}`,
      headers: [bearer(ground), ["sluice-ticket", ground.tokens.queued]],
      body: null,
    },
  };
}

const PAGES: readonly string[] = [
  "",
  "/wait",
  "/cart",
  "/fairness",
  "/receipt",
  "/reminder",
  "/join",
  "/orders/x",
];

/** Addresses beside the routes of the API and the pages of a sale. */
const OTHERS: readonly string[] = [
  "/_sluice/assets/style.css",
  "/_sluice/docs",
  "/_sluice/health",
  "/_sluice/openapi.json",
  "/",
];

const SPELLINGS: readonly ((random: Random, path: string) => string)[] = [
  (_, path) => path.replaceAll("/", "//"),
  (_, path) => `${path}/`,
  (_, path) => `/.${path}`,
  (_, path) => `/x/..${path}`,
  (_, path) => path.replace("/_sluice", "/_sluice/%2e%2e/_sluice"),
  (_, path) => path.replace("/_sluice", "/_SLUICE"),
  (_, path) => path.replaceAll("/", "%2f").replace("%2f", "/"),
  (_, path) => path.replaceAll("s", "%73"),
  (_, path) => path.replaceAll("a", "%2561"),
  (_, path) => `${path}%00`,
  (_, path) => `${path}%00.css`,
  (_, path) => `${path};jsessionid=1`,
  (_, path) => `${path}%0d%0aX-Injected:%201`,
  (_, path) => `${path}%ff`,
  (_, path) => `${path}%c0%ae%c0%ae`,
  (_, path) => `${path}\\..\\..`,
  (_, path) => `${path}?${"a=b&".repeat(800)}`,
  (random, path) => `${path}/${"a".repeat(wholeIn(random, 200, 6000))}`,
  (random, path) => path + "/x".repeat(wholeIn(random, 50, 900)),
  (random, path) => `${path}/${encodeURIComponent(oddText(random).replaceAll("\ud800", ""))}`,
  (random, path) => path.slice(0, wholeIn(random, 1, path.length - 1)),
];

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND"] as const;

const CROSS_SITE: Header = ["origin", "https://evil.example"];

/** An unusual spelling of one of the gate's paths, with any method. */
function respelled(random: Random, ground: Ground): Made {
  const route: Route = pick(random, ground.routes);
  const paths = [
    placeIn(route.path, { id: ground.order.id }),
    `/_sluice/shop/${FUZZ_SALES.live}${pick(random, PAGES)}`,
    pick(random, OTHERS),
  ];
  const target = pick(random, SPELLINGS)(random, pick(random, paths));
  const method = chance(random, 0.6) ? "GET" : pick(random, METHODS);
  const isRead = method === "GET" || method === "HEAD";
  return {
    what: `${method} on a path in an unusual spelling`,
    expect: "harmless",
    request: {
      kind: "http",
      method,
      target,
      headers: isRead && chance(random, 0.3) ? [bearer(ground)] : [CROSS_SITE],
      body: null,
    },
  };
}

/** A path of the API, with a method that it does not have. */
function wrongMethod(random: Random, ground: Ground): Made {
  const { path } = pick(random, ground.routes);
  const known = new Set(ground.routes.filter((one) => one.path === path).map((one) => one.method));
  // A GET route answers HEAD too, and Hono lets OPTIONS fall through.
  const method = pick(
    random,
    METHODS.filter((one) => !known.has(one) && one !== "HEAD"),
  );
  return {
    what: `${method} on a path without it`,
    expect: "refused",
    request: {
      kind: "http",
      method,
      target: placeIn(path, { id: ground.order.id }),
      headers: chance(random, 0.5) ? [bearer(ground)] : [CROSS_SITE],
      body: null,
    },
  };
}

export function pathInput(random: Random, ground: Ground): Made {
  const make = pick(random, [
    badParameter,
    badParameter,
    badQuery,
    respelled,
    respelled,
    wrongMethod,
  ]);
  return make(random, ground);
}

/**
 * Inputs about cost: for each route the requests that could make it call the most, from anybody who
 * may send them. The dearest of each route is in the report, and none may be above the ceiling of
 * `costs.ts`.
 *
 * Guarantee: they only read, or are refused.
 */
import { randomBytes } from "node:crypto";
import type { Random } from "../seeded-random.ts";
import { EXAMPLE_BODIES } from "./example-bodies.ts";
import type { Forger } from "./forgeries.ts";
import type { Ground } from "./ground.ts";
import { DATA } from "./guarded-inputs.ts";
import { chance, type Header, type Made, pick, visibleText, wholeIn } from "./input.ts";
import { FUZZ_SALES, GUARDED_FOLDERS, IDEMPOTENCY_KEY, WIDE_ITEMS, wideSku } from "./names.ts";
import { placeIn } from "./path-inputs.ts";

const { live, wide, later, over } = FUZZ_SALES;
const json: Header = ["content-type", "application/json"];
const HEADER_CHARACTERS = 11_000;

/** What makes a request longer, up to what the local runtime takes. */
const WEIGHTS: readonly ((random: Random, ground: Ground) => readonly Header[])[] = [
  () => [],
  (random) => [
    ["cookie", `a=${" ".repeat(wholeIn(random, 1, HEADER_CHARACTERS))}b; __Host-sluice-x=y`],
  ],
  (_, { tokens }) => {
    const pair = `__Host-sluice-ticket-${live}=${tokens.queued}`;
    return [["cookie", `${pair}; `.repeat(20)]];
  },
  (random) => {
    const pairs = Array.from({ length: 200 }, (_, at) => `__Host-sluice-admission-${live}=${at}`);
    return [["cookie", pairs.slice(0, wholeIn(random, 2, 200)).join("; ")]];
  },
  () => {
    const names = Array.from({ length: 100 }, (_, at) => `__Host-sluice-ticket-sale-${at}=a.b.c`);
    return [["cookie", names.join("; ")]];
  },
  (random) => {
    const unit = pick(random, ["/%2e", ",", "%25", "/..;/", ";", "/a.php/", ".", "\\"]);
    return [["x-original-url", unit.repeat(Math.floor(HEADER_CHARACTERS / unit.length))]];
  },
  (_, { tokens }) => [
    ["sluice-ticket", tokens.queued],
    ["sluice-admission", tokens.spent],
  ],
  (random) => [["sluice-admission", `${visibleText(random, 800)}.${visibleText(random, 800)}.x`]],
];

interface Reading {
  readonly target: string;
  readonly headers: readonly Header[];
}

function ofEveryRoute(random: Random, { routes, adminToken, order }: Ground): Reading {
  const route = pick(
    random,
    routes.filter(({ method }) => method === "GET"),
  );
  const target = placeIn(route.path, { id: order.id, sale: pick(random, [live, wide, over]) });
  const bearer: Header = ["authorization", `Bearer ${adminToken}`];
  return { target, headers: route.isMerchants ? [bearer] : [] };
}

const PAGES = ["", "/wait", "/cart", "/fairness", "/receipt", "/reminder", "/proof", "/kept?to=/"];

function ofShopper(random: Random, { tokens, order }: Ground): Reading {
  const inShop: Header = ["sluice-admission", tokens.wide];
  const page = pick(random, PAGES);
  return pick(random, [
    { target: `/_sluice/shop/${wide}${page}`, headers: [inShop] },
    { target: `/_sluice/v1/sales/${wide}/cart`, headers: [inShop] },
    { target: `/_sluice/v1/sales/${wide}/status`, headers: [inShop] },
    { target: `/_sluice/shop/${live}${page}`, headers: [["sluice-admission", tokens.spent]] },
    { target: `/_sluice/v1/orders/${order.id}?key=${order.viewKey}`, headers: [] },
    { target: `/_sluice/shop/${live}/orders/${order.id}?key=${order.viewKey}`, headers: [] },
    { target: "/_sluice/shop", headers: [] },
  ]);
}

function ofNobody(random: Random): Reading {
  const order = `ord_${randomBytes(20).toString("hex")}`;
  const sale = `nothing-${wholeIn(random, 1, 100_000)}`;
  return pick(random, [
    { target: `/_sluice/v1/orders/${order}?key=guessed`, headers: [] },
    { target: `/_sluice/shop/${live}/orders/${order}?key=guessed`, headers: [] },
    { target: `/_sluice/v1/sales/${sale}`, headers: [] },
    { target: `/_sluice/v1/sales/${sale}/status`, headers: [] },
    { target: `/_sluice/shop/${sale}`, headers: [] },
    {
      target: `/_sluice/v1/sales/${live}/cohorts/general/${wholeIn(random, 0, 99_999)}`,
      headers: [],
    },
    { target: `${GUARDED_FOLDERS.live}/${"%2f..;/".repeat(wholeIn(random, 1, 600))}`, headers: [] },
    {
      target: `/${"%25".repeat(wholeIn(random, 1, 2000))}/..${GUARDED_FOLDERS.live}/a`,
      headers: [],
    },
  ]);
}

function reading(random: Random, ground: Ground): Made {
  const make = pick(random, [ofEveryRoute, ofShopper, ofShopper, ofNobody]);
  const { target, headers } = make(random, ground);
  const own = new Set(headers.map(([name]) => name));
  const weight = pick(random, WEIGHTS)(random, ground).filter(([name]) => !own.has(name));
  const isPage = target.startsWith("/_sluice/shop");
  const accept = isPage ? [["accept", "text/html"] as const] : pick(random, DATA);
  return {
    what: `a dear read, at ${target.slice(0, 60)}`,
    expect: "harmless",
    request: {
      kind: "http",
      method: "GET",
      target,
      headers: [...accept, ...headers, ...weight],
      body: null,
    },
  };
}

const wideLines = (quantity: number) => {
  return Array.from({ length: WIDE_ITEMS }, (_, at) => ({ sku: wideSku(at), quantity }));
};

/** A write that is refused, as late as may be. */
function refusedWrite(random: Random, ground: Ground): Made {
  const inShop: Header = ["sluice-admission", ground.tokens.wide];
  const key: Header = ["idempotency-key", IDEMPOTENCY_KEY];
  const spent: Header = ["sluice-admission", ground.tokens.spent];
  const order = EXAMPLE_BODIES["post /v1/orders"];
  const [method, target, headers, body] = pick(random, [
    ["PUT", `/_sluice/v1/sales/${wide}/cart`, [inShop], { lines: wideLines(3) }],
    ["PUT", `/_sluice/v1/sales/${wide}/cart`, [], { lines: wideLines(1) }],
    ["PUT", `/_sluice/v1/sales/${live}/cart`, [spent], { lines: wideLines(1) }],
    ["POST", "/_sluice/v1/orders", [inShop, key], order],
    ["POST", "/_sluice/v1/orders", [key], order],
    ["POST", `/_sluice/v1/sales/${later}/tickets`, [], {}],
    ["POST", `/_sluice/v1/sales/${over}/tickets`, [], { pass: "x".repeat(2000) }],
    ["POST", `/_sluice/v1/sales/${over}/admissions`, [], {}],
    ["POST", `/_sluice/admin/v1/sales/${live}/actions`, [], { action: "end" }],
  ] as const);
  return {
    what: `a dear write that is refused, at ${method} ${target}`,
    expect: "refused",
    request: {
      kind: "http",
      method,
      target,
      headers: [json, ...headers],
      body: JSON.stringify(body),
    },
  };
}

export function costInput(random: Random, ground: Ground, _: Forger): Made {
  return chance(random, 0.7) ? reading(random, ground) : refusedWrite(random, ground);
}

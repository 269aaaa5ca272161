/**
 * Pages of other origins at the shopper's API: those that a sale lists may call it with tokens in
 * headers, and nobody gets further, whatever origin or cookie is sent.
 */
import { fetch } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  auditOf,
  connections,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  saleDocument,
  startSluice,
  stateOf,
  textOf,
  until,
  type Answer,
  type Method,
  type Sluice,
} from "./support/sluice.ts";
import { keyNamed } from "../node/support/keys.ts";

const SALE = "listed";
const OTHER = "listed-other";
const SHOP = "https://www.shop.example";
const OTHER_SHOP = "https://other.example";
let sluice: Sluice;
let admission: Record<string, string>;

beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE, { checkout: { origins: [SHOP, "http://localhost:5173"] } });
  await makeSale(sluice, OTHER, { checkout: { origins: [OTHER_SHOP] } });
  await makeSale(sluice, "lists-none");
  admission = await admit(sluice, SALE);
});
afterAll(() => sluice.stop());

const AN_ORDER = `ord_${"0".repeat(40)}`;

async function preflight(path: string, origin: string, method = "POST") {
  const headers = {
    origin,
    "access-control-request-method": method,
    "access-control-request-headers": "content-type,sluice-admission",
  };
  const url = `${sluice.host.gateUrl}/_sluice${path}`;
  return fetch(url, { method: "OPTIONS", headers, dispatcher: connections });
}

/** What a browser compares before it shows a page an answer. */
function readerOf({ headers }: { readonly headers: Answer["headers"] }): string | null {
  expect(headers.get("access-control-allow-credentials")).toBeNull();
  return headers.get("access-control-allow-origin");
}

function variesOf({ headers }: { readonly headers: Answer["headers"] }): readonly string[] {
  return (headers.get("vary") ?? "").split(",").map((name) => name.trim());
}

const ADDRESSES = [
  ["of a sale", `/v1/sales/${SALE}/cart`, "PUT"],
  ["of a sale's public document", `/v1/sales/${SALE}`, "GET"],
  ["of orders, which names no sale", "/v1/orders", "POST"],
  ["of an order", `/v1/orders/${AN_ORDER}`, "GET"],
  ["of an order's actions", `/v1/orders/${AN_ORDER}/actions`, "POST"],
] as const;

describe("a preflight", () => {
  test.each(ADDRESSES)("at an address %s lets a listed origin in", async (_, path, method) => {
    for (const origin of [SHOP, "http://localhost:5173"]) {
      const answer = await preflight(path, origin, method);
      expect(answer.status).toBe(204);
      expect(readerOf(answer)).toBe(origin);
      expect(variesOf(answer)).toContain("Origin");
      expect(answer.headers.get("access-control-allow-methods")).toContain(method);
      const allowed = answer.headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
      expect(allowed).toEqual([
        "content-type",
        "idempotency-key",
        "sluice-admission",
        "sluice-device",
        "sluice-ticket",
      ]);
      expect(Number(answer.headers.get("access-control-max-age"))).toBeLessThanOrEqual(600);
    }
  });

  test.each([
    ["of a stranger", "https://evil.example"],
    ["null, as of a sandboxed frame", "null"],
    ["that begins like a listed one", `${SHOP}.evil.example`],
    ["that ends like a listed one", "https://evil-www.shop.example"],
    ["of a listed host over plain http", "http://www.shop.example"],
    ["of a listed host at another port", `${SHOP}:8443`],
    ["of a listed host's parent", "https://shop.example"],
    ["in capitals", SHOP.toUpperCase()],
    ["with a path", `${SHOP}/`],
    ["that is a list", `${SHOP}, https://evil.example`],
    ["that is a wildcard", "*"],
  ])("from an origin %s is refused everywhere", async (_, origin) => {
    for (const [, path, method] of ADDRESSES) {
      const answer = await preflight(path, origin, method);
      expect(answer.status).toBe(403);
      expect(readerOf(answer)).toBeNull();
      expect(variesOf(answer)).toContain("Origin");
    }
  });

  test("from an origin that another sale lists is refused where the address names the sale", async () => {
    for (const [, path] of ADDRESSES.slice(0, 2)) {
      expect(readerOf(await preflight(path, OTHER_SHOP))).toBeNull();
    }
    expect(readerOf(await preflight(`/v1/sales/${OTHER}/cart`, OTHER_SHOP))).toBe(OTHER_SHOP);
    // It gives no right: the order itself is refused, see below.
    expect(readerOf(await preflight("/v1/orders", OTHER_SHOP))).toBe(OTHER_SHOP);
  });

  test.each(["/admin/v1/sales", `/admin/v1/sales/${SALE}`, "/v1/webhooks/stripe"])(
    "at %s is answered to nobody",
    async (path) => {
      for (const origin of [SHOP, OTHER_SHOP, "https://evil.example"]) {
        expect(readerOf(await preflight(path, origin, "GET"))).toBeNull();
      }
    },
  );
});

const asPage = (origin: string, more: Readonly<Record<string, string>> = {}) => {
  return { ...admission, ...more, origin };
};

test("a listed origin's page buys: each answer is readable for it, and sets no cookie", async () => {
  const sale = "listed-buys";
  await makeSale(sluice, sale, { checkout: { origins: [SHOP] } });
  const headers = { ...(await admit(sluice, sale)), origin: SHOP };
  const lines = [{ sku: `${sale}-shoe`, quantity: 1 }];
  const answers: [number, Answer][] = [
    [201, await sluice.shopper("POST", `/sales/${sale}/tickets`, { headers: { origin: SHOP } })],
    [200, await sluice.shopper("GET", `/sales/${sale}`, { headers })],
    [200, await sluice.shopper("GET", `/sales/${sale}/status`, { headers })],
    [200, await sluice.shopper("PUT", `/sales/${sale}/cart`, { headers, body: { lines } })],
    [200, await sluice.shopper("POST", `/sales/${sale}/quotes`, { headers, body: { lines } })],
  ];
  const order = { ...headers, "idempotency-key": keyNamed("from-the-page") };
  const placed = await placeOrder(sluice, order, "from-the-page", orderBody(sale));
  answers.push(
    [202, placed],
    [200, await sluice.ask("GET", acceptedOrder(placed).path, { headers: { origin: SHOP } })],
    [200, await sluice.shopper("GET", `/orders/${acceptedOrder(placed).id}`, { headers })],
  );
  for (const [status, answer] of answers) {
    expect([answer.status, readerOf(answer)]).toEqual([status, SHOP]);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get("access-control-expose-headers")).toBe("Location, Retry-After");
    expect(variesOf(answer)).toContain("Origin");
  }
  expect((await finalOrder(sluice, placed)).body["state"]).toBe("confirmed");
});

test("problems are readable for the page that has them, and for no other", async () => {
  const key = { "idempotency-key": keyNamed("faulty") };
  const ask = (origin: string) => {
    const headers = asPage(origin, key);
    const body = { sale: SALE, lines: "none" };
    return Promise.all([
      sluice.shopper("POST", "/orders", { headers, body }),
      sluice.shopper("POST", "/orders", { headers, raw: "a form" }),
      sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers, body: { lines: [{}] } }),
      sluice.shopper("GET", `/orders/${AN_ORDER}`, { headers }),
      sluice.shopper("GET", "/sales/nothing", { headers }),
    ]);
  };
  const [unfit, form, cart, order, sale] = await ask(SHOP);
  for (const answer of [unfit, form, cart, order, sale]) expect(readerOf(answer)).toBe(SHOP);
  expectProblem(unfit, 422, "invalid_request");
  expectProblem(form, 415, "unsupported_media_type");
  expectProblem(order, 404, "order_not_found");
  for (const answer of await ask("https://evil.example")) expect(readerOf(answer)).toBeNull();
});

const WRITES: readonly [Method, string, unknown][] = [
  ["POST", `/sales/${SALE}/tickets`, {}],
  ["POST", `/sales/${SALE}/admissions`, undefined],
  ["DELETE", `/sales/${SALE}/admissions/current`, undefined],
  ["PUT", `/sales/${SALE}/cart`, { lines: [{ sku: `${SALE}-shoe`, quantity: 1 }] }],
  ["POST", `/sales/${SALE}/quotes`, { lines: [{ sku: `${SALE}-shoe`, quantity: 1 }] }],
  ["POST", "/orders", orderBody(SALE)],
];

describe.each([
  ["a stranger", "https://evil.example"],
  ["an origin that another sale lists", OTHER_SHOP],
  ["the origin null", "null"],
  ["a look-alike", `${SHOP}.evil.example`],
])("%s, even with a shopper's tokens,", (_, origin) => {
  test.each(WRITES)("%s %s is refused and changes nothing", async (method, path, body) => {
    const before = await stateOf(sluice, SALE);
    const headers = asPage(origin, { "idempotency-key": keyNamed("stolen") });
    const parts = body === undefined ? { headers } : { headers, body };
    const answer = await sluice.shopper(method, path, parts);
    expectProblem(answer, 403, "origin_mismatch");
    expect(readerOf(answer)).toBeNull();
    expect(await stateOf(sluice, SALE)).toEqual(before);
  });

  test("reads are not readable", async () => {
    const headers = asPage(origin);
    for (const path of [`/sales/${SALE}`, `/sales/${SALE}/status`]) {
      expect(readerOf(await sluice.shopper("GET", path, { headers }))).toBeNull();
    }
  });
});

test("a shopper's cookies are worth nothing to a listed origin's page", async () => {
  const mine = await admit(sluice, SALE);
  const before = await stateOf(sluice, SALE);
  const cookie = `__Host-sluice-admission-${SALE}=${mine["sluice-admission"]}`;
  const headers = { origin: SHOP, cookie, "idempotency-key": keyNamed("by-cookie") };
  const lines = [{ sku: `${SALE}-shoe`, quantity: 2 }];
  for (const answer of [
    await sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers, body: { lines } }),
    await sluice.shopper("POST", "/orders", { headers, body: orderBody(SALE) }),
    await sluice.shopper("DELETE", `/sales/${SALE}/admissions/current`, { headers }),
  ]) {
    expectProblem(answer, 401, "admission_required");
    expect(readerOf(answer)).toBe(SHOP);
  }
  expectProblem(
    await sluice.shopper("GET", `/sales/${SALE}/status`, { headers }),
    401,
    "ticket_required",
  );
  expect(await stateOf(sluice, SALE)).toEqual(before);
});

test("an order is readable and can be given up from its own sale's origins only", async () => {
  const mine = await admit(sluice, SALE);
  const payment = { method: "pm_card_authenticationRequired" };
  const placed = await placeOrder(sluice, mine, "at-the-bank", orderBody(SALE, { payment }));
  const { id, path } = acceptedOrder(placed);
  const [, query = ""] = path.split("?");
  await until(
    () => sluice.ask("GET", path),
    ({ body }) => body["action"] !== undefined,
  );
  const giveUp = (origin: string) => {
    const headers = { origin };
    return sluice.shopper("POST", `/orders/${id}/actions?${query}`, {
      headers,
      body: { action: "give_up" },
    });
  };
  for (const origin of [OTHER_SHOP, "https://evil.example", "null"]) {
    const seen = await sluice.ask("GET", path, { headers: { origin } });
    expect(readerOf(seen)).toBeNull();
    const refused = await giveUp(origin);
    expectProblem(refused, 403, "origin_mismatch");
    expect(readerOf(refused)).toBeNull();
  }
  expect((await sluice.ask("GET", path)).body["mayGiveUp"]).toBe(true);
  const given = await giveUp(SHOP);
  expect([given.status, readerOf(given)]).toEqual([200, SHOP]);
  expect((await finalOrder(sluice, placed)).body["reason"]).toBe("given_up");
});

test("an origin that is taken off the list is refused, also before the orders' preflight knows", async () => {
  const sale = "lists-less";
  const origin = "https://former.example";
  await makeSale(sluice, sale, { checkout: { origins: [origin] } });
  const mine = await admit(sluice, sale);
  const order = (key: string) => {
    return placeOrder(sluice, { ...mine, origin }, key, orderBody(sale, { lines: [] }));
  };
  expect(readerOf(await order("before"))).toBe(origin);
  const changed = saleDocument(sale, { checkout: { origins: [] } });
  expect((await sluice.merchant("PUT", `/sales/${sale}`, changed)).status).toBe(200);
  const refused = await until(
    () => order("after"),
    ({ status }) => status === 403,
  );
  expect(readerOf(refused)).toBeNull();
  expect(await auditOf(sluice, sale)).toMatchObject({ orders: {} });
});

test("the merchant's API is readable for no page, with its token or without", async () => {
  const authorization = `Bearer ${sluice.host.adminToken}`;
  for (const origin of [SHOP, OTHER_SHOP]) {
    const headers = { origin, authorization };
    const answer = await sluice.ask("GET", `/_sluice/admin/v1/sales/${SALE}`, { headers });
    expect([answer.status, readerOf(answer)]).toEqual([200, null]);
  }
});

test("without another origin nothing is allowed, and answers still vary by it", async () => {
  const own = { origin: sluice.host.gateUrl };
  for (const headers of [{}, own]) {
    const answer = await sluice.shopper("GET", `/sales/${SALE}`, { headers });
    expect(readerOf(answer)).toBeNull();
    expect(variesOf(answer)).toContain("Origin");
  }
  const joined = await sluice.shopper("POST", `/sales/${SALE}/tickets`, { headers: own });
  expect(joined.headers.getSetCookie()).not.toEqual([]);
  expect(textOf(joined, "admission")).toMatch(/^ey/);
});

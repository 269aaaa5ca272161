/**
 * The index of origins that any sale lists, as an isolate reads it from KV: for preflights of
 * orders, whose addresses name no sale. And what a page's origin costs: no order's object is asked
 * for it before the request was counted.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { GUARDS_FRESH_MS } from "../../src/domain/limits.ts";
import { readOrigins } from "../../src/sales/guard-index.ts";
import { publishedText } from "../../src/sales/published-sale.ts";
import gate from "../../src/gate.ts";
import { publishSale } from "../../src/sales/sale-directory.ts";
import { saleSchema, type Sale } from "../../src/domain/sale/sale.ts";
import { saleDocument } from "./support/shop.ts";

const ITEM = { sku: "ORIGIN-1", stock: 0 };
const now = Date.now();

function listing(id: string, origins: readonly string[]): Sale {
  return saleSchema.parse({ ...saleDocument([ITEM], { checkout: { origins } }), id });
}

/** What one isolate knows; its refreshes end before the next look. */
async function seen(kv: KVNamespace, at: number): Promise<string[]> {
  const work: Promise<unknown>[] = [];
  await readOrigins({ ...env, CONFIG: kv }, at, (refresh) => work.push(refresh));
  await Promise.all(work);
  return [...(await readOrigins({ ...env, CONFIG: kv }, at, () => undefined))].toSorted();
}

/** Another isolate has the same KV and no memory of it. */
function otherIsolate(): KVNamespace {
  return new Proxy(env.CONFIG, {
    get: (kv, name) => {
      const value: unknown = Reflect.get(kv, name);
      return typeof value === "function" ? value.bind(kv) : value;
    },
  });
}

test("an origin is known to every isolate while a sale lists it, and reads of one do not grow", async () => {
  const shop = "https://www.shop.example";
  const sale = listing("origins-index", [shop]);
  await publishSale(env, { sale, revision: 1 }, now);
  const other = otherIsolate();
  expect(await seen(env.CONFIG, now)).toEqual([shop]);
  expect(await seen(other, now)).toEqual([shop]);
  const [key] = (await env.CONFIG.list({ prefix: "guard:origins-index" })).keys;
  const dayAfter_s = Math.ceil(Date.parse(sale.endsAt) / 1000) + 24 * 60 * 60;
  expect(key?.expiration).toBe(dayAfter_s);

  const lists = vi.spyOn(env.CONFIG, "list");
  for (let look = 0; look < 20; look += 1) await seen(other, now);
  expect(lists).not.toHaveBeenCalled();

  await publishSale(env, { sale: listing(sale.id, []), revision: 2 }, now);
  expect(await seen(env.CONFIG, now)).toEqual([]);
  // KV has shown every write after two minutes, so what is missing there was deleted.
  expect(await seen(other, now + 3 * 60_000)).toEqual([]);
});

test("a sale of another release, whose document cannot be read, leaves the others known", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const shop = "https://still.example";
  await env.CONFIG.put("guard:unreadable", '{"v":9}', { metadata: { revision: 1 } });
  const readable = { sale: listing("origins-readable", [shop]), revision: 1 };
  const metadata = { revision: 1 };
  await env.CONFIG.put("guard:origins-readable", publishedText(readable), { metadata });
  expect(await seen(otherIsolate(), now + GUARDS_FRESH_MS)).toContain(shop);
});

const LISTED = "https://counted.example";
const STRANGER = "https://evil.example";

/** Sends a request for an order that does not exist, and counts what it costs. */
async function ask(method: string, origin: string, success: boolean) {
  let [asked, reads, writes] = [0, 0, 0];
  const id = `ord_${crypto.randomUUID().replaceAll("-", "").padEnd(40, "0")}`;
  const ORDER = new Proxy(env.ORDER, {
    get: (orders, name) => {
      if (name === "get") asked += 1;
      const value: unknown = Reflect.get(orders, name);
      return typeof value === "function" ? value.bind(orders) : value;
    },
  });
  const change = {
    ORDER,
    READS_BY_ADDRESS: { limit: async () => ({ success: (reads += 1) > 0 && success }) },
    WRITES_BY_ADDRESS: { limit: async () => ({ success: (writes += 1) > 0 && success }) },
  };
  const isWrite = method === "POST";
  const headers = {
    origin,
    "cf-connecting-ip": "192.0.2.7",
    "access-control-request-method": "GET",
    ...(isWrite ? { "content-type": "application/json" } : {}),
  };
  const body = isWrite ? { body: '{"action":"give_up"}' } : {};
  const url = `https://shop.example/_sluice/v1/orders/${id}${isWrite ? "/actions" : ""}`;
  const request = new Request(url, { method, headers, ...body });
  const answer = await gate.fetch(request, { ...env, ...change }, createExecutionContext());
  await answer.body?.cancel();
  const readableFor = answer.headers.get("access-control-allow-origin");
  return { status: answer.status, asked: asked > 0, counted: reads + writes, readableFor };
}

test.each([
  ["OPTIONS", STRANGER, true, { status: 403, asked: false, counted: 1, readableFor: null }],
  ["OPTIONS", LISTED, true, { status: 204, asked: false, counted: 1, readableFor: LISTED }],
  ["OPTIONS", STRANGER, false, { status: 429, asked: false, counted: 1, readableFor: null }],
  ["GET", STRANGER, false, { status: 429, asked: false, counted: 1, readableFor: null }],
  ["GET", LISTED, false, { status: 429, asked: false, counted: 1, readableFor: LISTED }],
  ["HEAD", STRANGER, false, { status: 429, asked: false, counted: 1, readableFor: null }],
  ["GET", LISTED, true, { status: 404, asked: true, counted: 1, readableFor: LISTED }],
  ["POST", STRANGER, true, { status: 403, asked: false, counted: 0, readableFor: null }],
  ["POST", LISTED, false, { status: 429, asked: false, counted: 1, readableFor: LISTED }],
  ["POST", LISTED, true, { status: 403, asked: true, counted: 1, readableFor: LISTED }],
])("%s of an order from %s (within the limit: %s) asks no object uncounted", async (...given) => {
  const [method, origin, isWithin, expected] = given;
  const listed = { sale: listing("origins-counted", [LISTED]), revision: 1 };
  await publishSale(env, listed, Date.now());
  expect(await ask(method, origin, isWithin)).toEqual(expected);
});

/**
 * The index of origins that any sale lists, as an isolate reads it from KV: for preflights of
 * orders, whose addresses name no sale.
 */
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { GUARDS_FRESH_MS } from "../../src/domain/limits.ts";
import { readOrigins } from "../../src/sales/guard-index.ts";
import { publishedText } from "../../src/sales/published-sale.ts";
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
  await readOrigins(kv, at, (refresh) => work.push(refresh));
  await Promise.all(work);
  return [...(await readOrigins(kv, at, () => undefined))].toSorted();
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
  await publishSale(env.CONFIG, { sale, revision: 1 }, now);
  const other = otherIsolate();
  expect(await seen(env.CONFIG, now)).toEqual([shop]);
  expect(await seen(other, now)).toEqual([shop]);
  const [key] = (await env.CONFIG.list({ prefix: "guard:origins-index" })).keys;
  const dayAfter_s = Math.ceil(Date.parse(sale.endsAt) / 1000) + 24 * 60 * 60;
  expect(key?.expiration).toBe(dayAfter_s);

  const lists = vi.spyOn(env.CONFIG, "list");
  for (let look = 0; look < 20; look += 1) await seen(other, now);
  expect(lists).not.toHaveBeenCalled();

  await publishSale(env.CONFIG, { sale: listing(sale.id, []), revision: 2 }, now);
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

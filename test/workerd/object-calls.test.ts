/**
 * Reading is cheap: how many objects a request calls, whatever its sale sells and however often it
 * is sent. Counted, not timed.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { countedBindings, type Calls } from "../../simulation/fuzz/counting-worker.ts";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { openSale, saleDocument } from "./support/shop.ts";

beforeEach(startClock);

const ITEMS = 30;

async function ask(path: string, init: RequestInit = {}) {
  const calls: Calls = new Map();
  const context = createExecutionContext();
  const request = new Request(`https://shop.example/_sluice${path}`, init);
  const answer = await gate.fetch(request, countedBindings(env, calls), context);
  const text = await answer.text();
  await waitOnExecutionContext(context);
  return { status: answer.status, text, stocks: calls.get("SKU_STOCK") ?? 0 };
}

const joinedSchema = z.object({ admission: z.string() });

let sales = 0;

async function wideSale() {
  sales += 1;
  const items = Array.from({ length: ITEMS }, (_, at) => ({ sku: `W${sales}-${at}`, stock: 9 }));
  const { id } = await openSale(saleDocument(items));
  const join = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
  const { text } = await ask(`/v1/sales/${id}/tickets`, join);
  const { admission } = joinedSchema.parse(JSON.parse(text));
  const headers = { "sluice-admission": admission };
  const hold = (sku: string) => {
    const body = JSON.stringify({ lines: [{ sku, quantity: 1 }] });
    const json = { ...headers, "content-type": "application/json" };
    return ask(`/v1/sales/${id}/cart`, { method: "PUT", headers: json, body });
  };
  return { id, headers, hold, skus: items.map(({ sku }) => sku) };
}

test("a cart is read from the stocks once a second, however often its pages are loaded", async () => {
  const { id, headers } = await wideSale();
  const paths = [`/shop/${id}`, `/shop/${id}/cart`, `/v1/sales/${id}/cart`];
  const first = await ask(`/shop/${id}`, { headers });
  expect(first).toMatchObject({ status: 200, stocks: ITEMS });
  for (const path of [...paths, ...paths]) {
    expect(await ask(path, { headers })).toMatchObject({ status: 200, stocks: 0 });
  }
  pass(1000);
  expect(await ask(`/v1/sales/${id}/cart`, { headers })).toMatchObject({ stocks: ITEMS });
});

test("what was put into the cart shows at once, also past a read that began before it", async () => {
  const { id, headers, hold, skus } = await wideSale();
  const shown = async () => (await ask(`/v1/sales/${id}/cart`, { headers })).text;
  expect(await shown()).not.toContain(skus[3]);
  const [, before] = await Promise.all([hold(skus[3] ?? ""), shown()]);
  expect(before).toContain('"lines"');
  expect(await shown()).toContain(skus[3]);
  await hold(skus[4] ?? "");
  const after = await shown();
  expect(after).toContain(skus[4]);
  expect(after).not.toContain(`"${skus[3]}"`);
  await ask(`/v1/sales/${id}/admissions/current`, { method: "DELETE", headers });
  expect(await shown()).not.toContain(skus[4]);
});

test("a shopper without an admission makes no request call a stock", async () => {
  const { id } = await wideSale();
  for (const path of [`/shop/${id}`, `/shop/${id}/wait`, "/shop", `/v1/sales/${id}/status`]) {
    expect(await ask(path)).toMatchObject({ stocks: 0 });
  }
});

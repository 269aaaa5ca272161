/**
 * A room that is gone for good, or whose alarm is: who is in orders what is in their cart, from any
 * isolate, and any call gets a room going whose alarm was lost.
 */
import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { levelsOf, openSale, roomOf, saleDocument } from "./support/shop.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  mishaps.brokenRooms.clear();
  mishaps.silentRooms.clear();
});

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(`https://shop.example/_sluice${path}`, init);
  return gate.fetch(request, env, createExecutionContext());
}

const accepted = z.object({ order: z.object({ id: z.string() }) });

let skus = 0;

/** A shopper whom the room itself let in, so that this isolate never had its snapshot. */
async function withShopper() {
  skus += 1;
  const sku = `DEAD-ROOM-${skus}`;
  const sale = await openSale(saleDocument([{ sku, stock: 5 }]));
  const outcome = await roomOf(sale.id).admitNow("now_ada", "ada", "general");
  if (outcome.kind !== "admitted") throw new Error(`not let in: ${outcome.kind}`);
  const headers = { "Sluice-Admission": outcome.token, "content-type": "application/json" };
  return { sale, sku, headers };
}

function orderOf({ id, items }: Sale, headers: Record<string, string>): RequestInit {
  const [item] = items;
  const body = {
    sale: id,
    lines: [{ sku: item?.sku, quantity: 1 }],
    expectedTotal: item?.price,
    buyer: { email: "ada@example.com" },
    payment: { method: "pm_card_visa" },
  };
  const withKey = { ...headers, "Idempotency-Key": crypto.randomUUID() };
  return { method: "POST", headers: withKey, body: JSON.stringify(body) };
}

test.each(["broken", "silent"] as const)(
  "with a %s room a new isolate fills the cart and takes the order of who is in",
  async (how) => {
    const { sale, sku, headers } = await withShopper();
    mishaps[`${how}Rooms`].add(sale.id);
    const began_ms = performance.now();
    const lines = JSON.stringify({ lines: [{ sku, quantity: 1 }] });
    const cart = `/v1/sales/${sale.id}/cart`;
    expect((await ask(cart, { method: "PUT", headers, body: lines })).status).toBe(200);
    const placed = await ask("/v1/orders", orderOf(sale, headers));
    expect(placed.status).toBe(202);
    const { order } = accepted.parse(await placed.json());
    expect((await ask(`/v1/orders/${order.id}`, { headers })).status).toBe(200);
    expect(await levelsOf(sku)).toMatchObject({ ordered: 1, held: 0 });
    expect(performance.now() - began_ms).toBeLessThan(20_000);
    // Each of the requests below waits for a silent room.
    if (how === "silent") return;
    expect((await ask(cart, { headers })).status).toBe(200);
    expect((await ask(`/shop/${sale.id}/cart`, { headers })).status).toBe(200);
    // Nobody is let in by it, and who only waits is asked to come again.
    const join = await ask(`/v1/sales/${sale.id}/tickets`, { method: "POST" });
    expect([join.status, join.headers.has("Retry-After")]).toEqual([503, true]);
    const stranger = { ...headers, "Sluice-Admission": "made.up.token" };
    expect((await ask("/v1/orders", orderOf(sale, stranger))).status).toBe(503);
  },
  30_000,
);

const CALLS = {
  snapshot: (sale: string) => roomOf(sale).snapshot(),
  metrics: (sale: string) => roomOf(sale).metrics(),
  standings: (sale: string) => roomOf(sale).standings(["adm_none"]),
  beginOrder: (sale: string) => roomOf(sale).beginOrder("adm_none", "ord_none"),
} as const;

test.each(Object.entries(CALLS))("a lost alarm is set again by %s", async (_, call) => {
  const { sale } = await withShopper();
  const room = roomOf(sale.id);
  await runDurableObjectAlarm(room);
  await runInDurableObject(room, (_instance, { storage }) => storage.deleteAlarm());
  pass(60_000);
  await call(sale.id);
  const alarm = await runInDurableObject(room, (_instance, { storage }) => storage.getAlarm());
  expect(alarm).not.toBeNull();
});

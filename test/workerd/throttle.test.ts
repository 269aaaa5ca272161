/**
 * The room slows its calls when the order pipeline is in trouble: by what KV says of the breakers,
 * and by the age of the orders that it knows itself.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LIMIT_DEFAULTS } from "../../src/domain/backend-limits.ts";
import { NO_CALLS } from "../../src/domain/pace.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { backendPaceOf } from "../../src/platform/objects.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { letIn, openSale, roomOf, saleDocument } from "./support/shop.ts";

const KEYS = ["breaker:payment", "breaker:orders", "force:payment", "force:orders"];

beforeEach(startClock);
afterEach(async () => {
  mishaps.silentConfig = false;
  vi.restoreAllMocks();
  for (const key of KEYS) await env.CONFIG.delete(key);
});

let sales = 0;

/** Ten calls a second, and a line that is longer than any test calls. */
async function crowdedSale(): Promise<Sale> {
  sales += 1;
  const sale = saleDocument([{ sku: `PRESSED-${sales}`, stock: 10_000 }], {
    admission: { ratePerMinute: 600, maxActive: 10_000, sessionSeconds: 3600 },
  });
  return openSale(sale);
}

async function crowd(sale: Sale): Promise<void> {
  const booth = env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(`${sale.id}/general/0`));
  await Promise.all(Array.from({ length: 600 }, () => booth.join(null)));
}

async function tick(sale: Sale): Promise<{ called: number; throttle: number }> {
  pass(1000);
  expect(await runDurableObjectAlarm(roomOf(sale.id))).toBe(true);
  const snapshot = await roomOf(sale.id).snapshot();
  return { called: snapshot?.lanes["general"]?.called ?? -1, throttle: snapshot?.throttle ?? -1 };
}

async function ticks(sale: Sale, count: number): Promise<{ called: number; throttle: number }> {
  let last = { called: -1, throttle: -1 };
  for (let second = 0; second < count; second += 1) last = await tick(sale);
  return last;
}

function openBreaker(openFor_ms: number): string {
  const [v, state, epoch, openings] = [1, "open", 7, 1];
  const openedAt_ms = Date.now();
  const retryAt_ms = openedAt_ms + openFor_ms;
  const reason = "a probe failed";
  return JSON.stringify({ v, state, epoch, openedAt_ms, retryAt_ms, openings, reason, by: "test" });
}

/** Events of the log, with what they say. */
function complaints(): { readonly said: () => string } {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  return { said: () => warned.mock.calls.map(([line]) => String(line)).join("\n") };
}

describe("a breaker", () => {
  test("that opens slows the next ticks to a tenth, and once closed the rate comes back slowly", async () => {
    const sale = await crowdedSale();
    await crowd(sale);
    const before = await ticks(sale, 3);
    expect(before.throttle).toBe(1);
    await env.CONFIG.put("breaker:payment", openBreaker(30_000));
    await ticks(sale, 5);
    const open = await tick(sale);
    expect(open.throttle).toBe(0.1);
    const later = await ticks(sale, 10);
    expect(later.called - open.called).toBe(10);

    const closed = { v: 1, state: "closed", epoch: 8, by: "test" };
    await env.CONFIG.put("breaker:payment", JSON.stringify(closed));
    const rising: number[] = [];
    for (let second = 0; second < 30; second += 1) rising.push((await tick(sale)).throttle);
    const steps = rising.map((value, index) => value - (rising[index - 1] ?? 0.1));
    expect(Math.max(...steps)).toBeLessThanOrEqual(0.05 + 1e-9);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
    expect(rising.at(-1)).toBe(1);
    const [first, second] = [await tick(sale), await tick(sale)];
    expect(second.called - first.called).toBe(10);
  });

  test("that an operator forces open presses, and forced closed it does not, whatever it says", async () => {
    const sale = await crowdedSale();
    await env.CONFIG.put("force:orders", "open");
    expect((await tick(sale)).throttle).toBe(0.1);
    await env.CONFIG.put("force:orders", "closed");
    await env.CONFIG.put("breaker:orders", openBreaker(3_600_000));
    expect((await ticks(sale, 30)).throttle).toBe(1);
  });

  test("of which KV says nothing readable counts as closed, and the log says so once", async () => {
    const log = complaints();
    const sale = await crowdedSale();
    await env.CONFIG.put("breaker:payment", "half open, perhaps");
    await env.CONFIG.put("breaker:orders", JSON.stringify({ v: 1, state: "open" }));
    await env.CONFIG.put("force:payment", "ajar");
    expect((await ticks(sale, 12)).throttle).toBe(1);
    const said = log.said();
    for (const key of ["breaker:payment", "breaker:orders", "force:payment"]) {
      expect(said.split(`unreadable_value","why":"${key} `).length - 1).toBe(1);
    }
  });
});

test("a backend whose calls are limited slows the room, by one document also after an eviction", async () => {
  const pace = backendPaceOf(env, "payment");
  await pace.change("payment", { ...LIMIT_DEFAULTS.payment, callsPerMinute: 6 });
  await evictDurableObject(pace);
  const ask = () => pace.lend("payment", NO_CALLS, false);
  const { limits, lent } = await ask();
  expect([limits.callsPerMinute, lent?.kind]).toEqual([6, "calls"]);
  expect((await ask()).lent).toMatchObject({ kind: "wait", wait_ms: 10_000 });
  const sale = await crowdedSale();
  await crowd(sale);
  expect((await tick(sale)).throttle).toBeLessThan(0.5);
  expect(await pace.change("payment", null)).toMatchObject({
    revision: 2,
    limits: LIMIT_DEFAULTS.payment,
  });
  expect((await ticks(sale, 30)).throttle).toBe(1);
});

describe("a KV that does not answer", () => {
  test("holds no tick up, and leaves the last reading until it is too old", async () => {
    const log = complaints();
    const sale = await crowdedSale();
    await crowd(sale);
    await env.CONFIG.put("breaker:payment", openBreaker(3_600_000));
    const pressed = await tick(sale);
    expect(pressed.throttle).toBe(0.1);
    mishaps.silentConfig = true;
    const silent = await ticks(sale, 10);
    expect(silent.throttle).toBe(0.1);
    expect(silent.called - pressed.called).toBe(10);
    expect(log.said()).toContain("kv_silent");
    pass(120_000);
    expect((await ticks(sale, 2)).throttle).toBe(1);
  });
});

describe("orders on their way", () => {
  /** Shoppers who are in and have placed orders that nothing has become of. */
  async function orderAll(sale: Sale, buyers: readonly string[]): Promise<string[]> {
    const admissions: string[] = [];
    for (const buyer of buyers) {
      pass(1000);
      const admission = await letIn(sale, buyer);
      expect(await roomOf(sale.id).beginOrder(admission, `ord_${buyer}`)).toEqual({
        kind: "begun",
      });
      admissions.push(admission);
    }
    return admissions;
  }

  const BUYERS = ["ann", "bob", "cid", "dot", "eve"];

  test("press while they are stuck, also through an eviction and after their shoppers left", async () => {
    const sale = await crowdedSale();
    const admissions = await orderAll(sale, BUYERS);
    expect((await tick(sale)).throttle).toBe(1);
    pass(30_000);
    const slow = (await tick(sale)).throttle;
    expect(slow).toBeGreaterThan(0.3);
    expect(slow).toBeLessThan(0.8);
    pass(60_000);
    expect((await tick(sale)).throttle).toBeCloseTo(0.05, 9);
    for (const admission of admissions) await roomOf(sale.id).leave(admission);
    await evictDurableObject(roomOf(sale.id));
    await crowd(sale);
    const pressed = await ticks(sale, 2);
    expect(pressed.throttle).toBeCloseTo(0.05, 9);
    const later = await ticks(sale, 20);
    expect(later.called - pressed.called).toBe(10);

    for (const [index, buyer] of BUYERS.entries()) {
      const admission = admissions[index] ?? "";
      await roomOf(sale.id).finishOrder(admission, `ord_${buyer}`, "spend");
    }
    expect((await tick(sale)).throttle).toBeCloseTo(0.1, 9);
    expect((await ticks(sale, 18)).throttle).toBe(1);
  });

  test("of a table from before beginnings were kept go on, and tell nothing", async () => {
    const sale = await crowdedSale();
    const admissions = await orderAll(sale, BUYERS);
    const room = roomOf(sale.id);
    await runInDurableObject(room, (_, { storage }) => {
      storage.sql.exec("ALTER TABLE admissions DROP COLUMN order_begun_ms");
      const [row] = storage.sql
        .exec<{ value: string }>("SELECT value FROM room WHERE name = 'state'")
        .toArray();
      const { throttle, ...before } = JSON.parse(row?.value ?? "{}");
      expect(throttle).toBeDefined();
      storage.sql.exec("UPDATE room SET value = ? WHERE name = 'state'", JSON.stringify(before));
    });
    await evictDurableObject(room);
    pass(90_000);
    expect((await tick(sale)).throttle).toBe(1);
    const [ann = ""] = admissions;
    expect(await room.finishOrder(ann, "ord_ann", "spend")).toBe("finished");
    await orderAll(sale, ["fay"]);
  });
});

/**
 * Unpaid units on the real platform: what is counted under a group is stored, survives evictions,
 * and goes when the units are paid or the hold has ended.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { pass, startClock } from "./support/clock.ts";
import { stockOf } from "./support/shop.ts";

beforeEach(() => {
  startClock();
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

async function receive(sku: string): Promise<string> {
  await stockOf(sku).open({ sale: "sale", sku, quantity: 9, reason: "new" });
  return sku;
}

describe("unpaid units of a network", () => {
  const rule = { group: "network", units: 2, share: null, lapses: 2 };
  const unpaid = { rules: [rule], coolingOff_ms: HOUR_MS, hold_ms: MINUTE_MS };
  const one = { sale: "sale", quantity: 1, limitPerBuyer: 1, unpaid };
  const bounded = (buyer: string) => {
    return { ...one, buyer, id: "cart", deadline_ms: Date.now() + MINUTE_MS };
  };
  const orderBy = (buyer: string) => {
    return { ...one, buyer, id: `order-of-${buyer}`, holdId: "cart" };
  };

  test("are counted again after an eviction, and come back when they are sold", async () => {
    const sku = await receive("UNPAID-1");
    await stockOf(sku).hold(bounded("a"));
    await stockOf(sku).order(orderBy("b"));
    await evictDurableObject(stockOf(sku));
    const refused = { kind: "unpaid_limit_reached", limit: 2, taken: 2 };
    expect(await stockOf(sku).hold(bounded("c"))).toEqual(refused);
    expect(await stockOf(sku).order(orderBy("a"))).toMatchObject({ fromHold: 1 });
    await stockOf(sku).sell({ sale: "sale", buyer: "b", id: "order-of-b" });
    await evictDurableObject(stockOf(sku));
    expect(await stockOf(sku).hold(bounded("c"))).toMatchObject({ kind: "held" });
    expect(await stockOf(sku).hold(bounded("d"))).toEqual(refused);
  });

  test("meet a cooling-off after lapses, also after an eviction; their rows go", async () => {
    const sku = await receive("UNPAID-2");
    for (const buyer of ["a", "b"]) {
      await stockOf(sku).hold(bounded(buyer));
      pass(MINUTE_MS);
      await runDurableObjectAlarm(stockOf(sku));
    }
    await evictDurableObject(stockOf(sku));
    expect(await stockOf(sku).hold(bounded("c"))).toMatchObject({ kind: "cooling_off" });
    const rows = await runInDurableObject(stockOf(sku), (_, { storage }) => {
      return storage.sql.exec("SELECT * FROM unpaid_units").toArray();
    });
    expect(rows).toEqual([]);
    pass(HOUR_MS);
    expect(await stockOf(sku).hold(bounded("c"))).toMatchObject({ kind: "held" });
  });
});

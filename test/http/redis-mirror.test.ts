/**
 * A sale of units from Redis: its levels and orders are mirrored there while it runs, a failure of
 * Redis stops nothing, and at the end the units in Redis, at the edge and sold add up.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Mishap } from "../../simulation/redis-rest/front.ts";
import { levelKey } from "../../src/domain/formats/redis-keys.ts";
import { HAS_REDIS, needRedis } from "./support/redis.ts";
import { RedisShop } from "./support/redis-shop.ts";
import { finalOrder, until } from "./support/sluice.ts";

let shop: RedisShop;

beforeAll(async () => {
  if (HAS_REDIS) shop = await RedisShop.open();
});
beforeEach(async (context) => {
  needRedis(context);
  await shop.clear();
});
afterAll(async () => {
  if (HAS_REDIS) await shop.close();
});

function confirmed(events: readonly Record<string, string>[]): number {
  return events.filter(({ type }) => type === "order.confirmed").length;
}

test("Redis shows the levels and the orders, and gets back what was not sold", async () => {
  const { sku, key } = await shop.stocked(10);
  const sale = await shop.saleOf(sku);
  await shop.allot(sku, { id: "first", key, quantity: 5 });
  for (const n of [1, 2]) expect(await shop.buy(sale, `key-${n}`)).toBe("confirmed");
  const mirrored = await shop.mirroredLevels(sku);
  expect(mirrored).toMatchObject({ available: "3", held: "0", ordered: "0", sold: "2" });
  const events = await until(
    () => shop.streamedEvents(sale),
    (seen) => confirmed(seen) === 2,
  );
  const ids = events.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(JSON.stringify(events)).not.toContain("ann@");
  await shop.sluice.merchant("POST", `/sales/${sale}/actions`, { action: "end" });
  expect((await shop.takeBack(sku, { id: "back", key })).body).toMatchObject({ quantity: 3 });
  expect(await shop.countOf(key)).toBe(8);
  expect(await shop.levelsOf(sku)).toMatchObject({ received: 2, available: 0, sold: 2 });
});

test("a failure of Redis stops no sale; the mirror shows it and catches up", async () => {
  const { sku, key } = await shop.stocked(10);
  const sale = await shop.saleOf(sku);
  await shop.allot(sku, { id: "first", key, quantity: 5 });
  let lost = 0;
  shop.redis.front.mishapFor = ([command]) => {
    lost += command?.filter((part) => part === "order.confirmed").length ?? 0;
    return "lose_request";
  };
  expect(await shop.buy(sale, "key-1")).toBe("confirmed");
  await until(
    async () => lost,
    (count) => count > 0,
  );
  const { mirror } = await until(
    () => shop.transfersOf(sku),
    ({ mirror: found }) => (found?.failures ?? 0) > 0,
  );
  expect(mirror).toMatchObject({ problem: "unreachable" });
  expect(await shop.streamedEvents(sale)).toEqual([]);
  shop.misbehave(null);
  const mirrored = await shop.mirroredLevels(sku);
  expect(mirrored).toMatchObject({ available: "4", sold: "1" });
  await until(
    () => shop.streamedEvents(sale),
    (seen) => confirmed(seen) === 1,
  );
  expect((await shop.transfersOf(sku)).mirror).toMatchObject({ failures: 0, problem: null });
});

test("the levels are written at most once a second", async () => {
  const { sku, key } = await shop.stocked(100);
  const sale = await shop.saleOf(sku);
  const written: number[] = [];
  shop.redis.front.mishapFor = ([command]) => {
    if (command !== undefined && command.includes(levelKey(sku))) written.push(Date.now());
    return null;
  };
  for (let n = 0; n < 20; n += 1) await shop.allot(sku, { id: `n${n}`, key, quantity: 1 });
  await Promise.all(Array.from({ length: 5 }, (_, index) => shop.buy(sale, `key-${index}`)));
  await shop.mirroredLevels(sku);
  const gaps = written.slice(1).map((at, index) => at - (written[index] ?? 0));
  // A script that Redis does not have is called twice, by its hash and with its text.
  expect(gaps.filter((gap) => gap < 900).length).toBeLessThanOrEqual(1);
});

const act = fc.record({
  kind: fc.constantFrom("allot", "return", "return all"),
  n: fc.nat({ max: 4 }),
  quantity: fc.integer({ min: 1, max: 4 }),
  meets: fc.option(fc.constantFrom<Mishap>("lose_request", "lose_answer", "server_error")),
});

test("the units in Redis, at the edge and sold add up after any interleaving and any mishaps", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 10 }), async (acts) => {
      const { sku, key } = await shop.stocked(12);
      const sale = await shop.saleOf(sku);
      await shop.allot(sku, { id: "first", key, quantity: 3 });
      const placed = await shop.place(sale, "key");
      const mishaps = acts.map(({ meets }) => meets);
      shop.redis.front.mishapFor = () => mishaps.shift() ?? null;
      await Promise.all(
        acts.map(({ kind, n, quantity }) => {
          const body = { id: `n${n}`, key };
          if (kind === "allot") return shop.allot(sku, { ...body, quantity });
          return shop.takeBack(sku, kind === "return" ? { ...body, quantity } : body);
        }),
      );
      shop.misbehave(null);
      await finalOrder(shop.sluice, placed);
      const { transfers } = await shop.settled(sku);
      expect(transfers.filter(({ inRedis }) => inRedis !== "agrees")).toEqual([]);
      const { sold } = await until(
        () => shop.levelsOf(sku),
        ({ held, ordered }) => held + ordered === 0,
      );
      const { received, available } = await shop.levelsOf(sku);
      expect([(await shop.countOf(key)) + received, received]).toEqual([12, available + sold]);
      expect(sold).toBe(1);
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

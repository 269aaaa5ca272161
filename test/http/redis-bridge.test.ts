/**
 * Allotments and returns over HTTP, with a whole Sluice and a real Redis: units move in both
 * directions exactly once, for every failure of a request, of an answer, or of Sluice itself.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MISHAPS } from "../../simulation/redis-rest/front.ts";
import { transfersKey } from "../../src/domain/formats/redis-keys.ts";
import { HAS_REDIS, needRedis } from "./support/redis.ts";
import { RedisShop } from "./support/redis-shop.ts";
import { type Answer, type Sluice, startSluice, until } from "./support/sluice.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-redis-bridge-"));
let shop: RedisShop;

beforeAll(async () => {
  if (HAS_REDIS) shop = await RedisShop.open({ folder, pipeline: false });
});
beforeEach(async (context) => {
  needRedis(context);
  await shop.clear();
});
afterAll(async () => {
  if (HAS_REDIS) await shop.close();
  rmSync(folder, { recursive: true, force: true });
});

function outcomesOf(answers: readonly Answer[]): Record<string, number> {
  const outcomes: Record<string, number> = {};
  for (const { body } of answers) {
    const outcome = String(body["outcome"] ?? body["code"]);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

test("without settings nothing starts, and the answer names the missing setting", async () => {
  const gate = { UPSTASH_REDIS_REST_URL: "https://redis.example" };
  const [off, half] = [
    await startSluice({ pipeline: false }),
    await startSluice({ pipeline: false, variables: { gate } }),
  ];
  const body = { id: "first", key: "stock", quantity: 1 };
  const ask = (one: Sluice) => one.merchant("POST", "/skus/shoe/allotments", body);
  expect(await ask(off)).toMatchObject({ status: 503, body: { code: "redis_off" } });
  const refused = await ask(half);
  expect(refused).toMatchObject({ status: 503, body: { code: "redis_off" } });
  expect(refused.body["detail"]).toContain("UPSTASH_REDIS_REST_TOKEN is missing");
  const read = await off.merchant("GET", "/skus/shoe/allotments?compare=redis");
  expect(read).toMatchObject({ status: 200, body: { redis: "off", transfers: [], mirror: null } });
  await Promise.all([off.stop(), half.stop()]);
});

describe("an allotment", () => {
  test("moves units from Redis to the edge once, even if it is requested again", async () => {
    const { sku, key } = await shop.stocked(10);
    const body = { id: "first", key, quantity: 4 };
    const made = await shop.allot(sku, body);
    expect(made).toMatchObject({ status: 201, body: { outcome: "allotted", state: "received" } });
    const again = await Promise.all(Array.from({ length: 10 }, () => shop.allot(sku, body)));
    expect(outcomesOf(again)).toEqual({ already_allotted: 10 });
    expect(await shop.countOf(key)).toBe(6);
    expect(await shop.levelsOf(sku)).toMatchObject({ received: 4, available: 4 });
    const { transfers, counts } = await shop.transfersOf(sku, true);
    expect(transfers).toMatchObject([{ kind: "allotment", id: "first", inRedis: "agrees" }]);
    expect(counts).toEqual({ [key]: 6 });
  });

  test("of the last units succeeds for exactly one of twenty concurrent requests", async () => {
    const { sku, key } = await shop.stocked(5);
    const requests = Array.from({ length: 20 }, (_, index) => {
      return shop.allot(sku, { id: `n${index}`, key, quantity: 3 });
    });
    expect(outcomesOf(await Promise.all(requests))).toEqual({ allotted: 1, not_enough: 19 });
    expect(await shop.countOf(key)).toBe(2);
    expect(await shop.levelsOf(sku)).toMatchObject({ available: 3 });
  });

  test("that is refused gives the reason, and changes nothing", async () => {
    const { sku, key } = await shop.stocked(2);
    await shop.redis.direct.set("text", "many");
    const refused = await shop.allot(sku, { id: "a", key, quantity: 3 });
    expect(refused).toMatchObject({ status: 409, body: { code: "not_enough", available: 2 } });
    for (const [id, name, reason] of [
      ["b", "gone", "key_not_found"],
      ["c", "text", "not_a_count"],
    ] as const) {
      const answer = await shop.allot(sku, { id, key: name, quantity: 1 });
      expect(answer).toMatchObject({ status: 409, body: { code: "redis_key_unusable", reason } });
    }
    await shop.allot(sku, { id: "d", key, quantity: 1 });
    const other = await shop.allot(sku, { id: "d", key, quantity: 2 });
    expect(other).toMatchObject({ status: 409, body: { code: "transfer_conflict" } });
    expect(await shop.countOf(key)).toBe(1);
    expect(await shop.levelsOf(sku)).toMatchObject({ received: 1 });
  });

  test.each([
    [{ id: "a", key: "stock", quantity: 0 }, "quantity"],
    [{ id: "a", key: "stock", quantity: 1.5 }, "quantity"],
    [{ id: "a b", key: "stock", quantity: 1 }, "id"],
    [{ id: "a", key: "sluice:orders", quantity: 1 }, "key"],
    [{ id: "a", key: "{a}{b}", quantity: 1 }, "key"],
    [{ id: "a", quantity: 1 }, "key"],
    [{ id: "a", key: "stock", quantity: 1, more: 1 }, "more"],
  ])("%j is refused naming %s", async (body, path) => {
    const answer = await shop.sluice.merchant("POST", "/skus/shoe/allotments", body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  });

  test.each(MISHAPS)("finishes by itself after the mishap %s in taking", async (mishap) => {
    const { sku, key } = await shop.stocked(10);
    shop.misbehave(mishap);
    const pending = await shop.allot(sku, { id: "first", key, quantity: 4 });
    expect(pending).toMatchObject({ status: 202, body: { outcome: "pending", state: "taking" } });
    expect(pending.headers.get("retry-after")).toBe("2");
    shop.misbehave(null);
    const { transfers } = await shop.settled(sku);
    expect(transfers).toMatchObject([{ state: "received", inRedis: "agrees" }]);
    expect(await shop.countOf(key)).toBe(6);
    expect(await shop.levelsOf(sku)).toMatchObject({ received: 4 });
  });
});

test("a comparison shows a write that Redis has lost", async () => {
  const { sku, key } = await shop.stocked(10);
  await shop.allot(sku, { id: "kept", key, quantity: 1 });
  await shop.allot(sku, { id: "lost", key, quantity: 2 });
  await shop.redis.direct.hdel(transfersKey(key), `allotment:${sku}:lost`);
  const { transfers } = await shop.transfersOf(sku, true);
  expect(transfers.map(({ id, inRedis }) => [id, inRedis])).toEqual([
    ["kept", "agrees"],
    ["lost", "missing"],
  ]);
  // Corrected by hand, as docs/redis.md describes.
  await shop.redis.direct.hset(transfersKey(key), `allotment:${sku}:lost`, "taken 2");
  const corrected = await shop.transfersOf(sku, true);
  expect(corrected.transfers.map(({ inRedis }) => inRedis)).toEqual(["agrees", "agrees"]);
  shop.misbehave("lose_request");
  const blind = await shop.transfersOf(sku, true);
  expect(blind.transfers.map(({ inRedis }) => inRedis)).toEqual(["unknown", "unknown"]);
});

describe("a return", () => {
  test("moves all available units once, and later those that became available", async () => {
    const { sku, key } = await shop.stocked(10);
    await shop.allot(sku, { id: "first", key, quantity: 8 });
    const part = await shop.takeBack(sku, { id: "noon", key, quantity: 3 });
    expect(part).toMatchObject({ status: 201, body: { outcome: "returned", quantity: 3 } });
    const all = { id: "evening", key };
    const answers = await Promise.all(Array.from({ length: 10 }, () => shop.takeBack(sku, all)));
    expect(answers.every(({ body }) => body["quantity"] === 5)).toBe(true);
    expect(await shop.countOf(key)).toBe(10);
    expect(await shop.levelsOf(sku)).toMatchObject({ received: 0, available: 0 });
    const nothing = await shop.takeBack(sku, { id: "night", key });
    expect(nothing).toMatchObject({ status: 409, body: { code: "not_available", available: 0 } });
    const movement = { id: "found", kind: "receive", quantity: 2, reason: "found some" };
    await shop.sluice.merchant("POST", `/skus/${sku}/movements`, movement);
    expect((await shop.takeBack(sku, { id: "night", key })).status).toBe(409);
    expect((await shop.takeBack(sku, { id: "morning", key })).body).toMatchObject({ quantity: 2 });
    expect(await shop.countOf(key)).toBe(12);
  });

  test("to a key that does not exist leaves the units at the edge", async () => {
    const { sku, key } = await shop.stocked(3);
    await shop.allot(sku, { id: "first", key, quantity: 3 });
    const answer = await shop.takeBack(sku, { id: "back", key: "gone" });
    expect(answer.body).toMatchObject({ code: "redis_key_unusable", reason: "key_not_found" });
    expect(await shop.levelsOf(sku)).toMatchObject({ available: 3 });
  });

  test.each(MISHAPS)("finishes by itself after the mishap %s in giving", async (mishap) => {
    const { sku, key } = await shop.stocked(10);
    await shop.allot(sku, { id: "first", key, quantity: 4 });
    // The check of the counter has the name as its last argument, giving has the quantity.
    shop.redis.front.mishapFor = ([command]) => (command?.at(-1) === "4" ? mishap : null);
    const pending = await shop.takeBack(sku, { id: "back", key });
    expect(pending).toMatchObject({ status: 202, body: { state: "returning", quantity: 4 } });
    expect(await shop.levelsOf(sku)).toMatchObject({ received: 0 });
    shop.misbehave(null);
    const { transfers } = await shop.settled(sku);
    expect(transfers).toMatchObject([{}, { state: "returned", quantity: 4, inRedis: "agrees" }]);
    expect(await shop.countOf(key)).toBe(10);
    expect(await shop.levelsOf(sku)).toMatchObject({ received: 0 });
  });
});

test("transfers in both directions that Sluice's stop interrupted continue after its start", async () => {
  const [there, back] = [await shop.stocked(10), await shop.stocked(10)];
  await shop.allot(back.sku, { id: "first", key: back.key, quantity: 6 });
  const lastArguments: unknown[] = [];
  shop.redis.front.mishapFor = ([command]) => {
    lastArguments.push(command?.at(-1));
    return command?.at(-1) === "4" ? "silence" : null;
  };
  const leave = Promise.allSettled([
    shop.allot(there.sku, { id: "first", key: there.key, quantity: 4 }),
    shop.takeBack(back.sku, { id: "back", key: back.key, quantity: 4 }),
  ]);
  await until(
    async () => lastArguments.filter((last) => last === "4").length,
    (count) => count >= 2,
  );
  await shop.restart();
  await leave;
  shop.misbehave(null);
  const [gone, returned] = [await shop.settled(there.sku), await shop.settled(back.sku)];
  expect(gone.transfers).toMatchObject([{ state: "received", inRedis: "agrees" }]);
  expect(returned.transfers).toMatchObject([{}, { state: "returned", inRedis: "agrees" }]);
  expect([await shop.countOf(there.key), await shop.countOf(back.key)]).toEqual([6, 8]);
  expect(await shop.levelsOf(there.sku)).toMatchObject({ received: 4 });
  expect(await shop.levelsOf(back.sku)).toMatchObject({ received: 2 });
});

/**
 * The scripts that move units, on a real Redis through the REST front and the client of production:
 * a counter changes once per name, and an answer that is not valid is unknown.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { compare, isSettled, transferName } from "../../src/domain/stock/allotment.ts";
import { transfersKey } from "../../src/domain/formats/redis-keys.ts";
import * as counters from "../../src/redis/counters.ts";
import { MISHAPS } from "../../simulation/redis-rest/front.ts";
import { type Counters, KEY, stories, TransferWorld } from "../node/support/transfer-world.ts";
import { needRedis, startTestRedis, sure, type TestRedis } from "./support/redis.ts";

let started: TestRedis | null = null;

beforeAll(async () => {
  started = await startTestRedis();
});
beforeEach(async (context) => {
  needRedis(context);
  redis().front.mishapFor = () => null;
  await redis().direct.flushall();
});
afterAll(() => started?.stop());

function redis(): TestRedis {
  return sure(started);
}

function take(name: string, quantity: number, key = KEY) {
  return counters.take(redis().connection, { key, name }, quantity);
}

function give(name: string, quantity: number, key = KEY) {
  return counters.give(redis().connection, { key, name }, quantity);
}

const REFUSED = { kind: "refused", reason: "not_enough" } as const;

describe("taking", () => {
  test("the last unit is taken, and the next request is refused with the count", async () => {
    await redis().direct.set(KEY, 3);
    expect(await take("a", 2)).toEqual({ kind: "taken", quantity: 2 });
    expect(await take("b", 2)).toEqual({ ...REFUSED, available: 1 });
    expect(await take("c", 1)).toEqual({ kind: "taken", quantity: 1 });
    expect(await redis().direct.get(KEY)).toBe("0");
  });

  test("a hundred at once for ten units: ten take one each", async () => {
    await redis().direct.set(KEY, 10);
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const outcomes = await Promise.all(names.map((name) => take(name, 1)));
    expect(outcomes.filter(({ kind }) => kind === "taken")).toHaveLength(10);
    expect(outcomes.filter(({ kind }) => kind === "refused")).toHaveLength(90);
    expect(await redis().direct.get(KEY)).toBe("0");
  });

  test("the same name takes once, and its refusal stays after a restock", async () => {
    await redis().direct.set(KEY, 5);
    await Promise.all(Array.from({ length: 20 }, () => take("a", 3)));
    expect(await redis().direct.get(KEY)).toBe("2");
    expect(await take("b", 3)).toEqual({ ...REFUSED, available: 2 });
    await redis().direct.incrby(KEY, 100);
    expect(await take("b", 3)).toEqual({ ...REFUSED, available: 2 });
    expect(await redis().direct.get(KEY)).toBe("102");
  });

  test.each([
    ["nothing", () => Promise.resolve(), "key_not_found"],
    ["a text", () => redis().direct.set(KEY, "many"), "not_a_count"],
    ["a fraction", () => redis().direct.set(KEY, "1.5"), "not_a_count"],
    ["an empty text", () => redis().direct.set(KEY, ""), "not_a_count"],
    ["too many digits", () => redis().direct.set(KEY, "9".repeat(20)), "not_a_count"],
    ["a list", () => redis().direct.rpush(KEY, "1"), "not_a_count"],
  ])("from %s is refused, and nothing changes", async (_, prepare, reason) => {
    await prepare();
    const before = await redis().direct.dump(KEY);
    expect(await take("a", 1)).toEqual({ kind: "refused", reason, available: null });
    expect(await redis().direct.dump(KEY)).toEqual(before);
  });

  test("from a counter below zero is refused with zero", async () => {
    await redis().direct.set(KEY, -4);
    expect(await take("a", 1)).toEqual({ ...REFUSED, available: 0 });
  });
});

describe("giving", () => {
  test("adds once per name, and creates the counter again if it is gone", async () => {
    await Promise.all(Array.from({ length: 20 }, () => give("a", 3)));
    expect(await redis().direct.get(KEY)).toBe("3");
    expect(await give("b", 2)).toEqual({ kind: "given", quantity: 2 });
    expect(await redis().direct.get(KEY)).toBe("5");
  });

  test("to a value that is not a counter waits until it is corrected, and then adds once", async () => {
    await redis().direct.set(KEY, "many");
    expect(await give("a", 3)).toEqual({ kind: "unknown", why: "not_a_count" });
    await redis().direct.set(KEY, 1);
    expect(await give("a", 3)).toEqual({ kind: "given", quantity: 3 });
    expect(await redis().direct.get(KEY)).toBe("4");
  });

  test("is checked first: the counter must exist and the name must be unused", async () => {
    const ask = () => counters.check(redis().connection, { key: KEY, name: "a" });
    const refused = { kind: "refused", available: null };
    expect(await ask()).toEqual({ ...refused, reason: "key_not_found" });
    await redis().direct.set(KEY, "many");
    expect(await ask()).toEqual({ ...refused, reason: "not_a_count" });
    await redis().direct.set(KEY, 0);
    expect(await ask()).toEqual({ kind: "countable" });
    expect(await redis().direct.keys("*")).toEqual([KEY]);
    await give("a", 1);
    expect(await ask()).toEqual({ ...refused, reason: "id_used" });
  });
});

describe("an invalid answer is unknown, and a repeated request gives the result", () => {
  test.each(MISHAPS)("%s", { timeout: 15_000 }, async (mishap) => {
    await redis().direct.set(KEY, 5);
    redis().front.mishapFor = () => mishap;
    expect((await take("a", 2)).kind).toBe("unknown");
    redis().front.mishapFor = () => null;
    expect(await take("a", 2)).toEqual({ kind: "taken", quantity: 2 });
    expect(await redis().direct.get(KEY)).toBe("3");
  });

  test.each(["", "taken", "taken -1", "taken 1.5", "stolen 3", "refused", "given 2", "taken 1 2"])(
    "a seal of %j",
    async (seal) => {
      await redis().direct.set(KEY, 5);
      await redis().direct.hset(transfersKey(KEY), "a", seal);
      expect(await take("a", 2)).toEqual({ kind: "unknown", why: "unreadable" });
      expect(await redis().direct.get(KEY)).toBe("5");
    },
  );
});

test("recalling returns the count and every seal, without seals that cannot be read", async () => {
  await redis().direct.set(KEY, 5);
  await take("a", 2);
  await take("b", 9);
  await give("c", 1);
  await redis().direct.hset(transfersKey(KEY), "d", "stolen");
  const recalled = await counters.recall(redis().connection, KEY, ["a", "b", "c", "d", "e"]);
  if (recalled.kind === "unknown") throw new Error(recalled.why);
  expect(recalled.count).toBe(4);
  expect(Object.fromEntries(recalled.seals)).toEqual({
    a: { kind: "taken", quantity: 2 },
    b: { kind: "refused", reason: "not_enough", available: 3 },
    c: { kind: "given", quantity: 1 },
    e: null,
  });
  const gone = await counters.recall(redis().connection, "another", []);
  expect(gone).toMatchObject({ kind: "recalled", count: null });
});

function realCounters(): Counters {
  const { connection, direct } = redis();
  return {
    take: (name, quantity) => counters.take(connection, { key: KEY, name }, quantity),
    give: (name, quantity) => counters.give(connection, { key: KEY, name }, quantity),
    check: (name) => counters.check(connection, { key: KEY, name }),
    seals: async (names) => {
      const recalled = await counters.recall(connection, KEY, names);
      if (recalled.kind === "unknown") throw new Error(recalled.why);
      return recalled.seals;
    },
    count: async () => Number(await direct.get(KEY)),
    change: async (by) => void (await direct.incrby(KEY, by)),
  };
}

test("for any sequence of crashes, lost and late answers, no unit is lost or duplicated", async () => {
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      await redis().direct.flushall();
      await redis().direct.set(KEY, 10);
      const world = new TransferWorld(realCounters(), 10);
      for (const deed of story) await world.live(deed);
      const during = await world.account();
      expect(during.redis + during.edge + during.underWay).toBe(world.total);
      await world.settle();
      const { redis: inRedis, edge, underWay } = await world.account();
      expect([inRedis + edge, underWay]).toEqual([world.total, 0]);
      const seals = await world.seals();
      for (const transfer of world.transfers) {
        expect(isSettled(transfer)).toBe(true);
        expect(compare(transfer, seals.get(transferName(transfer)))).toBe("agrees");
      }
    }),
    { numRuns: 60 },
  );
});

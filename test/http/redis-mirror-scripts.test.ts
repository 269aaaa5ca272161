/**
 * The mirror's scripts on a real Redis, and the settings of the connection: levels never go back,
 * and the stream has each event once and is bounded.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { orderEventSchema, type OrderEvent } from "../../src/domain/order/messages.ts";
import {
  levelKey,
  ORDERS_SEEN_KEY,
  ORDERS_STREAM_KEY,
} from "../../src/domain/formats/redis-keys.ts";
import { readRedisConfig } from "../../src/redis/connection.ts";
import { mirrorEvents, mirrorLevel } from "../../src/redis/mirror.ts";
import { SKU } from "../node/support/transfer-world.ts";
import { entriesOf, needRedis, startTestRedis, sure, type TestRedis } from "./support/redis.ts";

let started: TestRedis | null = null;

beforeAll(async () => {
  started = await startTestRedis();
});
beforeEach(async (context) => {
  needRedis(context);
  await redis().direct.flushall();
});
afterAll(() => started?.stop());

function redis(): TestRedis {
  return sure(started);
}

function levelAt(seq: number, available: number) {
  return { sku: SKU, seq, received: 9, available, held: 1, ordered: 2, sold: 3, buffer: 0 };
}

test("levels never go back, in any order of their arrival", async () => {
  const seqs = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(seqs, async (order) => {
      await redis().direct.flushall();
      let newest = 0;
      for (const seq of order) {
        const level = levelAt(seq, seq * 10);
        const outcome = await mirrorLevel(redis().connection, level, 0);
        expect(outcome).toEqual({ kind: "mirrored", changed: seq > newest ? 1 : 0 });
        newest = Math.max(newest, seq);
        const kept = await redis().direct.hgetall(levelKey(SKU));
        expect(kept).toMatchObject({ seq: `${newest}`, available: `${newest * 10}` });
      }
    }),
    { numRuns: 20 },
  );
});

test("a level's hash has every counter and the time", async () => {
  await mirrorLevel(redis().connection, levelAt(7, 3), Date.UTC(2026, 10, 27));
  expect(await redis().direct.hgetall("sluice:{AIR-42}:level")).toEqual({
    seq: "7",
    received: "9",
    available: "3",
    held: "1",
    ordered: "2",
    sold: "3",
    buffer: "0",
    at: "2026-11-27T00:00:00.000Z",
  });
});

function eventOf(order: string, version: number): OrderEvent {
  return orderEventSchema.parse({
    v: 1,
    id: `${order}:${version}`,
    type: "order.accepted",
    order,
    sale: "air-one",
    version,
    at_ms: Date.UTC(2026, 10, 27),
    placedAt_ms: 0,
    state: "accepted",
    final: false,
    lines: [{ sku: SKU, name: "Air One, 42", quantity: 1, price: 12_900 }],
    total: 12_900,
    currency: "EUR",
    email: "ann@shoppers.example",
    reason: null,
  });
}

function streamed(): Promise<Record<string, string>[]> {
  return entriesOf(redis(), ORDERS_STREAM_KEY);
}

describe("the stream of orders", () => {
  test("has each event once, for any repetitions and batches", async () => {
    const [one, two, three] = [eventOf("o", 1), eventOf("o", 2), eventOf("p", 1)];
    const mirror = (...events: OrderEvent[]) => mirrorEvents(redis().connection, events);
    expect(await mirror(one, one)).toEqual({ kind: "mirrored", changed: 1 });
    expect(await mirror(three, one, two)).toEqual({ kind: "mirrored", changed: 2 });
    await Promise.all(Array.from({ length: 10 }, () => mirror(two, three, one)));
    expect((await streamed()).map(({ id }) => id)).toEqual(["o:1", "p:1", "o:2"]);
    expect(await mirror()).toEqual({ kind: "mirrored", changed: 0 });
  });

  test("has the order but nothing about the person", async () => {
    await mirrorEvents(redis().connection, [eventOf("o", 1)]);
    expect(await streamed()).toEqual([
      {
        id: "o:1",
        type: "order.accepted",
        order: "o",
        sale: "air-one",
        version: "1",
        state: "accepted",
        final: "false",
        at: "2026-11-27T00:00:00.000Z",
        total: "12900",
        currency: "EUR",
        lines: JSON.stringify(eventOf("o", 1).lines),
        reason: "",
      },
    ]);
  });

  test("is bounded, and so are the ids it stores; the newest stay", async () => {
    const limit = 100;
    for (let page = 0; page < 10; page += 1) {
      const events = Array.from({ length: 50 }, (_, index) => eventOf(`o-${page}-${index}`, 1));
      await mirrorEvents(redis().connection, events, limit);
    }
    // Redis trims a stream in whole nodes, of a hundred entries by default.
    expect(await redis().direct.xlen(ORDERS_STREAM_KEY)).toBeLessThanOrEqual(limit + 100);
    expect(await redis().direct.zcard(ORDERS_SEEN_KEY)).toBe(2 * limit);
    expect((await streamed()).at(-1)).toMatchObject({ id: "o-9-49:1" });
    const again = await mirrorEvents(redis().connection, [eventOf("o-9-49", 1)], limit);
    expect(again).toEqual({ kind: "mirrored", changed: 0 });
  });
});

describe("the settings", () => {
  const url = "https://eu1-name.upstash.io";
  test.each([
    [{}, { kind: "off" }],
    [{ UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "t" }, { kind: "off" }],
    [{ UPSTASH_REDIS_REST_URL: url }, { kind: "unusable", what: "UPSTASH_REDIS_REST_TOKEN" }],
    [
      { UPSTASH_REDIS_REST_URL: "redis://host", UPSTASH_REDIS_REST_TOKEN: "t" },
      { kind: "unusable", what: "UPSTASH_REDIS_REST_URL" },
    ],
    [
      { UPSTASH_REDIS_REST_URL: ` ${url}\n`, UPSTASH_REDIS_REST_TOKEN: "t\n" },
      { kind: "on", url, token: "t" },
    ],
  ])("%j", (env, expected) => {
    expect(readRedisConfig(env)).toEqual(expected);
  });
});

/**
 * What an isolate remembers of many sales: as many as the limit without asking again, and past it
 * a read more, never a wrong answer.
 */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { MANIFESTS_REMEMBERED_MAX, SALES_REMEMBERED_MAX } from "../../src/domain/limits.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { findSale, publishSale } from "../../src/sales/sale-directory.ts";
import { SnapshotCache } from "../../src/sales/snapshots.ts";
import { startClock } from "./support/clock.ts";
import { openSale, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(startClock);

let skus = 0;

async function aSnapshot(): Promise<RoomSnapshot> {
  skus += 1;
  const sale = await openSale(saleDocument([{ sku: `MEMORY-1-${skus}`, stock: 1 }]));
  const snapshot = await roomOf(sale.id).snapshot();
  if (snapshot === null) throw new Error("no room");
  return snapshot;
}

/** A memory of rooms that are all alike but for their name, and who was asked for what. */
async function memory() {
  const snapshot = await aSnapshot();
  const asked: string[] = [];
  const cache = new SnapshotCache((sale) => {
    asked.push(sale);
    const seed = "0".repeat(64);
    return {
      snapshot: async () => ({ ...snapshot, sale }),
      manifest: async (lane, k) => ({ sale, lane, k, base: k, counts: [1], seed }),
    };
  }, null);
  return { cache, asked };
}

const nameOf = (index: number): string => `sale-of-many-${index}`;

test("snapshots of as many sales as the limit are kept, and one more costs a read of its room", async () => {
  const { cache, asked } = await memory();
  const now = Date.now();
  const see = async (index: number): Promise<void> => {
    const seen = await cache.snapshot(nameOf(index), now);
    expect(seen).toMatchObject({ stale: false, snapshot: { sale: nameOf(index) } });
  };
  for (let twice = 0; twice < 2; twice += 1) {
    for (let index = 0; index < SALES_REMEMBERED_MAX; index += 1) await see(index);
  }
  expect(asked).toHaveLength(SALES_REMEMBERED_MAX);
  await see(SALES_REMEMBERED_MAX);
  for (let index = 1; index <= SALES_REMEMBERED_MAX; index += 1) await see(index);
  expect(asked).toHaveLength(SALES_REMEMBERED_MAX + 1);
  await see(0);
  expect(asked).toHaveLength(SALES_REMEMBERED_MAX + 2);
});

test("manifests of as many cohorts as the limit are kept, and one more costs a read", async () => {
  const { cache, asked } = await memory();
  for (let index = 0; index < 7; index += 1) await cache.snapshot(nameOf(index), Date.now());
  asked.splice(0);
  const see = async (k: number): Promise<void> => {
    expect(await cache.manifest(nameOf(k % 7), "general", k)).toMatchObject({ base: k });
  };
  for (let twice = 0; twice < 2; twice += 1) {
    for (let k = 0; k < MANIFESTS_REMEMBERED_MAX; k += 1) await see(k);
  }
  expect(asked).toHaveLength(MANIFESTS_REMEMBERED_MAX);
  await see(MANIFESTS_REMEMBERED_MAX);
  await see(0);
  expect(asked).toHaveLength(MANIFESTS_REMEMBERED_MAX + 2);
});

test("no sale is served the manifests of another draw", async () => {
  const snapshot = await aSnapshot();
  const draw = { commitment: "a", seed: "1".repeat(64) };
  const cache = new SnapshotCache((sale) => {
    const { commitment, seed } = draw;
    return {
      snapshot: async () => ({ ...snapshot, sale, commitment }),
      manifest: async (lane, k) => ({ sale, lane, k, base: 0, counts: [1], seed }),
    };
  }, null);
  const seedOf = async () => (await cache.manifest("again", "general", 0))?.seed;
  await cache.refresh("again", Date.now());
  expect(await seedOf()).toBe("1".repeat(64));
  Object.assign(draw, { commitment: "b", seed: "2".repeat(64) });
  expect(await seedOf()).toBe("1".repeat(64));
  await cache.refresh("again", Date.now());
  expect(await seedOf()).toBe("2".repeat(64));
});

test("documents of as many sales as the limit are kept, and one more is read from KV again", async () => {
  const now = Date.now();
  const document = saleDocument([{ sku: "MEMORY-2", stock: 1 }]);
  for (let index = 0; index <= SALES_REMEMBERED_MAX; index += 1) {
    await publishSale(env, { sale: { ...document, id: nameOf(index) }, revision: 1 }, now);
  }
  const reads = vi.spyOn(env.CONFIG, "get");
  const find = async (index: number): Promise<void> => {
    expect((await findSale(env, nameOf(index), now))?.sale.id).toBe(nameOf(index));
  };
  for (let index = 1; index <= SALES_REMEMBERED_MAX; index += 1) await find(index);
  expect(reads).not.toHaveBeenCalled();
  await find(0);
  expect(reads).toHaveBeenCalledTimes(1);
  expect(await findSale(env, "no-such-sale", now)).toBeNull();
  await find(0);
  expect(reads).toHaveBeenCalledTimes(2);
});

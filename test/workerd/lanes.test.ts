/**
 * Lanes, passes' places and added booths on the real platform.
 */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rankOf } from "../../src/domain/line/cohort.ts";
import type { PassPlace } from "../../src/domain/line/pass-places.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { instant, openSale, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(startClock);
afterEach(() => mishaps.silentBooths.clear());

let skus = 0;

function aSale(
  change: Readonly<Record<string, unknown>> = {},
  admission: Readonly<Record<string, unknown>> = {},
): Promise<Sale> {
  skus += 1;
  const item = { sku: `LANE-${skus}`, stock: 1000 };
  return openSale(saleDocument([item], { expectedShoppers: 5000, ...change }, admission));
}

async function tick(sale: Sale): Promise<void> {
  pass(1000);
  expect(await runDurableObjectAlarm(roomOf(sale.id))).toBe(true);
}

async function snapshotOf(sale: Sale) {
  const snapshot = await roomOf(sale.id).snapshot();
  if (snapshot === null) throw new Error("no room");
  return snapshot;
}

interface Placed {
  readonly lane: string;
  readonly shard: number;
  readonly cohort: number;
  readonly index: number;
}

async function joinAt(sale: Sale, shard: number, lane = "general"): Promise<Placed> {
  const booth = env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(`${sale.id}/${lane}/${shard}`));
  const { cohort, index } = await booth.join(null);
  return { lane, shard, cohort, index };
}

/** Every place's rank by the manifests; fails when one is no place, or shares a rank. */
async function expectRanksOfTheirOwn(sale: Sale, placed: readonly Placed[]): Promise<void> {
  const ranks = await Promise.all(
    placed.map(async (place) => {
      const manifest = await roomOf(sale.id).manifest(place.lane, place.cohort);
      if (manifest === null) throw new Error(`cohort ${place.cohort} is not closed`);
      const ranked = rankOf(place, manifest);
      if (ranked.kind !== "ranked") throw new Error(JSON.stringify({ place, manifest }));
      return `${place.lane}/${ranked.rank}`;
    }),
  );
  expect(new Set(ranks).size).toBe(placed.length);
}

const expecting = (sale: Sale, expectedShoppers: number): Sale => ({ ...sale, expectedShoppers });

describe("a sale that expects more shoppers than before", () => {
  test("gets booths that begin at the open cohort of each lane, and every place stays its own", async () => {
    const sale = await aSale({ lanes: [{ id: "members" }] });
    expect((await snapshotOf(sale)).booths).toBe(1);
    const placed: Placed[] = [];
    for (let second = 0; second < 3; second += 1) {
      placed.push(await joinAt(sale, 0), await joinAt(sale, 0));
      await tick(sale);
    }
    placed.push(await joinAt(sale, 0, "members"));
    const room = roomOf(sale.id);
    expect(await room.configure(expecting(sale, 20_000))).toMatchObject({ kind: "revised" });
    expect((await snapshotOf(sale)).booths).toBe(1);
    await tick(sale);
    const grown = await snapshotOf(sale);
    expect(grown).toMatchObject({
      booths: 4,
      lanes: { general: { closed: 3 }, members: { closed: 1 } },
    });
    await evictDurableObject(room);
    for (let second = 0; second < 2; second += 1) {
      for (const shard of [0, 1, 3, 3]) placed.push(await joinAt(sale, shard));
      placed.push(await joinAt(sale, 2, "members"));
      await tick(sale);
    }
    await expectRanksOfTheirOwn(sale, placed);
    expect((await room.manifest("general", 2))?.counts).toHaveLength(1);
    expect((await room.manifest("general", 3))?.counts).toEqual([1, 1, 0, 2]);
    expect((await room.manifest("members", 0))?.counts).toEqual([1]);
  });

  test("gets no new booth before all of them answer, and asks again with the next tick", async () => {
    const sale = await aSale();
    const placed = [await joinAt(sale, 0)];
    await tick(sale);
    mishaps.silentBooths.add(`${sale.id}/general/2`);
    await roomOf(sale.id).configure(expecting(sale, 15_000));
    placed.push(await joinAt(sale, 0));
    await tick(sale);
    expect(await snapshotOf(sale)).toMatchObject({ booths: 1, lanes: { general: { closed: 2 } } });
    mishaps.silentBooths.clear();
    placed.push(await joinAt(sale, 0));
    await tick(sale);
    expect((await snapshotOf(sale)).booths).toBe(3);
    placed.push(await joinAt(sale, 1), await joinAt(sale, 2));
    await tick(sale);
    await expectRanksOfTheirOwn(sale, placed);
  });

  test("gets them in the pre-queue too, where the draw counts every booth", async () => {
    const sale = await aSale({ startsAt: instant(Date.now() + 60_000) });
    const placed = [await joinAt(sale, 0)];
    await roomOf(sale.id).configure(expecting(sale, 10_000));
    await tick(sale);
    expect(await snapshotOf(sale)).toMatchObject({ phase: "prequeue", booths: 2 });
    placed.push(await joinAt(sale, 1));
    pass(60_000);
    await tick(sale);
    expect((await roomOf(sale.id).manifest("general", 0))?.counts).toEqual([1, 1]);
    await expectRanksOfTheirOwn(sale, placed);
  });

  test("never has fewer booths when it expects fewer", async () => {
    const sale = await aSale({ expectedShoppers: 20_000 });
    await roomOf(sale.id).configure(expecting(sale, 5000));
    await tick(sale);
    expect((await snapshotOf(sale)).booths).toBe(4);
  });
});

describe("a desk", () => {
  const deskOf = (name: string) => env.PASS_DESK.get(env.PASS_DESK.idFromName(name));
  const offered = (index: number, lane = "general"): PassPlace => {
    return { lane, shard: 0, cohort: 3, index, joinedAt_ms: 1000 + index };
  };

  test("gives a subject the same place again, asked twice at once, later, and after an eviction", async () => {
    const desk = deskOf("same");
    expect(await desk.arrive("pass:ann", null)).toEqual({ round: 0, place: null, isNew: true });
    const kept = await Promise.all([1, 2, 3].map((index) => desk.keep("pass:ann", offered(index))));
    const first = { round: 0, place: offered(1) };
    expect(kept).toEqual([first, first, first]);
    await evictDurableObject(desk);
    expect(await deskOf("same").arrive("pass:ann", null)).toEqual({ ...first, isNew: false });
    expect(await deskOf("same").keep("pass:ann", offered(9, "members"))).toEqual(first);
    expect(await deskOf("same").arrive("pass:bob", null)).toMatchObject({ isNew: true });
  });

  test("lets a round go once, and remembers that after an eviction", async () => {
    const desk = deskOf("rounds");
    await desk.arrive("pass:ann", null);
    await desk.keep("pass:ann", offered(1));
    const next = { round: 1, place: null, isNew: false };
    expect(await desk.arrive("pass:ann", 0)).toEqual(next);
    await evictDurableObject(desk);
    expect(await deskOf("rounds").arrive("pass:ann", 0)).toEqual(next);
    expect(await deskOf("rounds").keep("pass:ann", offered(2))).toMatchObject({ round: 1 });
    expect(await deskOf("rounds").arrive("pass:ann", 0)).toMatchObject({ place: offered(2) });
  });
});

describe("a room asked about a turn", () => {
  test("gives the admission again while it lasts, and says when the turn is over", async () => {
    const sale = await aSale();
    const room = roomOf(sale.id);
    const admitted = await room.admitNow("tkt_ann", "pass:ann", "general");
    if (admitted.kind !== "admitted") throw new Error(admitted.kind);
    expect(await room.turn("tkt_ann", null)).toEqual(admitted);
    await evictDurableObject(room);
    expect(await roomOf(sale.id).turn("tkt_ann", null)).toMatchObject({ token: admitted.token });
    await roomOf(sale.id).leave(admitted.admission.id);
    expect(await roomOf(sale.id).turn("tkt_ann", null)).toEqual({ kind: "over", used: true });
    expect(await roomOf(sale.id).turn("tkt_bob", null)).toEqual({ kind: "open" });
  });

  test("calls a turn over when its window has passed, and not before", async () => {
    const sale = await aSale({}, { claimWindowSeconds: 30 });
    const place = await joinAt(sale, 0);
    expect(await roomOf(sale.id).turn("tkt_ann", place)).toEqual({ kind: "open" });
    await tick(sale);
    expect((await snapshotOf(sale)).lanes["general"]).toMatchObject({ called: 1 });
    expect(await roomOf(sale.id).turn("tkt_ann", place)).toEqual({ kind: "open" });
    pass(29_000);
    await tick(sale);
    expect(await roomOf(sale.id).turn("tkt_ann", place)).toEqual({ kind: "over", used: false });
    const claimed = await roomOf(sale.id).claim({ ...place, id: "tkt_ann", subject: "pass:ann" });
    expect(claimed).toEqual({ kind: "turn_lapsed" });
  });
});

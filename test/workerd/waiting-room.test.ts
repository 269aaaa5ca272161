/**
 * WaitingRoom with its booths on the real platform, tick by tick: whom it calls, whom it lets in,
 * and that nothing of it depends on memory.
 */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Sale } from "../../src/domain/sale/sale.ts";
import type { AdmitOutcome } from "../../durable-objects/waiting-room/signing.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { instant, openSale, roomOf, saleDocument, stockOf } from "./support/shop.ts";

beforeEach(startClock);
afterEach(() => mishaps.silentBooths.clear());

interface Ticket {
  readonly id: string;
  readonly subject: string;
  readonly lane: string;
  readonly cohort: number;
  readonly shard: number;
  readonly index: number;
}

let tickets = 0;

function boothOf(sale: Sale, lane: string, shard: number) {
  return env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(`${sale.id}/${lane}/${shard}`));
}

async function join(sale: Sale, { shard = 0, lane = "general" } = {}): Promise<Ticket> {
  tickets += 1;
  const named = { id: `tkt_${tickets}`, subject: `shopper-${tickets}` };
  const place = await boothOf(sale, lane, shard).join(null);
  return { ...named, lane, shard, ...place };
}

async function joinAll(sale: Sale, shoppers: number): Promise<Ticket[]> {
  return Promise.all(Array.from({ length: shoppers }, () => join(sale)));
}

async function tick(sale: Sale): Promise<void> {
  pass(1000);
  expect(await runDurableObjectAlarm(roomOf(sale.id))).toBe(true);
}

async function lane(sale: Sale, id = "general") {
  const snapshot = await roomOf(sale.id).snapshot();
  return snapshot?.lanes[id];
}

async function seats(sale: Sale) {
  const metrics = await roomOf(sale.id).metrics();
  if (metrics.kind !== "metrics") throw new Error(metrics.kind);
  return metrics.seats;
}

/** Outcomes of claims by the tickets, in the order of the tickets. */
async function claimAll(sale: Sale, claimants: readonly Ticket[]): Promise<AdmitOutcome[]> {
  return Promise.all(claimants.map((ticket) => roomOf(sale.id).claim(ticket)));
}

function kinds(outcomes: readonly AdmitOutcome[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { kind } of outcomes) counted[kind] = (counted[kind] ?? 0) + 1;
  return counted;
}

function aSale(admission: Record<string, unknown> = {}, change: Record<string, unknown> = {}) {
  tickets += 1;
  return saleDocument([{ sku: `SKU-${tickets}`, stock: 100 }], change, {
    claimWindowSeconds: 30,
    ...admission,
  });
}

/** Calls everybody who waits, so that a test can look at claims alone. */
async function calledShoppers(shoppers: number, admission: Record<string, unknown> = {}) {
  const sale = await openSale(aSale(admission));
  const claimants = await joinAll(sale, shoppers);
  await tick(sale);
  expect(await lane(sale)).toMatchObject({ closed: 1, called: shoppers });
  return { sale, claimants };
}

describe("the document", () => {
  test("is taken, taken again unchanged, revised, and refused when it would break a promise", async () => {
    const sale = aSale();
    const room = roomOf(sale.id);
    expect(await room.configure(sale)).toEqual({ kind: "created", revision: 1 });
    expect(await room.configure(sale)).toEqual({ kind: "unchanged", revision: 1 });
    const revised = { ...sale, title: "Another title" };
    expect(await room.configure(revised)).toEqual({ kind: "revised", revision: 2 });
    const refused = await room.configure({ ...revised, currency: "USD" });
    expect(refused).toMatchObject({ kind: "refused", refusals: [{ path: ["currency"] }] });
    await evictDurableObject(room);
    expect(await room.document()).toEqual({ sale: revised, revision: 2 });
  });
});

describe("a tick", () => {
  test("closes a cohort over several booths, and every ticket has a rank of its own", async () => {
    const sale = await openSale(aSale({}, { expectedShoppers: 20_000 }));
    expect(await roomOf(sale.id).snapshot()).toMatchObject({ booths: 4 });
    const shards = [0, 0, 0, 2, 2];
    const claimants = await Promise.all(shards.map((shard) => join(sale, { shard })));
    await tick(sale);
    expect(await roomOf(sale.id).manifest("general", 0)).toMatchObject({
      base: 0,
      counts: [3, 0, 2, 0],
    });
    expect(kinds(await claimAll(sale, claimants))).toEqual({ admitted: 5 });
    const invented = { ...(await join(sale, { shard: 1 })), cohort: 0 };
    expect(await roomOf(sale.id).claim(invented)).toEqual({ kind: "no_such_place" });
    await tick(sale);
    expect(await roomOf(sale.id).manifest("general", 1)).toMatchObject({
      base: 5,
      counts: [0, 1, 0, 0],
    });
  });

  test("calls no more than there are seats, in the order of the cohorts", async () => {
    const sale = await openSale(aSale({ maxActive: 2 }));
    const first = await joinAll(sale, 1);
    await tick(sale);
    const later = await joinAll(sale, 4);
    await tick(sale);
    expect(await lane(sale)).toMatchObject({ closed: 2, called: 2 });
    expect(kinds(await claimAll(sale, first))).toEqual({ admitted: 1 });
    expect(kinds(await claimAll(sale, later))).toEqual({ admitted: 1, not_called: 3 });
    await tick(sale);
    expect(await lane(sale)).toMatchObject({ called: 2 });
    expect(await seats(sale)).toMatchObject({ active: 2 });
  });

  test("calls no faster than the merchant's rate", async () => {
    const sale = await openSale(aSale({ ratePerMinute: 60 }));
    await joinAll(sale, 10);
    const called: (number | undefined)[] = [];
    for (let second = 0; second < 4; second += 1) {
      await tick(sale);
      called.push((await lane(sale))?.called);
    }
    // One second more had passed since the room was founded, and two may be saved up.
    expect(called).toEqual([2, 3, 4, 5]);
  });

  test("gives a seat that was left to the next in line", async () => {
    const sale = await openSale(aSale({ maxActive: 1 }));
    const claimants = await joinAll(sale, 2);
    await tick(sale);
    const outcomes = await claimAll(sale, claimants);
    expect(kinds(outcomes)).toEqual({ admitted: 1, not_called: 1 });
    const admitted = outcomes.find((outcome) => outcome.kind === "admitted");
    const next = claimants[outcomes.findIndex(({ kind }) => kind === "not_called")];
    if (admitted === undefined || next === undefined) throw new Error("nobody was let in");
    expect(await roomOf(sale.id).leave(admitted.admission.id)).toBe("left");
    expect(await roomOf(sale.id).leave(admitted.admission.id)).toBe("not_active");
    await tick(sale);
    expect((await roomOf(sale.id).claim(next)).kind).toBe("admitted");
    expect(await seats(sale)).toMatchObject({ claimed: 2, active: 1, left: 1 });
  });

  test("waits for a booth that never answers, and only that booth's lane waits", async () => {
    const sale = await openSale(aSale({}, { lanes: [{ id: "members" }] }));
    const [anyone, member] = [await join(sale), await join(sale, { lane: "members" })];
    mishaps.silentBooths.add(`${sale.id}/members/0`);
    await tick(sale);
    expect(await lane(sale)).toMatchObject({ closed: 1, called: 1 });
    expect(await lane(sale, "members")).toMatchObject({ closed: 0, called: 0 });
    expect(kinds(await claimAll(sale, [anyone, member]))).toEqual({ admitted: 1, not_called: 1 });
    mishaps.silentBooths.clear();
    await tick(sale);
    expect((await roomOf(sale.id).claim(member)).kind).toBe("admitted");
  });
});

describe("a claim", () => {
  test("repeated, and after an eviction, gets the same admission and no second seat", async () => {
    const { sale, claimants } = await calledShoppers(1);
    const [first] = await claimAll(sale, claimants);
    expect(first?.kind).toBe("admitted");
    const [again] = await claimAll(sale, claimants);
    await evictDurableObject(roomOf(sale.id));
    const [evicted] = await claimAll(sale, claimants);
    expect([again, evicted]).toEqual([first, first]);
    expect(await seats(sale)).toMatchObject({ claimed: 1, active: 1 });
  });

  test("whose ticket's cohort is still open is told that it is not called", async () => {
    const sale = await openSale(aSale());
    expect(kinds(await claimAll(sale, await joinAll(sale, 3)))).toEqual({ not_called: 3 });
  });

  test("past the claim window has lapsed, and the call passes on to the next", async () => {
    const sale = await openSale(aSale({ maxActive: 1 }));
    const claimants = await joinAll(sale, 2);
    await tick(sale);
    pass(29_000);
    await tick(sale);
    const outcomes = await claimAll(sale, claimants);
    expect(kinds(outcomes)).toEqual({ turn_lapsed: 1, admitted: 1 });
    expect(await seats(sale)).toMatchObject({ lapsed: 1, active: 1 });
  });

  test("when every seat is taken keeps its turn past the window", async () => {
    const { sale, claimants } = await calledShoppers(2);
    await roomOf(sale.id).change({ maxActive: 1 });
    const outcomes = await claimAll(sale, claimants);
    expect(kinds(outcomes)).toEqual({ admitted: 1, seats_full: 1 });
    const kept = claimants[outcomes.findIndex(({ kind }) => kind === "seats_full")];
    const admitted = outcomes.find((outcome) => outcome.kind === "admitted");
    if (kept === undefined || admitted === undefined) throw new Error("nobody was kept waiting");
    pass(28_000);
    expect((await roomOf(sale.id).claim(kept)).kind).toBe("seats_full");
    pass(10_000);
    await tick(sale);
    // A gate tells `lapsed` from this number alone.
    const { lanes } = (await roomOf(sale.id).snapshot()) ?? {};
    expect(lanes).toMatchObject({ general: { lapsedBelow: 0 } });
    await roomOf(sale.id).leave(admitted.admission.id);
    expect((await roomOf(sale.id).claim(kept)).kind).toBe("admitted");
    expect(await seats(sale)).toMatchObject({ claimed: 2, active: 1, left: 1, lapsed: 0 });
  });

  test("in a pause is held up, and its window does not run", async () => {
    const { sale, claimants } = await calledShoppers(1);
    await roomOf(sale.id).act("pause");
    expect(kinds(await claimAll(sale, claimants))).toEqual({ held_up: 1 });
    for (let second = 0; second < 60; second += 1) await tick(sale);
    await roomOf(sale.id).act("resume");
    expect(kinds(await claimAll(sale, claimants))).toEqual({ admitted: 1 });
  });

  test("in a room that has sold out is held up until units come back", async () => {
    const { sale, claimants } = await calledShoppers(1);
    const [item] = sale.items;
    if (item === undefined) throw new Error("a sale without items");
    const stock = stockOf(item.sku);
    const all = { id: "all", kind: "adjust", quantity: -100, reason: "water damage" } as const;
    await stock.move(all);
    await runDurableObjectAlarm(stock);
    expect(await roomOf(sale.id).snapshot()).toMatchObject({ soldOut: true });
    expect(kinds(await claimAll(sale, claimants))).toEqual({ held_up: 1 });
    pass(1000);
    await stock.move({ id: "some", kind: "receive", quantity: 1, reason: "found one" });
    await runDurableObjectAlarm(stock);
    expect(kinds(await claimAll(sale, claimants))).toEqual({ admitted: 1 });
  });

  test("after the end is told that the sale is over", async () => {
    const { sale, claimants } = await calledShoppers(1);
    await roomOf(sale.id).act("end");
    expect(kinds(await claimAll(sale, claimants))).toEqual({ sale_over: 1 });
  });
});

describe("with nobody waiting", () => {
  test("shoppers are let in at once, until the first refusal turns queueing on, and a drained line off", async () => {
    const sale = await openSale(aSale({ maxActive: 2 }));
    const admit = (id: string) => roomOf(sale.id).admitNow(`now_${id}`, id, "general");
    const ann = await admit("ann");
    expect(ann.kind).toBe("admitted");
    pass(1000);
    expect(await admit("ann")).toEqual(ann);
    expect((await seats(sale)).active).toBe(1);
    expect((await admit("bob")).kind).toBe("admitted");
    pass(1000);
    expect((await admit("cid")).kind).toBe("queue");
    expect(await roomOf(sale.id).snapshot()).toMatchObject({ queueing: true });
    const late = await join(sale);
    await tick(sale);
    expect(await roomOf(sale.id).snapshot()).toMatchObject({ queueing: true });
    expect(kinds(await claimAll(sale, [late]))).toEqual({ not_called: 1 });
    expect(await seats(sale)).toMatchObject({ active: 2 });
    if (ann.kind === "admitted") await roomOf(sale.id).leave(ann.admission.id);
    await tick(sale);
    expect(kinds(await claimAll(sale, [late]))).toEqual({ admitted: 1 });
    expect(await roomOf(sale.id).snapshot()).toMatchObject({ queueing: false });
  });

  test("the pre-queue lets nobody in at once", async () => {
    const startsAt = instant(Date.now() + 60_000);
    const sale = await openSale(aSale({}, { startsAt }));
    expect(await roomOf(sale.id).admitNow("now_ann", "ann", "general")).toEqual({ kind: "queue" });
  });
});

test("with every object evicted between steps the room goes on, and no place is given twice", async () => {
  // An evicted booth skips places; they are called like others, so nobody here waits for a seat.
  const sale = await openSale(aSale({ maxActive: 100_000, overcall: 1000 }));
  const claimants: Ticket[] = [];
  for (let round = 0; round < 4; round += 1) {
    claimants.push(await join(sale));
    await evictDurableObject(boothOf(sale, "general", 0));
    await tick(sale);
    await evictDurableObject(roomOf(sale.id));
    expect(kinds(await claimAll(sale, claimants))).toEqual({ admitted: round + 1 });
  }
  const places = new Set(claimants.map(({ cohort, index }) => `${cohort}/${index}`));
  expect(places.size).toBe(4);
  expect(await lane(sale)).toMatchObject({ closed: 4 });
  expect(await seats(sale)).toMatchObject({ claimed: 4, active: 4 });
});

/**
 * Laws of the waiting room, over random lives of a room. What must hold after each step (called
 * only grows, seats are never exceeded, nobody comes in uncalled, a repeated claim is the same
 * admission, no call gets lost, a token that lost its seat gets nobody in) is checked inside
 * `RoomWorld`.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EXTENSION_MAX_S } from "../../../src/domain/limits.ts";
import { THROTTLE_MIN } from "../../../src/domain/room/throttle.ts";
import { shareCalls, tick, waitingIn } from "../../../src/domain/room/calls.ts";
import {
  isSoldOut,
  openRoom,
  reportLevel,
  type RoomState,
} from "../../../src/domain/room/room-state.ts";
import type { Sale } from "../../../src/domain/sale/sale.ts";
import { RoomWorld, type Act } from "../support/room-world.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

const who = fc.nat({ max: 1000 });
const ticks = fc.oneof(
  { weight: 5, arbitrary: fc.constant(1000) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 15_000 }) },
);
const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("arrive"),
      lane: fc.constantFrom("general", "members"),
      people: fc.nat({ max: 8 }),
      dead: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 4 })),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("tick"), after_ms: ticks }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("claim"), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("leave", "spend"), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("revoke"), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("extend"),
      who,
      seconds: fc.oneof(fc.constantFrom(1, 60, EXTENSION_MAX_S), fc.integer({ min: 1, max: 7200 })),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "come_directly" }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "pause" }, { kind: "resume" }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("seats"), maxActive: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("pipeline"),
      bears: fc.constantFrom(THROTTLE_MIN, 0.1, 0.25, 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("stock"),
      available: fc.nat({ max: 6 }),
      held: fc.nat({ max: 2 }),
    }),
  },
);
const stories = fc.array(acts, { maxLength: 120, size: "large" });
const sales: fc.Arbitrary<Sale> = fc
  .record({
    ratePerMinute: fc.constantFrom(30, 60, 600),
    maxActive: fc.integer({ min: 1, max: 6 }),
    overcall: fc.constantFrom(1, 1.5, 2, 4),
    // Before and after an admission's longest life is over.
    endsAt: fc.constantFrom("2026-11-27T12:00:00Z", "2026-11-30T12:00:00Z"),
    guardsOnly: fc.boolean(),
  })
  .map(({ endsAt, guardsOnly, ...rules }) => {
    const change = guardsOnly ? { endsAt, items: [] } : { endsAt };
    return saleOf({ ...rules, claimWindowSeconds: 8, sessionSeconds: 30 }, change);
  });

async function live(sale: Sale, story: readonly Act[]): Promise<RoomWorld> {
  const world = new RoomWorld(sale, STARTS_MS);
  world.report(20, 0);
  for (const act of story) await world.act(act);
  return world;
}

describe("through arrivals, claims, no-shows, leaves, pauses, changing stock and an origin's word", () => {
  test("every promise holds after every step (P7, P8)", async () => {
    await fc.assert(
      fc.asyncProperty(sales, stories, async (sale, story) => {
        await expect(live(sale, story)).resolves.toBeInstanceOf(RoomWorld);
      }),
      { numRuns: 400 },
    );
  });

  test("everyone is called in the end, while there are units and the sale lasts", async () => {
    await fc.assert(
      fc.asyncProperty(
        sales,
        stories,
        fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
        async (sale, story, shows) => {
          const world = await live(sale, story);
          await world.act({ kind: "resume" });
          await world.act({ kind: "pipeline", bears: 1 });
          await world.act({ kind: "stock", available: 20, held: 0 });
          await world.act({ kind: "tick", after_ms: 1000 });
          for (let second = 0; second < 1500 && waiting(world.room) > 0; second += 1) {
            await world.act({ kind: "tick", after_ms: 1000 });
            world.shoppers.forEach((shopper, index) => {
              if (shows[index % 7] && !world.admissions.has(shopper.ticket.id))
                world.claim(shopper);
            });
            await world.act({ kind: "leave", who: second });
          }
          expect(waiting(world.room)).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a called shopper who keeps asking gets in, also when others took every seat", async () => {
    await fc.assert(
      fc.asyncProperty(sales, stories, async (sale, story) => {
        const world = await live(sale, story);
        await world.act({ kind: "resume" });
        await world.act({ kind: "pipeline", bears: 1 });
        await world.act({ kind: "stock", available: 20, held: 0 });
        await world.act({ kind: "arrive", lane: "general", people: 1, dead: 0 });
        const last = world.shoppers.at(-1);
        if (last === undefined) throw new Error("somebody has just come");
        const outcomes = new Set<string>();
        for (let second = 0; second < 1500 && !world.admissions.has(last.ticket.id); second += 1) {
          // Called while there are six seats, and then there is one: turns have to be kept.
          await world.act({ kind: "seats", maxActive: 6 });
          await world.act({ kind: "tick", after_ms: 1000 });
          await world.act({ kind: "seats", maxActive: 1 });
          const eager = world.shoppers.filter(({ ticket }) => !world.admissions.has(ticket.id));
          for (const shopper of eager.slice(0, -1)) world.claim(shopper);
          outcomes.add(world.claim(last).kind);
          if (second % 4 === 0) await world.act({ kind: "leave", who: 0 });
        }
        expect(outcomes).toContain("admitted");
        expect(outcomes).not.toContain("turn_lapsed");
        await world.act({ kind: "tick", after_ms: 1000 });
      }),
      { numRuns: 40 },
    );
  });
});

function waiting(room: RoomState): number {
  return room.lanes.reduce((sum, lane) => sum + waitingIn(lane), 0);
}

/** A room whose lanes never run dry, with seats and units for everybody. */
function crowded(weights: readonly number[], ratePerMinute: number): RoomState {
  const lanes = weights.slice(1).map((weight, index) => ({ id: `lane-${index}`, weight }));
  const sale = saleOf({ ratePerMinute, maxActive: 1_000_000 }, { lanes });
  const room = openRoom(sale, STARTS_MS);
  const units = { received: 1e6, available: 1e6, held: 0, ordered: 0, sold: 0, buffer: 0 };
  const stocked = reportLevel(room, { sku: "AIR-42", ...units, seq: 1 });
  const full = stocked.lanes.map((lane, index) => {
    return { ...lane, weight: weights[index] ?? 1, places: 1_000_000, closed: 1 };
  });
  return { ...stocked, lanes: full };
}

describe("lanes", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });

  test("share the calls by weight, to within one call after every tick, at any rate", () => {
    const rates = fc.constantFrom(20, 60, 90, 400);
    fc.assert(
      fc.property(weights, rates, (weights, ratePerMinute) => {
        let room = crowded(weights, ratePerMinute);
        const sum = room.lanes.reduce((all, { weight }) => all + weight, 0);
        for (let second = 1; second <= 120; second += 1) {
          room = tick(
            room,
            { claimWindow_ms: 1000, overcall: 2 },
            { arrivals: false, pipelineBears: 1 },
            STARTS_MS + second * 1000,
          );
          const called = room.lanes.reduce((all, lane) => all + lane.called, 0);
          for (const lane of room.lanes) {
            const fair = (called * lane.weight) / sum;
            expect(Math.abs(lane.called - fair)).toBeLessThanOrEqual(1);
          }
        }
        expect(room.lanes.every(({ called }) => called > 0)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("with nobody waiting leave their share to the others", () => {
    fc.assert(
      fc.property(weights, fc.nat({ max: 30 }), fc.nat({ max: 9 }), (weights, calls, few) => {
        const lanes = crowded(weights, 60).lanes.map((lane, index) => {
          return { ...lane, places: index === 0 ? calls : few };
        });
        const given = [...shareCalls(lanes, calls).values()].map((share) => share.calls);
        expect(given.reduce((sum, share) => sum + share, 0)).toBe(calls);
        given.forEach((share, index) => {
          expect(share).toBeLessThanOrEqual(index === 0 ? calls : few);
        });
      }),
    );
  });
});

describe("under throttle", () => {
  /** What the pipeline bears, for how many seconds. */
  const weather = fc.array(
    fc.record({
      bears: fc.constantFrom(THROTTLE_MIN, 0.1, 0.25, 0.6, 1),
      seconds: fc.integer({ min: 1, max: 40 }),
    }),
    { minLength: 1, maxLength: 6 },
  );

  test("no minute has more calls than the rate allows at the least pressing moment of it", () => {
    fc.assert(
      fc.property(fc.constantFrom(60, 600, 6000), weather, (ratePerMinute, weather) => {
        let room = crowded([1], ratePerMinute);
        const seen: { called: number; throttle: number }[] = [{ called: 0, throttle: 1 }];
        for (const { bears, seconds } of weather) {
          for (let second = 0; second < seconds; second += 1) {
            const now = STARTS_MS + seen.length * 1000;
            const surroundings = { arrivals: false, pipelineBears: bears };
            room = tick(room, { claimWindow_ms: 1000, overcall: 2 }, surroundings, now);
            seen.push({ called: room.lanes[0]?.called ?? 0, throttle: room.throttle.value });
          }
        }
        const perSecond = ratePerMinute / 60;
        seen.forEach(({ called }, from) => {
          const minute = seen.slice(from + 1, from + 61);
          const most = Math.max(...minute.map(({ throttle }) => throttle), 0);
          // What was saved up before is at most two seconds' worth of then, cut to that of now.
          const saved = Math.max(perSecond * most * 2, 1);
          const allowed = perSecond * most * minute.length + saved;
          const calls = (minute.at(-1)?.called ?? called) - called;
          expect(calls).toBeLessThanOrEqual(allowed + 1e-6);
        });
      }),
      { numRuns: 100 },
    );
  });

  test("that has gone a room calls as one that never knew any", () => {
    const rules = { claimWindow_ms: 8000, overcall: 2 };
    const at = (room: RoomState, second: number, pipelineBears: number): RoomState => {
      return tick(room, rules, { arrivals: false, pipelineBears }, STARTS_MS + second * 1000);
    };
    let pressed = at(crowded([1, 3], 600), 1, THROTTLE_MIN);
    for (let second = 2; second <= 25; second += 1) pressed = at(pressed, second, 1);
    expect(pressed.throttle.value).toBe(1);
    const called = (room: RoomState): number => room.lanes.reduce((sum, l) => sum + l.called, 0);
    expect(called(at(pressed, 26, 1)) - called(pressed)).toBe(10);
  });
});

test("a sold-out room calls nobody, and goes on when units come back", async () => {
  const world = new RoomWorld(saleOf({ claimWindowSeconds: 8 }), STARTS_MS);
  await world.act({ kind: "stock", available: 0, held: 0 });
  await world.act({ kind: "arrive", lane: "general", people: 5, dead: 0 });
  for (let second = 0; second < 20; second += 1) await world.act({ kind: "tick", after_ms: 1000 });
  expect(isSoldOut(world.room)).toBe(true);
  expect(waiting(world.room)).toBe(5);
  await world.act({ kind: "stock", available: 1, held: 0 });
  await world.act({ kind: "tick", after_ms: 1000 });
  expect(waiting(world.room)).toBe(3);
});

test("a sale without items calls on without any stock, as far as there are seats", async () => {
  const rules = { claimWindowSeconds: 8, maxActive: 3 };
  const world = new RoomWorld(saleOf(rules, { items: [] }), STARTS_MS);
  await world.act({ kind: "arrive", lane: "general", people: 9, dead: 0 });
  await world.act({ kind: "tick", after_ms: 1000 });
  for (let second = 0; second < 60 && waiting(world.room) > 0; second += 1) {
    await world.act({ kind: "tick", after_ms: 1000 });
    for (const shopper of world.shoppers) world.claim(shopper);
    expect(world.room.seats.active).toBeLessThanOrEqual(3);
    await world.act({ kind: "revoke", who: second });
  }
  expect(waiting(world.room)).toBe(0);
  expect(world.room.seats.left).toBeGreaterThanOrEqual(5);
});

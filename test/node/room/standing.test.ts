/**
 * Where a shopper stands, in every state, and when they are told to ask again.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { POLL_AFTER_MAX_S, POLL_AFTER_MIN_S } from "../../../src/domain/limits.ts";
import type { RoomSnapshot } from "../../../src/domain/room/snapshot.ts";
import {
  admittedStanding,
  laneIn,
  pollAfter,
  SHOPPER_STATES,
  standingOf,
  waitOf,
  type Seen,
} from "../../../src/domain/room/standing.ts";
import { ENDS_MS, OPENS_MS, STARTS_MS } from "../support/sale-document.ts";

const LIVE: RoomSnapshot = {
  sale: "air-one",
  phase: "live",
  paused: false,
  soldOut: false,
  queueing: true,
  throttle: 1,
  schedule: { opensAt_ms: OPENS_MS, startsAt_ms: STARTS_MS, endsAt_ms: ENDS_MS },
  lanes: { general: { closed: 3, called: 40, lapsedBelow: 10, pace: 2 } },
  booths: 1,
  stock: [{ sku: "AIR-42", available: 30, level: "low" }],
  unitsLeft: 30,
  claimWindow_s: 120,
  message: "hello",
  commitment: "c0ffee",
  revision: 1,
  version: 9,
  at_ms: STARTS_MS + 500,
};
const TICKET = { lane: "general", cohort: 2 };

function seen(change: Partial<RoomSnapshot> = {}, at: Partial<Seen> = {}): Seen {
  const snapshot = { ...LIVE, ...change };
  return { snapshot, stale: false, now: STARTS_MS + 1000, chance: 0.5, ...at };
}

describe("a shopper", () => {
  const rows = [
    ["prequeue", { phase: "scheduled" }, null],
    ["prequeue", { phase: "prequeue" }, null],
    ["prequeue", { phase: "prequeue", paused: true, soldOut: true }, null],
    ["queued", {}, null],
    ["queued", {}, 40],
    ["called", {}, 39],
    ["called", {}, 10],
    ["lapsed", {}, 9],
    ["lapsed", { soldOut: true, paused: true }, 9],
    ["sold_out", { soldOut: true }, 99],
    ["sold_out", { soldOut: true, paused: true }, 39],
    ["paused", { paused: true }, 99],
    ["paused", { paused: true }, 39],
    ["ended", { phase: "ended", soldOut: true, paused: true }, 9],
    ["ended", { phase: "ended" }, null],
  ] as const;
  test.each(rows)("is %s when the room is %j and the rank %s", (state, change, rank) => {
    expect(standingOf(TICKET, rank, seen(change)).state).toBe(state);
  });

  test("who is in the shop is admitted until the sale ends", () => {
    expect(admittedStanding("general", seen()).state).toBe("admitted");
    expect(admittedStanding("general", seen({ phase: "ended" })).state).toBe("ended");
  });

  test("may be in each of the named states", () => {
    const reached = new Set<string>(["admitted", ...rows.map(([state]) => state)]);
    expect(reached).toEqual(new Set(SHOPPER_STATES));
  });

  test("at position 1 is the next to be called", () => {
    expect(standingOf(TICKET, 40, seen())).toMatchObject({ rank: 40, called: 40, position: 1 });
    expect(standingOf(TICKET, 41, seen()).position).toBe(2);
    expect(standingOf(TICKET, 39, seen()).position).toBe(0);
    expect(standingOf(TICKET, 0, seen()).position).toBe(0);
  });

  test("without a rank has no position, no odds and no wait", () => {
    const standing = standingOf(TICKET, null, seen());
    expect(standing).toMatchObject({ rank: null, position: null, odds: null, wait: null });
  });

  test("is told the wait from the pace, as a range around it", () => {
    expect(standingOf(TICKET, 40 + 99, seen()).wait).toEqual({ low_s: 35, high_s: 77 });
    expect(standingOf(TICKET, 39, seen()).wait).toBeNull();
    expect(waitOf(100, 0)).toBeNull();
  });

  test("is told the odds, at first units left over the place in line, at most 1", () => {
    expect(standingOf(TICKET, 40 + 59, seen()).odds).toBe(0.5);
    expect(standingOf(TICKET, 40, seen()).odds).toBe(1);
    expect(standingOf(TICKET, 40, seen({ soldOut: true, unitsLeft: 0 })).odds).toBe(0);
    expect(standingOf(TICKET, 39, seen()).odds).toBeNull();
  });

  test("counts who is called or in, and the other lanes by weight, as before them", () => {
    const odds = { took: 0, without: 0, perTaker: 1, inFlight: 20 };
    expect(standingOf(TICKET, 40 + 39, seen({ odds })).odds).toBe(0.5);
    const [closed, called, lapsedBelow, pace] = [3, 40, 10, 2];
    const lane = { closed, called, lapsedBelow, pace };
    const both = (waiting: number) => {
      const general = { ...lane, waiting: 1000, weight: 1 };
      return { general, members: { ...lane, waiting, weight: 2 } };
    };
    expect(standingOf(TICKET, 40 + 19, seen({ lanes: both(1000) })).odds).toBe(0.5);
    expect(standingOf(TICKET, 40 + 59, seen({ lanes: both(0) })).odds).toBe(0.5);
    expect(standingOf(TICKET, 40 + 49, seen({ lanes: both(10) })).odds).toBe(0.5);
  });

  test("near the front is told more, and far behind less, once places were seen to take", () => {
    const odds = { took: 60, without: 60, perTaker: 1, inFlight: 0 };
    const told = [44, 59, 99].map((ahead) => standingOf(TICKET, 40 + ahead, seen({ odds })).odds);
    expect(told[0]).toBeGreaterThan(0.9);
    expect(told[1]).toBeCloseTo(0.5, 1);
    expect(told[2]).toBeLessThan(0.01);
  });

  test("of a lane the room does not know yet waits in it", () => {
    const standing = standingOf({ lane: "vip", cohort: 0 }, null, seen());
    expect(standing).toMatchObject({ state: "queued", lane: "vip", called: 0 });
  });

  test("sees what the room said, when it said it, and whether that is old", () => {
    const standing = standingOf(TICKET, 50, seen({}, { stale: true }));
    expect(standing).toMatchObject({ message: "hello", stale: true, at_ms: LIVE.at_ms });
  });

  test("sees levels, and units only where the sale shows them", () => {
    const shown = standingOf(TICKET, 50, seen({ showsUnits: true }));
    expect(shown.stock).toEqual(LIVE.stock);
    const levels = LIVE.stock.map((level) => ({ ...level, available: null }));
    expect(standingOf(TICKET, 50, seen({})).stock).toEqual(levels);
  });
});

describe("when to ask again", () => {
  const moments = fc.record({
    phase: fc.constantFrom("scheduled", "prequeue", "live", "ended"),
    claimWindow_s: fc.integer({ min: 5, max: 3600 }),
    now: fc.integer({ min: OPENS_MS - 1e9, max: ENDS_MS + 1e9 }),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
    pace: fc.double({ min: 0, max: 1e4, noNaN: true }),
    rank: fc.option(fc.nat({ max: 2_000_000 })),
    paused: fc.boolean(),
  });

  test("is between 2 s and half the claim window, so that a rising rate lapses nobody", () => {
    fc.assert(
      fc.property(moments, ({ now, chance, pace, rank, ...change }) => {
        const lanes = { general: { closed: 3, called: 40, lapsedBelow: 10, pace } };
        const standing = standingOf(TICKET, rank, seen({ ...change, lanes }, { now, chance }));
        expect(standing.pollAfter_s).toBeGreaterThanOrEqual(POLL_AFTER_MIN_S);
        const half = Math.max(change.claimWindow_s / 2, POLL_AFTER_MIN_S);
        expect(standing.pollAfter_s).toBeLessThanOrEqual(Math.min(half, POLL_AFTER_MAX_S));
      }),
      { numRuns: 500 },
    );
  });

  test("grows with the distance, by about a fifth of the wait", () => {
    const delays = [40, 140, 340].map((rank) => standingOf(TICKET, rank, seen()).pollAfter_s);
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(pollAfter(seen(), 100)).toBe(20);
  });

  test("is soon for those who are called or have lapsed", () => {
    expect(standingOf(TICKET, 39, seen()).pollAfter_s).toBe(POLL_AFTER_MIN_S);
    expect(standingOf(TICKET, 9, seen()).pollAfter_s).toBe(POLL_AFTER_MIN_S);
  });

  test("differs by chance, so that a line does not poll in step", () => {
    const first = pollAfter(seen({}, { chance: 0 }), 100);
    const last = pollAfter(seen({}, { chance: 1 }), 100);
    expect([first, last]).toEqual([17, 23]);
  });

  test("just before the start is at the start or after it, spread over seconds", () => {
    const soon = { now: STARTS_MS - 10_000 };
    const change = { phase: "prequeue" } as const;
    const delays = [0, 0.5, 1].map((chance) => pollAfter(seen(change, { ...soon, chance }), null));
    for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(10);
    expect(new Set(delays).size).toBe(3);
  });
});

test("a lane is one of the sale's own, not what every object has", () => {
  expect(laneIn(LIVE, "general")?.called).toBe(40);
  for (const lane of ["vip", "__proto__", "constructor", "toString"]) {
    expect(laneIn(LIVE, lane)).toBeNull();
  }
});

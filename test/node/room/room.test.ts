/**
 * The waiting room case by case: whom a tick calls, who is let in and why not, the direct way in,
 * and the merchant's actions. What holds over whole lives of a room is in `room-laws.test.ts`.
 */
import { describe, expect, test } from "vitest";
import * as calls from "../../../src/domain/room/calls.ts";
import { admitNow, claim, freeSeat, type Claim } from "../../../src/domain/room/claims.ts";
import * as rooms from "../../../src/domain/room/room-state.ts";
import { ENDS_MS, OPENS_MS, saleOf, STARTS_MS } from "../support/sale-document.ts";

const RULES = { claimWindow_ms: 10_000, session_ms: 60_000, overcall: 2 };
const T = STARTS_MS;

/** A live room of one lane in which `waiting` shoppers wait for `units`. */
function roomOf(waiting: number, units: number, admission: object = {}): rooms.RoomState {
  const room = rooms.openRoom(saleOf(admission, { lanes: [] }), T);
  const none = { received: units, ordered: 0, sold: 0, buffer: 0 };
  const level = { sku: "AIR-42", available: units, held: 0, ...none, seq: 1 };
  const stocked = rooms.reportLevel(room, level);
  return calls.closeCohortInRoom(stocked, { lane: "general", k: 0, places: waiting });
}

function tick(room: rooms.RoomState, at_s: number, arrivals = false): rooms.RoomState {
  return calls.tick(room, RULES, { arrivals, pipelineBears: 1 }, T + at_s * 1000);
}

function called(room: rooms.RoomState): number {
  return room.lanes[0]?.called ?? -1;
}

function ticket(rank: number | null, change: Partial<Claim> = {}): Claim {
  const who = { ticket: `t${rank}`, subject: "ann", lane: "general" };
  return { ...who, rank, existing: null, ...change };
}

describe("a tick calls", () => {
  test("by the rate, saving up at most two seconds' worth", () => {
    const room = roomOf(1000, 1000, { ratePerMinute: 600 });
    expect(called(tick(room, 1))).toBe(11);
    expect(called(tick(room, 3600 - 1))).toBe(20);
  });

  test("by a part of the rate under throttle, and forgets what was saved up without any", () => {
    let room: rooms.RoomState = {
      ...roomOf(1000, 1000, { ratePerMinute: 600 }),
      rateTokens: 20,
    };
    const seen = [1, 2, 3].map((at_s) => {
      const surroundings = { arrivals: false, pipelineBears: 0.1 };
      room = calls.tick(room, RULES, surroundings, T + at_s * 1000);
      return called(room);
    });
    expect(seen).toEqual([2, 3, 4]);
  });

  test("one now and then when the rate is less than one a tick", () => {
    let room = roomOf(10, 10, { ratePerMinute: 20 });
    const seen = [1, 2, 3, 4, 5, 6].map((at_s) => called((room = tick(room, at_s))));
    expect(seen).toEqual([1, 1, 1, 2, 2, 2]);
  });

  test("by the units left, more than there are by the overcall", () => {
    expect(called(tick(roomOf(1000, 3, { ratePerMinute: 60_000 }), 1))).toBe(6);
  });

  test("by the free seats, counting on one in ten not to come", () => {
    const room = roomOf(1000, 1000, { ratePerMinute: 60_000, maxActive: 100 });
    const first = tick(room, 1);
    expect(called(first)).toBe(100);
    expect(called(tick(first, 2))).toBeLessThan(125);
    expect(called(tick({ ...room, seats: { ...room.seats, active: 100 } }, 1))).toBe(0);
  });

  test("nobody who does not wait, and nobody before the start or after the end", () => {
    expect(called(tick(roomOf(3, 1000), 1))).toBe(3);
    expect(called(tick(roomOf(3, 1000), -1))).toBe(0);
    expect(called(tick(roomOf(3, 1000), (ENDS_MS - T) / 1000))).toBe(0);
  });

  test("others when a call has lapsed, and counts the lapse", () => {
    const room = roomOf(9, 1, { ratePerMinute: 60_000 });
    const first = tick(room, 1);
    expect(called(first)).toBe(2);
    expect(called(tick(first, 10))).toBe(2);
    const later = tick(first, 11);
    expect(called(later)).toBe(4);
    expect(later.seats.lapsed).toBe(2);
    expect(later.lanes[0]?.lapsedBelow).toBe(2);
  });

  test("nobody while paused, and no claim window runs meanwhile", () => {
    const first = tick(roomOf(9, 1, { ratePerMinute: 60_000 }), 1);
    let room: rooms.RoomState = { ...first, paused: true };
    for (let at_s = 2; at_s <= 100; at_s += 1) room = tick(room, at_s);
    expect(called(room)).toBe(2);
    expect(claim(room, ticket(0), RULES, T + 100_000).outcome.kind).toBe("held_up");
    const resumed = tick({ ...room, paused: false }, 101);
    expect(resumed.seats.lapsed).toBe(0);
    expect(claim(resumed, ticket(0), RULES, T + 101_000).outcome.kind).toBe("admitted");
  });

  test("queueing goes on while somebody waits or came, and ends when the line is drained", () => {
    expect(tick(roomOf(30, 100, { ratePerMinute: 600 }), 1).queueing).toBe(true);
    expect(tick(roomOf(3, 100, { ratePerMinute: 600 }), 1, true).queueing).toBe(true);
    expect(tick(roomOf(3, 100, { ratePerMinute: 600 }), 1).queueing).toBe(false);
  });
});

describe("a claim", () => {
  const room = tick(roomOf(9, 2, { ratePerMinute: 60_000, maxActive: 300 }), 1);
  const now = T + 2000;
  const admitted = claim(room, ticket(1), RULES, now);

  test("of a called shopper is admitted, until the session or the sale ends", () => {
    expect(admitted.outcome).toMatchObject({
      kind: "admitted",
      isNew: true,
      admission: { id: "adm_t1", standing: "active", expiresAt_ms: now + 60_000 },
    });
    expect(admitted.room.seats).toMatchObject({ claimed: 1, active: 1 });
    const late = { ...RULES, session_ms: 1e12 };
    const last = claim(room, ticket(1), late, now).outcome;
    expect(last).toMatchObject({ admission: { expiresAt_ms: ENDS_MS } });
  });

  test("repeated gets the same admission; after it was used, the turn is over", () => {
    if (admitted.outcome.kind !== "admitted") throw new Error("the claim was in time");
    const existing = admitted.outcome.admission;
    const again = claim(admitted.room, ticket(1, { existing }), RULES, now + 59_999);
    expect(again.outcome).toEqual({ kind: "admitted", admission: existing, isNew: false });
    expect(again.room).toBe(admitted.room);
    const expired = claim(admitted.room, ticket(1, { existing }), RULES, now + 60_000);
    expect(expired.outcome.kind).toBe("turn_lapsed");
    const left = { ...existing, standing: "left" } as const;
    const gone = claim(admitted.room, ticket(1, { existing: left }), RULES, now);
    expect(gone.outcome.kind).toBe("turn_lapsed");
  });

  const paused = { ...room, paused: true };
  const lapsed = tick(room, 11);
  const full = { ...room, seats: { ...room.seats, active: 300 } };
  const at_ms = (ms: number): number => T + 1000 + ms;
  test.each([
    ["not called: the next rank", room, ticket(4), now, "not_called"],
    ["not called: the cohort is open", room, ticket(null), now, "not_called"],
    ["not called: an unknown lane", room, ticket(0, { lane: "vip" }), now, "not_called"],
    ["not called, before held up", paused, ticket(4), now, "not_called"],
    [
      "the last millisecond before the window's end is told",
      room,
      ticket(0),
      at_ms(19_999),
      "admitted",
    ],
    ["after the tick that ends the window", lapsed, ticket(0), at_ms(10_000), "turn_lapsed"],
    ["too late, before held up", { ...lapsed, paused: true }, ticket(0), now, "turn_lapsed"],
    ["paused", paused, ticket(0), now, "held_up"],
    ["paused, before seats full", { ...full, paused: true }, ticket(0), now, "held_up"],
    ["seats full", full, ticket(0), now, "seats_full"],
    ["the sale is over", room, ticket(0), ENDS_MS, "sale_over"],
    ["over, before not called", room, ticket(4), ENDS_MS, "sale_over"],
    ["before the start", room, ticket(0), T - 1, "not_called"],
  ] as const)("%s", (_, room, asked, now, kind) => {
    expect(claim(room, asked, RULES, now).outcome.kind).toBe(kind);
  });

  test("in time but without a seat is kept for a whole window, and lapses with its batch", () => {
    const refused = claim(full, ticket(0), RULES, now + 4000);
    expect(refused.outcome).toEqual({ kind: "seats_full", keepUntil_ms: now + 14_000 });
    const late = tick(refused.room, 15);
    expect(late.seats.lapsed).toBe(0);
    const seat = freeSeat(late, "left");
    const taken = claim(seat, ticket(0), RULES, T + 15_000);
    expect(taken.outcome.kind).toBe("admitted");
    expect(tick(taken.room, 16).seats.lapsed).toBe(3);
    expect(tick(seat, 15.999).lanes[0]?.lapsedBelow).toBe(0);
    expect(tick(seat, 16).lanes[0]?.lapsedBelow).toBe(4);
  });

  test("that asks again and again is written down only now and then", () => {
    const first = claim(full, ticket(0), RULES, now);
    const again = claim(first.room, ticket(0), RULES, now + 1249);
    expect(again.room).toBe(first.room);
    expect(again.outcome).toEqual(first.outcome);
    const later = claim(first.room, ticket(0), RULES, now + 1250);
    expect(later.outcome).toEqual({ kind: "seats_full", keepUntil_ms: now + 11_250 });
    expect(later.room.calls[0]?.kept).toEqual([0]);
  });
});

describe("the direct way in", () => {
  const open = {
    ...roomOf(0, 9, { ratePerMinute: 60, maxActive: 2 }),
    queueing: false,
    rateTokens: 0,
  };
  const asked = (id: string) => ({ ticket: id, subject: id, lane: "general", existing: null });
  const now = T + 1000;

  test("is open while nobody waits: by rate, seats and units", () => {
    const first = admitNow(open, asked("a"), RULES, now);
    expect(first.outcome.kind).toBe("admitted");
    const tooSoon = admitNow(first.room, asked("b"), RULES, now + 500);
    expect(tooSoon.outcome.kind).toBe("queue");
    expect(admitNow(first.room, asked("b"), RULES, now + 1000).outcome.kind).toBe("admitted");
  });

  test("lets in the first shopper of an empty sale at once, at any rate", () => {
    for (const ratePerMinute of [1, 6, 6000]) {
      const empty = { ...roomOf(0, 9, { ratePerMinute, maxActive: 2 }), queueing: false };
      const first = admitNow(empty, asked("a"), RULES, empty.tickedAt_ms);
      expect(first.outcome.kind, `${ratePerMinute} a minute`).toBe("admitted");
      const second = admitNow(first.room, asked("b"), RULES, empty.tickedAt_ms);
      expect(second.outcome.kind, `${ratePerMinute} a minute`).toBe("queue");
    }
  });

  test("lets in fewer under throttle, and makes the others queue", () => {
    const pressed = { ...open, rateTokens: 1, throttle: { value: 0.1, at_ms: now } };
    const first = admitNow(pressed, asked("a"), RULES, now);
    expect(first.outcome.kind).toBe("admitted");
    expect(admitNow(first.room, asked("b"), RULES, now + 9000).outcome.kind).toBe("queue");
    expect(admitNow(first.room, asked("b"), RULES, now + 10_000).outcome.kind).toBe("admitted");
  });

  test("asked again is the same admission, and takes no second seat", () => {
    const first = admitNow(open, asked("a"), RULES, now);
    if (first.outcome.kind !== "admitted") throw new Error("there is a seat");
    const repeated = { ...asked("a"), existing: first.outcome.admission };
    const again = admitNow(first.room, repeated, RULES, now + 5000);
    expect(again.outcome).toEqual({ ...first.outcome, isNew: false });
    expect(again.room).toBe(first.room);
    expect(admitNow(first.room, repeated, RULES, now + 99_000).outcome.kind).toBe("turn_lapsed");
  });

  test("is closed by its first refusal, until a tick opens it", () => {
    const taken = { ...open, seats: { ...open.seats, active: 2 } };
    const refused = admitNow(taken, asked("a"), RULES, now);
    expect(refused).toMatchObject({ outcome: { kind: "queue" }, room: { queueing: true } });
    const free = { ...refused.room, seats: { ...open.seats, active: 0 } };
    expect(admitNow(free, asked("a"), RULES, now + 5000).outcome.kind).toBe("queue");
    const ticked = calls.tick(free, RULES, { arrivals: false, pipelineBears: 1 }, now + 5000);
    expect(admitNow(ticked, asked("a"), RULES, now + 6000).outcome.kind).toBe("admitted");
  });

  test.each([
    ["paused", { ...open, paused: true }, now],
    ["sold out", { ...roomOf(0, 0), queueing: false }, now],
    ["not started", open, T - 1],
    ["over", open, ENDS_MS],
  ])("leads to the queue when the sale is %s", (_, room, at_ms) => {
    expect(admitNow(room, asked("a"), RULES, at_ms).outcome).toEqual({ kind: "queue" });
  });
});

describe("when to tick", () => {
  const room = roomOf(3, 9);

  test("a lottery sleeps from the opening to the start, a first come, first served sale to its opening", () => {
    expect(calls.nextTickAt(room, "lottery", OPENS_MS - 5)).toBe(OPENS_MS);
    expect(calls.nextTickAt(room, "lottery", OPENS_MS)).toBe(T);
    expect(calls.nextTickAt(room, "fifo", OPENS_MS - 5)).toBe(OPENS_MS);
    expect(calls.nextTickAt(room, "fifo", OPENS_MS)).toBe(OPENS_MS + 1000);
    expect(calls.nextTickAt(room, "fifo", T - 5)).toBe(T);
  });

  test("live it ticks once a second, less often with nobody there, never after the end", () => {
    expect(calls.nextTickAt({ ...room, queueing: true }, "lottery", T)).toBe(T + 1000);
    expect(calls.nextTickAt({ ...room, queueing: false }, "lottery", T)).toBe(T + 2000);
    expect(calls.nextTickAt(room, "lottery", ENDS_MS - 1)).toBe(ENDS_MS);
    expect(calls.nextTickAt(room, "lottery", ENDS_MS)).toBeNull();
  });

  test("cohorts close from the start, without a draw from the opening", () => {
    const closes = (method: "lottery" | "fifo", now: number) =>
      calls.cohortsClose(room, method, now);
    expect([closes("lottery", T - 1), closes("lottery", T), closes("lottery", ENDS_MS)]).toEqual([
      false,
      true,
      false,
    ]);
    expect([closes("fifo", OPENS_MS - 1), closes("fifo", OPENS_MS)]).toEqual([false, true]);
  });

  test("a cohort is added to the room once, and only in order", () => {
    const cohort = { lane: "general", k: 0, places: 7 };
    expect(calls.closeCohortInRoom(room, cohort).lanes).toEqual(room.lanes);
    expect(calls.closeCohortInRoom(room, { ...cohort, k: 2 }).lanes).toEqual(room.lanes);
    const next = calls.closeCohortInRoom(room, { ...cohort, k: 1 }).lanes[0];
    expect(next).toMatchObject({ closed: 2, places: 10 });
  });
});

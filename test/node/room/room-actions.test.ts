/**
 * What a merchant and the stock tell a room, what a snapshot says of it, and the life of an
 * admission.
 */
import { describe, expect, test } from "vitest";
import * as admissions from "../../../src/domain/room/admission.ts";
import { ORDERS_ENDED_KEPT } from "../../../src/domain/limits.ts";
import { freeSeat } from "../../../src/domain/room/claims.ts";
import * as changes from "../../../src/domain/room/merchant-changes.ts";
import * as rooms from "../../../src/domain/room/room-state.ts";
import { snapshotOf } from "../../../src/domain/room/snapshot.ts";
import { levelOf, type StockLevel } from "../../../src/domain/stock/stock-ledger.ts";
import { phaseAt } from "../../../src/domain/sale/schedule.ts";
import { ENDS_MS, OPENS_MS, saleOf, STARTS_MS } from "../support/sale-document.ts";

const SALE = saleOf();
const T = STARTS_MS;

function level(available: number, seq: number, held = 0): StockLevel {
  return { sku: "AIR-42", received: 100, available, held, ordered: 0, sold: 0, buffer: 0, seq };
}

describe("an action of the merchant", () => {
  const room = rooms.openRoom(SALE, OPENS_MS - 10);
  const done = (action: changes.RoomAction, now: number, from = room): rooms.RoomState => {
    const outcome = changes.actOn(from, action, now);
    if (outcome.kind !== "done") throw new Error(`${action} was refused`);
    return outcome.room;
  };

  test.each([
    ["open", OPENS_MS - 5, "prequeue"],
    ["start", OPENS_MS - 5, "live"],
    ["start", OPENS_MS + 5, "live"],
    ["end", OPENS_MS - 5, "ended"],
    ["end", T + 5, "ended"],
  ] as const)("%s takes effect at once, whatever was planned", (action, now, phase) => {
    const { schedule } = done(action, now);
    expect(phaseAt(schedule, now)).toBe(phase);
    expect(schedule.opensAt_ms).toBeLessThanOrEqual(schedule.startsAt_ms);
    expect(schedule.startsAt_ms).toBeLessThanOrEqual(schedule.endsAt_ms);
  });

  test("repeated changes nothing but the version", () => {
    for (const action of ["open", "start", "pause", "resume", "end"] as const) {
      const once = done(action, T + 5);
      const again = done(action, T + 9, once);
      expect(again).toEqual({ ...once, version: once.version + 1 });
    }
  });

  test("after the end is refused, but for ending again", () => {
    for (const action of ["open", "start", "pause", "resume"] as const) {
      const outcome = changes.actOn(room, action, ENDS_MS);
      expect(outcome).toEqual({ kind: "not_possible", phase: "ended", paused: false });
    }
    expect(done("end", ENDS_MS + 5).schedule).toEqual(room.schedule);
  });

  test("on rate, seats and message leaves out what it does not name", () => {
    const changed = rooms.changeAdmission(room, { maxActive: 7, message: "soon" });
    expect(changed).toMatchObject({ ratePerMinute: 600, maxActive: 7, message: "soon" });
    expect(rooms.changeAdmission(changed, { ratePerMinute: 60 }).message).toBe("soon");
    expect(rooms.changeAdmission(changed, { message: null }).message).toBeNull();
  });
});

describe("a changed document", () => {
  test("moves what it changes and keeps what was moved by hand", () => {
    const started = changes.actOn(rooms.openRoom(SALE, OPENS_MS), "start", OPENS_MS + 5);
    if (started.kind !== "done") throw new Error("it can start");
    const faster = rooms.changeAdmission(started.room, { ratePerMinute: 900 });
    const later = saleOf({ maxActive: 50 }, { endsAt: "2026-11-27T13:00:00Z" });
    const revised = changes.reviseRoom(faster, SALE, later, OPENS_MS);
    expect(revised.schedule.startsAt_ms).toBe(OPENS_MS + 5);
    expect(revised.schedule.endsAt_ms).toBe(Date.parse("2026-11-27T13:00:00Z"));
    expect(revised).toMatchObject({ ratePerMinute: 900, maxActive: 50 });
  });

  test("adds lanes and weights, and never takes a lane away", () => {
    const room = rooms.openRoom(SALE, OPENS_MS);
    const vip = saleOf({}, { lanes: [{ id: "vip", weight: 5 }] });
    const lanes = changes
      .reviseRoom(room, SALE, vip, OPENS_MS)
      .lanes.map(({ id, weight }) => [id, weight]);
    expect(lanes).toEqual([
      ["general", 1],
      ["members", 2],
      ["vip", 5],
    ]);
    const heavier = saleOf({}, { lanes: [{ id: "members", weight: 9 }] });
    expect(changes.reviseRoom(room, SALE, heavier, OPENS_MS).lanes[1]?.weight).toBe(9);
  });
});

describe("stock levels", () => {
  const room = rooms.openRoom(SALE, T);

  test("replace older reports, never newer ones", () => {
    const newer = rooms.reportLevel(room, level(5, 2));
    expect(rooms.reportLevel(newer, level(9, 1))).toBe(newer);
    expect(rooms.reportLevel(newer, level(9, 2))).toBe(newer);
    expect(rooms.reportLevel(newer, level(4, 3)).stock[0]?.available).toBe(4);
  });

  test("say sold out only when every item is, carts included, and not before any report", () => {
    expect(rooms.isSoldOut(room)).toBe(false);
    expect(rooms.isSoldOut(rooms.reportLevel(room, level(0, 1, 1)))).toBe(false);
    const gone = rooms.reportLevel(room, level(0, 1));
    expect(rooms.isSoldOut(gone)).toBe(true);
    const other = { ...level(1, 1), sku: "AIR-43" };
    expect(rooms.isSoldOut(rooms.reportLevel(gone, other))).toBe(false);
  });

  test.each([
    [100, "plenty"],
    [21, "plenty"],
    [20, "low"],
    [1, "low"],
    [0, "out"],
  ])("of %i in a hundred are %s", (available, word) => {
    expect(levelOf(level(available, 1))).toBe(word);
  });
});

test("a room that was stored under earlier names is read", () => {
  const room = rooms.openRoom(SALE, T);
  const { throttle, placeOutcomes, ...rest } = room;
  const slowed = { ...throttle, value: 0.25 };
  const outcomes = { ...placeOutcomes, took: 7, units: 9 };
  const stored: unknown = JSON.parse(
    JSON.stringify({ ...rest, pressure: slowed, takings: outcomes }),
  );
  expect(rooms.readStoredRoom(stored)).toEqual({
    ...room,
    throttle: slowed,
    placeOutcomes: outcomes,
  });
  expect(rooms.readStoredRoom(room)).toEqual(room);
});

test("a snapshot tells the line and the stock, and passes the room's own checks of its shape", () => {
  const room = rooms.reportLevel(rooms.openRoom(SALE, T), level(20, 1, 3));
  expect(rooms.roomStateSchema.parse(room)).toEqual(room);
  const { throttle: _, placeOutcomes: __, ...before } = room;
  expect(rooms.roomStateSchema.parse(before)).toEqual(room);
  const batch = { lane: "general", calledAt_ms: T, from: 0, to: 2, claimed: 1 };
  const calls = [{ ...batch, slice: 0, openAtSlice: 2 }];
  const [stored] = rooms.roomStateSchema.parse({ ...before, calls }).calls;
  expect(stored).toMatchObject({ ...batch, kept: [], keptUntil_ms: 0 });
  const facts = { booths: 20, commitment: "c0ffee", revision: 3 };
  expect(snapshotOf(room, SALE, facts, T)).toMatchObject({
    ...facts,
    sale: "air-one",
    phase: "live",
    soldOut: false,
    throttle: 1,
    lanes: { general: { closed: 0, called: 0 }, members: { closed: 0, called: 0 } },
    stock: [{ sku: "AIR-42", available: 20, level: "low" }],
    unitsLeft: 23,
    odds: { took: 0, without: 0, perTaker: 1, inFlight: 0 },
    claimWindow_s: 120,
    at_ms: T,
  });
});

test("odds are told from what became of the places, as far as the seats have changed hands", () => {
  const opened = rooms.reportLevel(rooms.openRoom(SALE, T), level(1000, 1));
  const placeOutcomes = { took: 40, without: 60, units: 80, soldInAll: 500 };
  const facts = { booths: 1, commitment: "", revision: 1 };
  const told = (gone: number) => {
    const turnover = { ended: gone, gone, seatSeconds: gone * 60 };
    const seats = { ...opened.seats, active: 45 };
    return snapshotOf({ ...opened, placeOutcomes, turnover, seats }, SALE, facts, T).odds;
  };
  const { maxActive } = opened;
  expect(told(0)).toMatchObject({ took: 0, without: 0 });
  expect(told(maxActive)).toMatchObject({ took: 20, without: 30 });
  expect(told(100 * maxActive)?.took).toBeGreaterThan(39.9);
  // Nine in ten are expected to come before anybody was called: 45 in seats were 50 places.
  const inFlight = told(0)?.inFlight ?? 0;
  expect([inFlight > 45, inFlight < 52]).toEqual([true, true]);
  expect(told(0)?.perTaker).toBeCloseTo((80 + 10) / (40 + 10));
});

test("a place that ends has taken something when an order was placed from it", () => {
  const open = { ...rooms.openRoom(SALE, T) };
  const seats = { ...open.seats, active: 9 };
  const ended = [freeSeat({ ...open, seats }, "spent"), freeSeat({ ...open, seats }, "left")];
  expect(ended.map(({ placeOutcomes }) => [placeOutcomes.took, placeOutcomes.without])).toEqual([
    [1, 0],
    [0, 1],
  ]);
  const bought = freeSeat({ ...open, seats }, "expired", true);
  expect(bought).toMatchObject({ placeOutcomes: { took: 1, without: 0 }, seats: { expired: 1 } });
});

describe("an admission", () => {
  const active: admissions.AdmissionRecord = {
    id: "adm_t1",
    ticket: "t1",
    subject: "ann",
    lane: "general",
    issuedAt_ms: 0,
    expiresAt_ms: 1000,
    standing: "active",
    ordersDone: 0,
    orderInProgress: null,
    orderBegunAt_ms: null,
    ordersEnded: [],
  };
  const ordering = { ...active, orderInProgress: "ord_1", orderBegunAt_ms: 0 };

  test("has one order at a time on its way; the same order may begin again", () => {
    const begun = admissions.beginOrder(active, "ord_1", 0, 5);
    expect(begun).toEqual({ admission: ordering, outcome: { kind: "begun" } });
    expect(admissions.beginOrder(ordering, "ord_1", 9999, 5).outcome.kind).toBe("begun");
    const other = admissions.beginOrder(ordering, "ord_2", 0, 5);
    expect(other.outcome).toEqual({ kind: "order_in_progress", order: "ord_1" });
  });

  test.each([
    ["spent", { ...ordering, standing: "spent" }, 0, "admission_spent"],
    ["left", { ...ordering, standing: "left" }, 0, "admission_required"],
    ["expired", ordering, 1000, "admission_required"],
  ] as const)("that is %s begins no other order", (_, admission, now, kind) => {
    expect(admissions.beginOrder(admission, "ord_2", now, 5).outcome.kind).toBe(kind);
  });

  test("is spent by as many confirmed orders as it allows, once each", () => {
    const first = admissions.finishOrder(ordering, "ord_1", "spend", 2);
    expect(first.admission).toMatchObject({ ordersDone: 1, standing: "active" });
    expect(admissions.finishOrder(first.admission, "ord_1", "spend", 2)).toEqual({
      admission: first.admission,
      outcome: "not_in_progress",
    });
    const next = { ...first.admission, orderInProgress: "ord_2" };
    expect(admissions.finishOrder(next, "ord_2", "spend", 2).admission.standing).toBe("spent");
    const declined = admissions.finishOrder(ordering, "ord_1", "hand_back", 1).admission;
    // The confirmed one tells since when orders get through, the other nothing.
    expect(declined).toEqual({ ...active, ordersEnded: ["ord_1"] });
    expect(first.admission.orderBegunAt_ms).toBe(0);
  });

  test("is not taken by an order that begins only after its own end", () => {
    // The room did not answer in time, the order was placed without it and ended first.
    const { admission, outcome } = admissions.finishOrder(active, "ord_1", "hand_back", 1);
    expect(outcome).toBe("not_in_progress");
    expect(admissions.beginOrder(admission, "ord_1", 5, 5)).toEqual({
      admission,
      outcome: { kind: "begun" },
    });
    expect(admissions.beginOrder(admission, "ord_2", 5, 5).outcome.kind).toBe("begun");
    const later = admissions.finishOrder(admission, "ord_2", "hand_back", 1).admission;
    expect(admissions.beginOrder(later, "ord_1", 5, 5).admission).toBe(later);
  });

  test.each([
    [ORDERS_ENDED_KEPT - 1, null],
    [ORDERS_ENDED_KEPT, "ord_1"],
  ])("remembers an ended order while fewer than its limit ended after it: %i", (more, taken) => {
    let { admission } = admissions.finishOrder(active, "ord_1", "hand_back", 1);
    for (let other = 0; other < more; other += 1) {
      ({ admission } = admissions.finishOrder(admission, `other_${other}`, "hand_back", 1));
    }
    expect(admissions.beginOrder(admission, "ord_1", 5, 5).admission.orderInProgress).toBe(taken);
  });

  test("can be left while it is active, its order going on", () => {
    expect(admissions.leave(ordering, 999)).toMatchObject({
      admission: { standing: "left", orderInProgress: "ord_1" },
      outcome: "left",
    });
    expect(admissions.leave(active, 1000).outcome).toBe("not_active");
    const left = admissions.leave(active, 0).admission;
    expect(admissions.leave(left, 0).outcome).toBe("not_active");
  });
});

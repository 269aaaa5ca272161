/**
 * Admissions in a room's tables: rows of the release before are read, that release can write its
 * rows again after a rollback, and the place is kept beside them.
 */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { RoomTables } from "../../durable-objects/waiting-room/room-tables.ts";
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import { roomOf } from "./support/shop.ts";

const PLACE = { cohort: 3, shard: 1, index: 17, rank: 412, joinedAt_ms: 30_000 };

function admissionOf(ticket: string): AdmissionRecord {
  return {
    id: `adm_${ticket}`,
    ticket,
    subject: "sub_1",
    lane: "general",
    issuedAt_ms: 90_500,
    expiresAt_ms: 690_500,
    standing: "active",
    ordersDone: 0,
    orderInProgress: "ord_1",
    orderBegunAt_ms: 100_000,
    ordersEnded: [],
  };
}

/** The statement with which the release before writes an admission. */
const BEFORE = "INSERT OR REPLACE INTO admissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

function writeAsBefore(sql: SqlStorage, record: AdmissionRecord): void {
  const { id, ticket, subject, lane, issuedAt_ms, expiresAt_ms, standing } = record;
  const { ordersDone, orderInProgress, orderBegunAt_ms } = record;
  const times = [issuedAt_ms, expiresAt_ms];
  const orders = [ordersDone, orderInProgress, orderBegunAt_ms, "[]"];
  sql.exec(BEFORE, ticket, id, subject, lane, ...times, standing, ...orders);
}

function withTables(
  name: string,
  act: (open: () => RoomTables, sql: SqlStorage) => void,
): Promise<void> {
  return runInDurableObject(roomOf(name), (_room, { storage }) => {
    act(() => new RoomTables(storage), storage.sql);
  });
}

test("a place is stored with its admission, and read by the next instance", async () => {
  await withTables("places", (open) => {
    open().write({ admission: { ...admissionOf("in-line"), place: PLACE } });
    open().write({ admission: { ...admissionOf("direct"), place: null } });
    expect(open().admission("in-line")?.place).toEqual(PLACE);
    expect(open().admission("direct")?.place).toBe(null);
    const places = new Map(
      open()
        .activeAdmissions()
        .map((row) => [row.ticket, row.place]),
    );
    expect([places.get("in-line"), places.get("direct")]).toEqual([PLACE, null]);
    expect(open().backlog(5)).toHaveLength(2);
  });
});

test("a later change of an admission keeps its place", async () => {
  await withTables("place-kept", (open) => {
    open().write({ admission: { ...admissionOf("t"), place: PLACE } });
    const read = open().admission("t");
    if (read === null) throw new Error("it was stored");
    open().write({ admission: { ...read, standing: "spent" } });
    expect(open().admission("t")).toMatchObject({ standing: "spent", place: PLACE });
  });
});

test("an admission of the release before has no place, and that release can write again", async () => {
  await withTables("before", (open, sql) => {
    open();
    writeAsBefore(sql, admissionOf("old"));
    const old = open().admission("old");
    expect(old).toMatchObject({ id: "adm_old", place: undefined });
    open().write({ admission: { ...admissionOf("new"), place: PLACE } });
    writeAsBefore(sql, { ...admissionOf("new"), standing: "left" });
    expect(open().admission("new")).toMatchObject({ standing: "left", place: PLACE });
  });
});

const DEVICES = { tokens: [{ number: 7, device: "d1" }], ended: [3, 5], seen: ["a", "b"] };

test("the devices of a seat are stored with it, and the next number follows from them", async () => {
  await withTables("devices", (open, sql) => {
    expect(open().lastTokenNumber()).toBe(-1);
    open().write({ admission: { ...admissionOf("t"), devices: DEVICES } });
    expect(open().admission("t")?.devices).toEqual(DEVICES);
    expect(open().activeAdmissions()[0]?.devices).toEqual(DEVICES);
    const moved = { ...DEVICES, tokens: [{ number: 9, device: "d2" }], ended: [3, 5, 7] };
    open().write({ admission: { ...admissionOf("t"), devices: moved } });
    expect(open().admission("t")?.devices).toEqual(moved);
    expect(open().lastTokenNumber()).toBe(9);
    writeAsBefore(sql, { ...admissionOf("t"), standing: "left" });
    expect(open().admission("t")).toMatchObject({ standing: "left", devices: moved });
  });
});

test("an admission of the release before has no devices", async () => {
  await withTables("no-devices", (open, sql) => {
    open();
    writeAsBefore(sql, admissionOf("old"));
    expect(open().admission("old")?.devices).toBeUndefined();
  });
});

/**
 * The room and its rows: what the rows refuse has not happened, and what they took outlives the
 * instance. What holds over whole lives of a room is in `room-laws.test.ts`.
 */
import { expect, test } from "vitest";
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

const NOW_MS = STARTS_MS + 1000;
const LEVEL = { sku: "AIR-42", received: 9, held: 0, ordered: 0, sold: 0, buffer: 0, seq: 1 };

/** A live room that lets in at once, whose rows may be made to refuse every change. */
function openShop() {
  const memory = RoomMemory.created(saleOf(), STARTS_MS);
  const disk = { isFull: false };
  const rows = memory.rows((apply) => {
    if (disk.isFull) throw new Error("the disk is full");
    apply();
  });
  const begin = (): RoomCore => roomOn(rows, () => NOW_MS);
  begin().reportLevel({ ...LEVEL, available: 9 });
  return { begin, disk };
}

test("an admission that its rows refuse was never issued, and may be issued later", async () => {
  const { begin, disk } = openShop();
  const room = begin();
  const before = room.snapshot();
  disk.isFull = true;
  await expect(room.admitNow("t1", "ann", "general")).rejects.toThrow("the disk is full");
  expect(room.standings(["adm_t1"])).toEqual(["unknown"]);
  expect(room.snapshot()).toEqual(before);
  disk.isFull = false;
  expect(await room.admitNow("t1", "ann", "general")).toMatchObject({ isNew: true });
});

test("an end that its rows refuse leaves the seat taken, in this instance and in the next", async () => {
  const { begin, disk } = openShop();
  const room = begin();
  await room.admitNow("t1", "ann", "general");
  disk.isFull = true;
  expect(() => room.leave("adm_t1")).toThrow("the disk is full");
  expect(room.metrics()).toMatchObject({ seats: { active: 1, left: 0 } });
  disk.isFull = false;
  expect(begin().metrics()).toEqual(room.metrics());
  expect(room.leave("adm_t1")).toBe("left");
  expect(begin().metrics()).toMatchObject({ seats: { active: 0, left: 1 } });
});

/**
 * Deleting a room: only after its end is final, in one write, and so that neither its id nor its
 * secret is ever used again, whatever is asked, and wherever it crashes (P12).
 */
import { expect, test } from "vitest";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import { commitmentOf } from "../../../src/domain/line/cohort.ts";
import { SECRET_REVEALED_AFTER_DEFAULT_S } from "../../../src/domain/limits.ts";
import { ENDS_MS, OPENS_MS, saleOf, STARTS_MS } from "../support/sale-document.ts";

const FINAL_MS = ENDS_MS + SECRET_REVEALED_AFTER_DEFAULT_S * 1000;

function roomAt(now: number) {
  const clock = { now };
  const memory = RoomMemory.created(saleOf(), STARTS_MS);
  const crashing = { at: Number.POSITIVE_INFINITY, writes: 0 };
  const begin = () => {
    const rows = memory.rows((apply) => {
      crashing.writes += 1;
      if (crashing.writes === crashing.at) throw new Error("crashed");
      apply();
    });
    return roomOn(rows, () => clock.now);
  };
  return { clock, memory, begin, crashing };
}

test.each([
  [OPENS_MS - 1, "scheduled"],
  [STARTS_MS + 1, "live"],
  [FINAL_MS - 1, "ended"],
])("a sale whose end is not final is not deleted: at %d it is %s", (now, phase) => {
  const { begin, memory } = roomAt(now);
  const answer = { kind: "not_ended", phase, revealsAt_ms: FINAL_MS };
  expect(begin().beginDeletion()).toEqual(answer);
  begin().finishDeletion();
  expect(memory.foundation.sale.id).toBe(saleOf().id);
});

test("a deleted room keeps its commitment and nothing else, and is not created again", async () => {
  const { begin, clock, memory } = roomAt(FINAL_MS);
  const commitment = commitmentOf(memory.foundation.secret);
  await begin().ring();
  expect(begin().beginDeletion()).toMatchObject({ kind: "deleting", sale: { id: saleOf().id } });
  expect(begin().beginDeletion().kind).toBe("deleting");
  expect(await begin().configure(saleOf({}, { title: "Other" }))).toMatchObject({
    kind: "deleted",
  });
  begin().finishDeletion();
  expect(memory.rows().deletion()).toEqual({ at_ms: FINAL_MS, commitment, isDone: true });
  clock.now += 1000;
  const room = begin();
  expect(room.beginDeletion()).toEqual({ kind: "deleted", at_ms: FINAL_MS });
  expect(room.fairness()).toEqual({ kind: "no_sale" });
  expect(await room.configure(saleOf())).toEqual({ kind: "deleted", at_ms: FINAL_MS });
  expect(await room.act("reopen")).toEqual({ kind: "no_sale" });
  await room.ring();
  expect(memory.rows().foundation()).toBeNull();
});

test("a crash at any write leaves a room that is whole, or deleted, and never one to open", async () => {
  for (let at = 1, crashed = true; crashed; at += 1) {
    const { begin, memory, crashing } = roomAt(FINAL_MS);
    const { secret } = memory.foundation;
    crashing.at = at;
    const step = async (act: () => unknown): Promise<boolean> => {
      try {
        await act();
        return true;
      } catch {
        return false;
      }
    };
    await step(() => begin().ring());
    await step(() => begin().beginDeletion());
    await step(() => begin().finishDeletion());
    crashed = crashing.writes >= at;
    crashing.at = Number.POSITIVE_INFINITY;
    const left = memory.rows().foundation();
    const isWhole = left !== null && left.secret === secret && memory.rows().state() !== null;
    expect(isWhole || memory.rows().deletion()?.isDone).toBe(true);
    await begin().ring();
    begin().beginDeletion();
    begin().finishDeletion();
    expect(await begin().configure(saleOf())).toMatchObject({ kind: "deleted" });
    expect(begin().fairness()).toEqual({ kind: "no_sale" });
  }
});

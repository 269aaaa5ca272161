/**
 * Nobody can choose the draw: the counts are signed and stored before their round is made, the
 * round decides, and a beacon that is late, lost or garbled delays and never misleads (P7, P8).
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import { QUICKNET } from "../../../src/domain/line/beacon.ts";
import { seedOf } from "../../../src/domain/line/cohort.ts";
import { countCohort } from "../../../src/domain/line/draw.ts";
import type { RoomRules } from "../../../durable-objects/waiting-room/ports.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";
import { DrawWorld, stories } from "../support/draw-world.ts";

const TIMEOUT = { timeout: 120_000 };
type Seen = DrawWorld["seen"];

function laws(planted: Partial<RoomRules> = {}, seen?: Seen) {
  return fc.asyncProperty(stories, async (story) => {
    const world = new DrawWorld(planted);
    await world.live(story);
    if (seen === undefined) return;
    for (const name of ["drawn", "without", "refused"] as const) {
      seen[name] += Math.sign(world.seen[name]);
    }
  });
}

test("a lottery is drawn by a round that was made after its counts", TIMEOUT, async () => {
  const seen = { drawn: 0, without: 0, refused: 0 };
  await fc.assert(laws({}, seen), { numRuns: 300 });
  // The stories do get there: drawn by rounds, drawn without one, and relays that gave none.
  expect(Math.min(seen.drawn, seen.without, seen.refused)).toBeGreaterThan(10);
});

const planted: readonly [string, Partial<RoomRules>, RegExp][] = [
  ["a garbled round that is taken", { isSignedRound: () => true }, /is not the round/],
  ["a draw that does not wait", { waitIsOver: () => true }, /did not wait/],
  ["a draw that waits for ever", { waitIsOver: () => false }, /never drawn/],
  ["a round that is asked for too early", { isBeforeRound: () => false }, /never drawn|before its/],
  [
    "a seed that the round does not decide",
    { drawnSeedOf: (s, c) => seedOf(s, c.sale, c.lane, c.k) },
    /does not decide/,
  ],
  ["a lottery without a beacon", { needsRound: () => false }, /without the beacon/],
  [
    "a round that is known when the counts are signed",
    {
      countCohort: (chain, cohort, now) => countCohort(chain, cohort, now - 60_000),
      isBeforeRound: () => true,
    },
    /no later|after their round/,
  ],
];

test.each(planted)("the laws find %s", TIMEOUT, async (_, rules, message) => {
  const checked = await fc.check(laws(rules), { numRuns: 2000, seed: 1, endOnFailure: true });
  const found = String(checked.errorInstance);
  expect([checked.failed, found]).toEqual([true, expect.stringMatching(message)]);
});

test("moving the opening back does not let the merchant drop the beacon", async () => {
  let now = STARTS_MS - 60_000;
  const beacon = {
    chain: QUICKNET,
    read: async () => null,
    sign: () => Promise.reject(new Error()),
  };
  const room = roomOn(new RoomMemory().rows(), () => now, { beacon });
  await room.configure(saleOf({ method: "lottery" }));
  expect(room.snapshot()?.beacon).toBe(QUICKNET);
  // Shoppers have joined meanwhile: the sale was in its pre-queue.
  const later = { opensAt: "2026-11-27T09:59:30Z" };
  expect((await room.configure(saleOf({ method: "lottery" }, later))).kind).toBe("revised");
  expect(room.snapshot()?.phase).toBe("scheduled");
  now += 1000;
  const outcome = await room.configure(saleOf({ method: "fifo" }, later));
  expect(outcome).toMatchObject({ kind: "refused", refusals: [{ path: ["admission", "method"] }] });
});

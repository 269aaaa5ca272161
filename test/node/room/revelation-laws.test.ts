/**
 * A secret that was revealed decides no cohort, whatever merchants, clocks and crashes do (P12).
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isFinal, secretIsDue } from "../../../src/domain/room/ending.ts";
import { phaseAt } from "../../../src/domain/sale/schedule.ts";
import type { RoomRules } from "../../../durable-objects/waiting-room/ports.ts";
import { RevelationWorld, stories } from "../support/revelation-world.ts";

const TIMEOUT = { timeout: 120_000 };

function laws(rules: () => Partial<RoomRules>, seen = { reopened: 0, told: 0 }) {
  return fc.asyncProperty(stories, async (story) => {
    const world = new RevelationWorld(rules());
    await world.live(story);
    seen.reopened += world.seen.reopened;
    seen.told += world.seen.told;
  });
}

test("no cohort closes after the revelation, and the sale stays over", TIMEOUT, async () => {
  const seen = { reopened: 0, told: 0 };
  await fc.assert(
    laws(() => ({}), seen),
    { numRuns: 250 },
  );
  // The stories do get there: ends are taken back, and secrets are told.
  expect(Math.min(seen.reopened, seen.told)).toBeGreaterThan(20);
});

/** As if the end were final for merchants only, and not for a tick whose booths answer late. */
function forgetsWhileBoothsAnswer(): Partial<RoomRules> {
  return { isFinal: (revealed) => isFinal(revealed) && !inTick() };
}

function inTick(): boolean {
  return new Error("where").stack?.includes("closeCohorts") ?? false;
}

/** Likewise, for a round that comes late. */
function forgetsWhileRelaysAnswer(): Partial<RoomRules> {
  const inDraw = () => new Error("where").stack?.includes("drawWhenDue") ?? false;
  return { isFinal: (revealed) => isFinal(revealed) && !inDraw() };
}

test.each<[string, () => Partial<RoomRules>, RegExp]>([
  ["an end that is never final", () => ({ isFinal: () => false }), /cohort|after the revelation/],
  ["a document that may still move the times", () => ({ timesRefused: () => [] }), /is \w+ after/],
  ["a tick that draws what its booths answer late", forgetsWhileBoothsAnswer, /cohort/],
  ["a tick that draws with a round that comes late", forgetsWhileRelaysAnswer, /cohort/],
  [
    "a secret that is due while the sale goes on",
    () => ({
      secretIsDue: (room, sale, now) => {
        return secretIsDue(room, sale, now) || phaseAt(room.schedule, now) === "live";
      },
    }),
    /after the revelation/,
  ],
])("the laws find %s", TIMEOUT, async (_, rules, message) => {
  const checked = await fc.check(laws(rules), { numRuns: 3000, seed: 1, endOnFailure: true });
  expect([checked.failed, String(checked.errorInstance)]).toEqual([
    true,
    expect.stringMatching(message),
  ]);
});

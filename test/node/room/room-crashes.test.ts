/**
 * A room that dies and comes back between any two steps, on a clock that jumps: it knows no more
 * than what it has stored, and every promise of `RoomWorld` holds all the same.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EXTENSION_MAX_S } from "../../../src/domain/limits.ts";
import { waitingIn } from "../../../src/domain/room/calls.ts";
import { RoomWorld, type Act } from "../support/room-world.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

type Step =
  | Act
  | { readonly kind: "crash" }
  /** The platform's clock is set, forwards or back. */
  | { readonly kind: "clock"; readonly by_ms: number };

const who = fc.nat({ max: 1000 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("arrive"),
      lane: fc.constantFrom("general", "members"),
      people: fc.nat({ max: 8 }),
      dead: fc.nat({ max: 3 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("tick"), after_ms: fc.constant(1000) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("claim"), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("leave", "spend"), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("revoke"), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("extend"),
      who,
      seconds: fc.constantFrom(1, 60, EXTENSION_MAX_S),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "come_directly" }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "pause" }, { kind: "resume" }) },
  { weight: 4, arbitrary: fc.constant({ kind: "crash" }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("clock"),
      by_ms: fc.integer({ min: -10_000, max: 10_000 }),
    }),
  },
);

/** Longer than a story's clock is ever set back, so the sale is on all the time. */
const HALF_HOUR_MS = 30 * 60 * 1000;

async function live(story: readonly Step[], change: object): Promise<RoomWorld> {
  const rules = { ratePerMinute: 600, maxActive: 4, claimWindowSeconds: 8, sessionSeconds: 30 };
  const world = new RoomWorld(saleOf(rules, change), STARTS_MS + HALF_HOUR_MS);
  world.report(20, 0);
  for (const step of story) {
    if (step.kind === "crash") world.crash();
    else if (step.kind === "clock") world.now += step.by_ms;
    else await world.act(step);
  }
  return world;
}

const stories = fc.array(steps, { maxLength: 120, size: "large" });
/** What it sells, or that it only guards a shop. */
const changes = fc.constantFrom({}, { items: [] });

function waiting({ room }: RoomWorld): number {
  return room.lanes.reduce((sum, lane) => sum + waitingIn(lane), 0);
}

test("every promise holds after every step (P7, P8)", async () => {
  await fc.assert(
    fc.asyncProperty(stories, changes, async (story, change) => {
      await expect(live(story, change)).resolves.toBeInstanceOf(RoomWorld);
    }),
    { numRuns: 150 },
  );
});

test("no two shoppers share a rank, and everyone is called in the end", async () => {
  await fc.assert(
    fc.asyncProperty(stories, changes, async (story, change) => {
      const world = await live(story, change);
      await world.act({ kind: "resume" });
      for (let second = 0; second < 600 && waiting(world) > 0; second += 1) {
        await world.act({ kind: "tick", after_ms: 1000 });
        world.crash();
        await world.act({ kind: "leave", who: second });
      }
      expect(waiting(world)).toBe(0);
      const places = world.shoppers
        .filter(({ rank }) => rank !== null)
        .map(({ ticket, rank }) => `${ticket.lane}/${rank}`);
      expect(new Set(places).size).toBe(places.length);
    }),
    { numRuns: 60 },
  );
});

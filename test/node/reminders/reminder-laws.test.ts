/**
 * The laws of reminders, under random calls, claims, lapses, withdrawals, silence and crashes: a
 * turn that can be claimed is told at least once, always under the same id, and no address is given
 * out for a mail that would be late.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REMINDER_CHECK_MS } from "../../../src/domain/limits.ts";
import { PLACES, ReminderWorld, shopper } from "../support/reminder-world.ts";

const number = fc.nat(PLACES - 1);
const doing = <What extends string>(what: What, which = number) => {
  return fc.record({ do: fc.constant(what), number: which });
};
const step = fc.oneof(
  { weight: 2, arbitrary: doing("put") },
  { weight: 1, arbitrary: doing("withdraw") },
  { weight: 3, arbitrary: doing("claim") },
  { weight: 3, arbitrary: doing("call") },
  { weight: 1, arbitrary: doing("lapse", fc.nat(2)) },
  { weight: 4, arbitrary: doing("facts") },
  { weight: 2, arbitrary: doing("crash", fc.integer({ min: 1, max: 4 })) },
  { weight: 1, arbitrary: doing("pause") },
  { weight: 1, arbitrary: doing("silence") },
  { weight: 1, arbitrary: doing("queue") },
  { weight: 4, arbitrary: doing("pass") },
);
type Step =
  | (typeof step extends fc.Arbitrary<infer Value> ? Value : never)
  | { readonly do: "start"; readonly number: number };

/** A later address than this one is not the ticket's any more. */
interface Expected {
  readonly given: Map<number, string>;
  puts: number;
}

async function run(world: ReminderWorld, expected: Expected, { do: what, number: nth }: Step) {
  const { ticket, rank } = shopper(nth);
  const isCalled = world.phase === "live" && rank < world.called;
  switch (what) {
    case "put": {
      if (isCalled) return;
      expected.puts += 1;
      const email = `s${nth}.${expected.puts}@shoppers.example`;
      if ((await world.put(nth, email)).kind === "kept") expected.given.set(nth, email);
      return;
    }
    case "withdraw":
      world.withdraw(nth);
      expected.given.delete(nth);
      return;
    case "claim":
      if (isCalled && rank >= world.lapsedBelow && !world.paused) world.claimed.add(ticket);
      return;
    case "start":
      if (world.phase === "prequeue") Object.assign(world, { phase: "live", closed: 1 });
      return;
    case "call":
      if (world.phase === "live") world.called = Math.min(world.called + nth, PLACES);
      return;
    case "lapse":
      world.lapsedBelow = Math.min(world.lapsedBelow + nth, world.called);
      return;
    case "facts":
      return checkFacts(world, expected, nth);
    case "crash":
      world.crashIn = nth;
      return;
    case "pause":
      world.paused = !world.paused;
      return;
    case "silence":
      world.roomIsSilent = !world.roomIsSilent;
      return;
    case "queue":
      world.queueFails = !world.queueFails;
      return;
    case "pass":
      return world.pass(nth * 1500);
  }
}

/** Whether the turn can be claimed at this instant. */
function isOpen(world: ReminderWorld, nth: number): boolean {
  const { ticket, rank } = shopper(nth);
  const { phase, paused, called, lapsedBelow } = world;
  const isCalled = phase === "live" && !paused && lapsedBelow <= rank && rank < called;
  return isCalled && !world.claimed.has(ticket);
}

async function checkFacts(world: ReminderWorld, { given }: Expected, nth: number): Promise<void> {
  // A check may be a second old, as a snapshot may.
  world.now += 1001;
  const facts = await world.facts(nth);
  if (facts?.kind !== "open") return;
  expect(isOpen(world, nth)).toBe(true);
  expect(facts.facts.email).toBe(given.get(nth));
}

/** Everything answers again, and time passes. */
async function settle(world: ReminderWorld): Promise<void> {
  Object.assign(world, { roomIsSilent: false, queueFails: false, crashIn: null });
  await world.pass(70_000);
}

/** Everybody leaves an address, the sale starts after some steps and goes on after it. */
const runs = fc
  .tuple(fc.array(step, { maxLength: 5 }), fc.array(step, { minLength: 1, maxLength: 60 }))
  .map(([before, after]): Step[] => {
    const everybody = Array.from({ length: PLACES }, (_, nth) => ({
      do: "put" as const,
      number: nth,
    }));
    return [...everybody, ...before, { do: "start", number: 0 }, ...after];
  });

describe("reminders", () => {
  test("of turns that can be claimed are told, under one id, and of others no address is given", async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (steps) => {
        const world = new ReminderWorld();
        const expected: Expected = { given: new Map(), puts: 0 };
        for (const each of steps) await run(world, expected, each);
        await settle(world);
        for (let nth = 0; nth < PLACES; nth += 1) {
          const mails = world.mailsFor(nth);
          expect(new Set(mails.map(({ mail }) => mail)).size).toBeLessThanOrEqual(1);
          const mustKnow = expected.given.has(nth) && isOpen(world, nth);
          expect(mails.length).toBeGreaterThanOrEqual(mustKnow ? 1 : 0);
          await checkFacts(world, expected, nth);
        }
        world.phase = "ended";
        await world.pass(REMINDER_CHECK_MS * 20);
        expect(world.store.rows.size).toBe(0);
        const reads = world.roomReads;
        await world.pass(3_600_000);
        expect(world.roomReads).toBe(reads);
      }),
      { numRuns: 1000 },
    );
  });

  test("are handed over once when nothing fails, and soon after the call", async () => {
    const world = new ReminderWorld();
    await world.put(3);
    Object.assign(world, { phase: "live", closed: 1 });
    await world.pass(60_000);
    expect(world.queued).toEqual([]);
    world.called = PLACES;
    await world.pass(REMINDER_CHECK_MS);
    await world.pass(60_000);
    expect(world.mailsFor(3)).toHaveLength(1);
    expect(JSON.stringify(world.queued)).not.toContain("@");
    expect(await world.put(3, "other@shoppers.example")).toEqual({ kind: "too_late" });
  });

  test("are handed over again after a crash between the queue and the row", async () => {
    const world = new ReminderWorld();
    await world.put(0);
    Object.assign(world, { phase: "live", closed: 1, called: PLACES });
    // Snapshot, manifest, standings, and then the queue has the message.
    world.crashIn = 4;
    await world.pass(60_000);
    const mails = world.mailsFor(0);
    expect(mails).toHaveLength(2);
    expect(mails[0]).toEqual(mails[1]);
  });

  test("are withdrawn by the link in the mail only with its key", async () => {
    const world = new ReminderWorld();
    await world.put(0);
    world.stop(0, "key-9");
    expect(world.store.rows.size).toBe(1);
    world.stop(0, "key-1");
    expect(world.store.rows.size).toBe(0);
  });
});

/**
 * What is told of a sale, over random lives of a room: each change once, in order, whoever looked
 * when.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openRoom } from "../../../src/domain/room/room-state.ts";
import { factsOf, tell, tellNothingYet, type SaleEvent } from "../../../src/domain/room/events.ts";
import type { Sale } from "../../../src/domain/sale/sale.ts";
import { ENDS_MS, OPENS_MS, saleOf, STARTS_MS } from "../support/sale-document.ts";
import { Life, lives, MINUTE_MS, type Step } from "../support/sale-life.ts";

/** The one thing that each event changes of what was told before it. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  created: [],
  revised: ["revision", "phase", "ratePerMinute", "maxActive", "title", "times"],
  opened: ["phase"],
  started: ["phase"],
  ended: ["phase"],
  paused: ["paused"],
  resumed: ["paused"],
  sold_out: ["soldOut"],
  back_in_stock: ["soldOut"],
  changed: ["ratePerMinute", "maxActive", "message", "phase"],
};

function differences(before: SaleEvent, after: SaleEvent): string[] {
  const { revision, phase, paused, soldOut, ratePerMinute, maxActive, message } = after;
  const facts = { revision, phase, paused, soldOut, ratePerMinute, maxActive, message };
  return Object.entries(facts).flatMap(([name, value]) => {
    return Object.entries(before).some(([key, old]) => key === name && old !== value) ? [name] : [];
  });
}

describe("over any life of a room", () => {
  test("each event tells one change of what was told before, numbered without a gap, no time going back", async () => {
    await fc.assert(
      fc.asyncProperty(lives(true), async ({ from_ms, steps }) => {
        const life = await Life.begin(saleOf(), from_ms);
        for (const step of steps) await life.live(step);
        const [founding, ...later] = life.events;
        expect(founding).toMatchObject({ type: "sale.created", version: 1, id: "air-one:1" });
        later.forEach((event, index) => {
          expect(event).toMatchObject({ version: index + 2, id: `air-one:${index + 2}` });
          const before = life.events[index] ?? event;
          expect(event.at_ms).toBeGreaterThanOrEqual(before.at_ms);
          const changed = differences(before, event);
          const kind = event.type.replace("sale.", "");
          expect(CHANGES[kind]).toEqual(expect.arrayContaining(changed));
          expect(changed.length).toBeGreaterThan(0);
        });
      }),
      { numRuns: 500 },
    );
  });

  test("what was told last is what is so, and nothing is left untold", async () => {
    await fc.assert(
      fc.asyncProperty(lives(true), async ({ from_ms, steps }) => {
        const life = await Life.begin(saleOf(), from_ms);
        for (const step of steps) await life.live(step);
        await life.look();
        const { soldOut, ...facts } = factsOf(life.room, life.sale, life.revision, life.now);
        const { sale: _, title, schedule: __, ...told } = facts;
        expect(life.told).toMatchObject(told);
        expect(life.events.at(-1)).toMatchObject({ ...told, soldOut: life.told.soldOut });
        const isSaid = facts.phase === "live" && soldOut !== null;
        expect(isSaid ? soldOut : life.told.soldOut).toBe(life.told.soldOut);
        const revisions = life.events.filter(({ type }) => type === "sale.revised");
        expect(revisions.at(-1)?.title ?? title).toBe(title);
        const before = life.events.length;
        await life.look();
        expect(life.events).toHaveLength(before);
      }),
      { numRuns: 500 },
    );
  });

  test("without revisions it opens, starts and ends once, in this order, however late anybody looks", async () => {
    await fc.assert(
      fc.asyncProperty(lives(false), async ({ from_ms, steps }) => {
        const life = await Life.begin(saleOf(), from_ms);
        for (const step of steps) await life.live(step);
        life.now = Math.max(life.now, ENDS_MS) + 1;
        await life.look();
        const phases = life.types().filter((type) => ["opened", "started", "ended"].includes(type));
        const { opensAt_ms, startsAt_ms, endsAt_ms } = life.room.schedule;
        // Of a stretch of no length it depends on whether it began by the clock.
        const dropped = new Set([
          ...(opensAt_ms < endsAt_ms ? [] : ["opened"]),
          ...(startsAt_ms < endsAt_ms ? [] : ["started"]),
        ]);
        const expected = ["opened", "started", "ended"].filter((type) => !dropped.has(type));
        expect(phases.filter((type) => !dropped.has(type))).toEqual(expected);
        expect(new Set(phases).size).toBe(phases.length);
      }),
      { numRuns: 500 },
    );
  });

  test("looking more often tells the same, at the same times", async () => {
    await fc.assert(
      fc.asyncProperty(
        lives(true),
        fc.array(fc.nat({ max: 24 })),
        async ({ from_ms, steps }, looks) => {
          const [seldom, often] = [
            await Life.begin(saleOf(), from_ms),
            await Life.begin(saleOf(), from_ms),
          ];
          for (const [index, step] of steps.entries()) {
            await seldom.live(step);
            if (looks.includes(index)) {
              // Half-way, and again at once.
              const half_ms = Math.floor(step.after_ms / 2);
              await often.live({ after_ms: half_ms, act: { kind: "look" } });
              await often.look();
              await often.live({ ...step, after_ms: step.after_ms - half_ms });
            } else await often.live(step);
          }
          for (const life of [seldom, often]) await life.look();
          expect(often.events).toEqual(seldom.events);
        },
      ),
      { numRuns: 500 },
    );
  });
});

async function told(sale: Sale, now: number, ...steps: readonly Step[]): Promise<Life> {
  const life = await Life.begin(sale, now);
  for (const step of steps) await life.live(step);
  return life;
}

const act = (action: "open" | "start" | "pause" | "resume" | "end", after_ms = 1000): Step => {
  return { after_ms, act: { kind: "action", action } };
};
const level = (sku: string, available: number): Step => {
  return { after_ms: 1000, act: { kind: "level", sku, available } };
};

describe("a sale", () => {
  test("that opened before it was created says all of it, and not with times before its creation", async () => {
    const { events } = await told(saleOf(), STARTS_MS + 5);
    expect(events.map(({ type, at_ms }) => [type, at_ms])).toEqual([
      ["sale.created", STARTS_MS + 5],
      ["sale.opened", STARTS_MS + 5],
      ["sale.started", STARTS_MS + 5],
    ]);
  });

  test("tells the clock's news with the clock's time, though its room slept through all of it", async () => {
    const life = await told(saleOf(), OPENS_MS - 1, {
      after_ms: ENDS_MS,
      act: { kind: "look" },
    });
    expect(life.events.map(({ type, at_ms }) => [type, at_ms])).toEqual([
      ["sale.created", OPENS_MS - 1],
      ["sale.opened", OPENS_MS],
      ["sale.started", STARTS_MS],
      ["sale.ended", ENDS_MS],
    ]);
  });

  test("that is ended before it opened never opened", async () => {
    expect((await told(saleOf(), OPENS_MS - 5000, act("end"))).types()).toEqual([
      "created",
      "ended",
    ]);
  });

  test("that is ended before its start never started", async () => {
    const life = await told(saleOf(), OPENS_MS - 5000, act("open"), act("end"));
    expect(life.types()).toEqual(["created", "opened", "ended"]);
  });

  test("is sold out when all of its SKUs are, and not while one was never heard of", async () => {
    const life = await told(saleOf(), STARTS_MS, level("AIR-42", 0));
    expect(life.types()).toEqual(["created", "opened", "started"]);
    await life.live(level("AIR-43", 0));
    await life.live(level("AIR-43", 0));
    await life.live(level("AIR-42", 1));
    expect(life.types().slice(3)).toEqual(["sold_out", "back_in_stock"]);
  });

  test("without stock says so when it starts, not before", async () => {
    const life = await told(
      saleOf(),
      OPENS_MS,
      level("AIR-42", 0),
      level("AIR-43", 0),
      act("start"),
    );
    expect(life.types()).toEqual(["created", "opened", "started", "sold_out"]);
  });

  test("pauses and resumes once for each, however often it is asked", async () => {
    const steps = [act("pause"), act("pause"), act("resume"), act("resume")];
    const life = await told(saleOf(), STARTS_MS, ...steps);
    expect(life.types().slice(3)).toEqual(["paused", "resumed"]);
  });

  test("whose start is put off has started again when it comes, and its revision says that it went back", async () => {
    const life = await told(saleOf(), STARTS_MS, {
      after_ms: 1000,
      act: { kind: "revise", title: "Later", startsIn_ms: MINUTE_MS },
    });
    expect(life.events.at(-1)).toMatchObject({
      type: "sale.revised",
      phase: "prequeue",
      title: "Later",
      revision: 2,
    });
    await life.live({ after_ms: MINUTE_MS, act: { kind: "look" } });
    expect(life.types()).toEqual(["created", "opened", "started", "revised", "started"]);
  });

  test("from before there were events begins with what comes next", () => {
    const sale = saleOf();
    const room = openRoom(sale, OPENS_MS);
    const facts = (now: number) => factsOf(room, sale, 3, now);
    const since = tellNothingYet(facts(OPENS_MS), OPENS_MS);
    expect(tell(since, facts(OPENS_MS), facts(OPENS_MS), OPENS_MS).events).toEqual([]);
    const { events } = tell(since, facts(STARTS_MS), facts(STARTS_MS), STARTS_MS);
    expect(events).toMatchObject([{ id: "air-one:1", type: "sale.started", revision: 3 }]);
  });

  test("does not start twice for a clock that goes back", async () => {
    const life = await told(saleOf(), STARTS_MS);
    life.now -= 2000;
    await life.look();
    life.now += 2000;
    await life.look();
    expect(life.types()).toEqual(["created", "opened", "started"]);
  });
});

/**
 * What an app that speaks Cloudflare's format is told: every field in every state, and nothing
 * that is not so.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  cloudflareWaitingRoom,
  minutesText,
  type WaitingFacts,
} from "../../../src/domain/formats/cloudflare-waiting-room.ts";
import { SHOPPER_STATES, type ShopperState } from "../../../src/domain/room/standing.ts";
import { ENDS_MS, OPENS_MS, STARTS_MS } from "../support/sale-document.ts";

const minutes = z.int().min(0);

/** Cloudflare's documentation as a schema: every field, its type, and no other field. */
const documented = z.strictObject({
  inWaitingRoom: z.literal(true),
  waitTimeKnown: z.boolean(),
  waitTime: minutes,
  waitTime25Percentile: minutes,
  waitTime50Percentile: minutes,
  waitTime75Percentile: minutes,
  waitTimeFormatted: z.string().min(1),
  queueIsFull: z.boolean(),
  queueAll: z.boolean(),
  lastUpdated: z.iso.datetime(),
  refreshIntervalSeconds: z.int().min(0),
  queueingMethod: z.enum(["fifo", "random", "passthrough", "reject"]),
  isFIFOQueue: z.boolean(),
  isRandomQueue: z.boolean(),
  isPassthroughQueue: z.boolean(),
  isRejectQueue: z.boolean(),
  isEventActive: z.boolean(),
  isEventPrequeueing: z.boolean(),
  timeUntilEventStart: minutes,
  timeUntilEventStartFormatted: z.string().min(1),
  timeUntilEventEnd: minutes,
  timeUntilEventEndFormatted: z.string().min(1),
  shuffleAtEventStart: z.boolean(),
  turnstile: z.string(),
  infiniteQueue: z.boolean(),
});

const schedule = { opensAt_ms: OPENS_MS, startsAt_ms: STARTS_MS, endsAt_ms: ENDS_MS };
const seconds = fc.integer({ min: 0, max: 100_000 });
const waits = fc.option(
  fc.tuple(seconds, seconds).map(([a, b]) => ({ low_s: Math.min(a, b), high_s: Math.max(a, b) })),
);
const generated: fc.Arbitrary<WaitingFacts> = fc.record({
  sale: fc.record({ admission: fc.record({ method: fc.constantFrom("lottery", "fifo") }) }),
  schedule: fc.constant(schedule),
  standing: fc.option(
    fc.record({
      state: fc.constantFrom(...SHOPPER_STATES),
      cohort: fc.option(fc.nat(20)),
      wait: waits,
    }),
  ),
  retryAfter_s: fc.double({ min: 0, max: 60, noNaN: true }),
  turnstile: fc.constantFrom("", "<div>prove it</div>"),
  now: fc.oneof(
    fc.integer({ min: OPENS_MS - 7_200_000, max: ENDS_MS + 7_200_000 }),
    fc
      .constantFrom(OPENS_MS, STARTS_MS, ENDS_MS)
      .chain((at) => fc.integer({ min: at - 2, max: at + 2 })),
  ),
});

test("every field is there, with its type, in every phase and for every standing", () => {
  fc.assert(
    fc.property(generated, (facts) => {
      expect(documented.safeParse(cloudflareWaitingRoom(facts)).error).toBeUndefined();
    }),
  );
});

test("what is not known is told as unavailable and 0, and nothing known is", () => {
  fc.assert(
    fc.property(generated, (facts) => {
      const told = cloudflareWaitingRoom(facts);
      const times = [told.waitTime25Percentile, told.waitTime50Percentile].concat(
        told.waitTime75Percentile,
      );
      expect(told.waitTimeKnown).toBe(told.waitTimeFormatted !== "unavailable");
      expect(told.waitTimeKnown).toBe(told.waitTime > 0);
      const hasPercentiles = told.waitTimeKnown && told.isRandomQueue;
      expect(times.map((time) => time > 0)).toEqual(times.map(() => hasPercentiles));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(told.waitTime).toBe(hasPercentiles ? told.waitTime50Percentile : told.waitTime);
      expect(told.timeUntilEventStart > 0).toBe(told.isEventPrequeueing);
      expect(told.timeUntilEventStartFormatted === "unavailable").toBe(!told.isEventPrequeueing);
      expect(told.timeUntilEventEnd > 0).toBe(told.isEventActive);
      expect(told.timeUntilEventEndFormatted === "unavailable").toBe(!told.isEventActive);
    }),
  );
});

test("exactly one kind of queue is named, an event prequeues only while it is active, and only a sale that is over is not asked again", () => {
  fc.assert(
    fc.property(generated, (facts) => {
      const told = cloudflareWaitingRoom(facts);
      const kinds = {
        fifo: told.isFIFOQueue,
        random: told.isRandomQueue,
        passthrough: told.isPassthroughQueue,
        reject: told.isRejectQueue,
      };
      expect(Object.entries(kinds).filter(([, is]) => is)).toEqual([[told.queueingMethod, true]]);
      expect(told.isEventActive || !told.isEventPrequeueing).toBe(true);
      expect(told.refreshIntervalSeconds === 0).toBe(told.isRejectQueue);
      expect(told.isRejectQueue).toBe(facts.now >= ENDS_MS);
    }),
  );
});

function told(
  state: ShopperState | null,
  method: "lottery" | "fifo",
  { cohort = null, now = STARTS_MS + 60_000 }: { cohort?: number | null; now?: number } = {},
) {
  const wait = { low_s: 290, high_s: 890 };
  return cloudflareWaitingRoom({
    sale: { admission: { method } },
    schedule,
    standing: state === null ? null : { state, cohort, wait },
    retryAfter_s: 19.2,
    turnstile: "",
    now,
  });
}

describe("an app is told", () => {
  test("one time in a line first come, first served", () => {
    expect(told("queued", "fifo", { cohort: 3 })).toMatchObject({
      waitTimeKnown: true,
      waitTime: 10,
      waitTime25Percentile: 0,
      waitTime50Percentile: 0,
      waitTime75Percentile: 0,
      waitTimeFormatted: "10 minutes",
      refreshIntervalSeconds: 20,
      queueingMethod: "fifo",
      isEventActive: true,
      timeUntilEventEnd: 119,
      timeUntilEventEndFormatted: "1 hour 59 minutes",
      shuffleAtEventStart: false,
      lastUpdated: "2026-11-27T10:01:00.000Z",
    });
  });

  test("an interval where the place was drawn by lot", () => {
    expect(told("queued", "lottery", { cohort: 0 })).toMatchObject({
      waitTime: 10,
      waitTime25Percentile: 5,
      waitTime50Percentile: 10,
      waitTime75Percentile: 15,
      waitTimeFormatted: "5 minutes to 15 minutes",
      queueingMethod: "random",
      shuffleAtEventStart: true,
    });
  });

  test("that whoever came after the start of a lottery is behind those before them", () => {
    expect(told("queued", "lottery", { cohort: 4 })).toMatchObject({
      isFIFOQueue: true,
      isRandomQueue: false,
      shuffleAtEventStart: true,
    });
  });

  test("when the sale starts, while it is in the pre-queue", () => {
    const now = STARTS_MS - 90_000;
    expect(told("prequeue", "lottery", { cohort: 0, now })).toMatchObject({
      waitTimeKnown: false,
      isEventActive: true,
      isEventPrequeueing: true,
      timeUntilEventStart: 2,
      timeUntilEventStartFormatted: "2 minutes",
      isRandomQueue: true,
    });
  });

  test.each(["paused", "sold_out"] as const)(
    "that nobody is let in, and no time, while %s",
    (state) => {
      const answer = told(state, "fifo", { cohort: 1 });
      expect(answer).toMatchObject({ queueAll: true, waitTimeKnown: false, waitTime: 0 });
    },
  );

  test("that the turn has come and only a seat is missing", () => {
    const answer = told("called", "fifo", { cohort: 1 });
    expect(answer).toMatchObject({ waitTimeKnown: true, waitTimeFormatted: "1 minute" });
  });

  test("nothing of a place before there is one", () => {
    const answer = told(null, "lottery", { now: OPENS_MS - 5000 });
    expect(answer).toMatchObject({ waitTimeKnown: false, isEventActive: false, waitTime: 0 });
  });
});

test.each([
  [1, "1 minute"],
  [59, "59 minutes"],
  [60, "1 hour"],
  [61, "1 hour 1 minute"],
  [125, "2 hours 5 minutes"],
])("%i minutes are said as “%s”", (count, words) => {
  expect(minutesText(count)).toBe(words);
});

/**
 * What an app that reads Cloudflare's format gets: every field in every state, and nothing that
 * does not hold.
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

test("every field is present, with its type, in every phase and for every standing", () => {
  fc.assert(
    fc.property(generated, (facts) => {
      expect(documented.safeParse(cloudflareWaitingRoom(facts)).error).toBeUndefined();
    }),
  );
});

test("an unknown time is 0 and unavailable, and a known one never is", () => {
  fc.assert(
    fc.property(generated, (facts) => {
      const answer = cloudflareWaitingRoom(facts);
      const times = [answer.waitTime25Percentile, answer.waitTime50Percentile].concat(
        answer.waitTime75Percentile,
      );
      expect(answer.waitTimeKnown).toBe(answer.waitTimeFormatted !== "unavailable");
      expect(answer.waitTimeKnown).toBe(answer.waitTime > 0);
      const hasPercentiles = answer.waitTimeKnown && answer.isRandomQueue;
      expect(times.map((time) => time > 0)).toEqual(times.map(() => hasPercentiles));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(answer.waitTime).toBe(hasPercentiles ? answer.waitTime50Percentile : answer.waitTime);
      expect(answer.timeUntilEventStart > 0).toBe(answer.isEventPrequeueing);
      expect(answer.timeUntilEventStartFormatted === "unavailable").toBe(
        !answer.isEventPrequeueing,
      );
      expect(answer.timeUntilEventEnd > 0).toBe(answer.isEventActive);
      expect(answer.timeUntilEventEndFormatted === "unavailable").toBe(!answer.isEventActive);
    }),
  );
});

test("exactly one kind of queue is named, an event prequeues only while it is active, and only an ended sale has no refresh interval", () => {
  fc.assert(
    fc.property(generated, (facts) => {
      const answer = cloudflareWaitingRoom(facts);
      const kinds = {
        fifo: answer.isFIFOQueue,
        random: answer.isRandomQueue,
        passthrough: answer.isPassthroughQueue,
        reject: answer.isRejectQueue,
      };
      expect(Object.entries(kinds).filter(([, is]) => is)).toEqual([[answer.queueingMethod, true]]);
      expect(answer.isEventActive || !answer.isEventPrequeueing).toBe(true);
      expect(answer.refreshIntervalSeconds === 0).toBe(answer.isRejectQueue);
      expect(answer.isRejectQueue).toBe(facts.now >= ENDS_MS);
    }),
  );
});

function answerFor(
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

describe("an app gets", () => {
  test("one time in a line first come, first served", () => {
    expect(answerFor("queued", "fifo", { cohort: 3 })).toMatchObject({
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

  test("an interval where the place was drawn at random", () => {
    expect(answerFor("queued", "lottery", { cohort: 0 })).toMatchObject({
      waitTime: 10,
      waitTime25Percentile: 5,
      waitTime50Percentile: 10,
      waitTime75Percentile: 15,
      waitTimeFormatted: "5 minutes to 15 minutes",
      queueingMethod: "random",
      shuffleAtEventStart: true,
    });
  });

  test("fifo for a shopper who joined after the start of a lottery", () => {
    expect(answerFor("queued", "lottery", { cohort: 4 })).toMatchObject({
      isFIFOQueue: true,
      isRandomQueue: false,
      shuffleAtEventStart: true,
    });
  });

  test("the time until the sale starts, in the prequeue", () => {
    const now = STARTS_MS - 90_000;
    expect(answerFor("prequeue", "lottery", { cohort: 0, now })).toMatchObject({
      waitTimeKnown: false,
      isEventActive: true,
      isEventPrequeueing: true,
      timeUntilEventStart: 2,
      timeUntilEventStartFormatted: "2 minutes",
      isRandomQueue: true,
    });
  });

  test.each(["paused", "sold_out"] as const)("queueAll, and no time, while %s", (state) => {
    const answer = answerFor(state, "fifo", { cohort: 1 });
    expect(answer).toMatchObject({ queueAll: true, waitTimeKnown: false, waitTime: 0 });
  });

  test("one minute when the turn has come and no seat is free", () => {
    const answer = answerFor("called", "fifo", { cohort: 1 });
    expect(answer).toMatchObject({ waitTimeKnown: true, waitTimeFormatted: "1 minute" });
  });

  test("no wait before there is a place", () => {
    const answer = answerFor(null, "lottery", { now: OPENS_MS - 5000 });
    expect(answer).toMatchObject({ waitTimeKnown: false, isEventActive: false, waitTime: 0 });
  });
});

test.each([
  [1, "1 minute"],
  [59, "59 minutes"],
  [60, "1 hour"],
  [61, "1 hour 1 minute"],
  [125, "2 hours 5 minutes"],
])("%i minutes are “%s”", (count, expected) => {
  expect(minutesText(count)).toBe(expected);
});

/**
 * The throttle of the order pipeline on the calls: what breakers and the age of orders say, how it
 * falls and rises, and which orders tell at all.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beginOrder,
  finishOrder,
  leave,
  type AdmissionRecord,
} from "../../../src/domain/room/admission.ts";
import { Backlog, ORDERS_THAT_TELL } from "../../../src/domain/room/backlog.ts";
import type { SharedBreaker } from "../../../src/domain/breaker.ts";
import { PIPELINE_READING_MAX_MS } from "../../../src/domain/limits.ts";
import {
  bears,
  follow,
  NO_THROTTLE,
  THROTTLE_MIN,
  throttleSchema,
  type BackendReading,
  type PipelineReading,
} from "../../../src/domain/room/throttle.ts";

const T = Date.parse("2026-11-27T10:00:00Z");

const CLOSED: SharedBreaker = { v: 1, state: "closed", epoch: 3, by: "here" };

function open(retryAt_ms: number): SharedBreaker {
  const why = { openings: 1, reason: "40 % of 10 calls failed", by: "here" };
  return { v: 1, state: "open", epoch: 4, openedAt_ms: retryAt_ms - 5000, retryAt_ms, ...why };
}

function reading(...backends: BackendReading[]): PipelineReading {
  return { at_ms: T, backends };
}

const quiet: BackendReading = { breaker: null, force: null };

describe("what the pipeline bears by its breakers and paces", () => {
  test.each<[string, BackendReading, number]>([
    ["never written or unreadable", quiet, 1],
    ["closed", { breaker: CLOSED, force: null }, 1],
    ["open, not to be tried yet", { breaker: open(T + 1), force: null }, 0.1],
    ["open, being probed", { breaker: open(T), force: null }, 0.25],
    [
      "open, probed for two minutes less a moment",
      { breaker: open(T - 119_999), force: null },
      0.25,
    ],
    ["open since days, tried by nobody", { breaker: open(T - 120_000), force: null }, 1],
    ["closed, forced open", { breaker: CLOSED, force: "open" }, 0.1],
    ["never written, forced open", { breaker: null, force: "open" }, 0.1],
    ["closed, with calls that hardly wait", { ...quiet, wait_ms: 2000 }, 1],
    ["closed, with calls that wait six seconds", { ...quiet, wait_ms: 6000 }, 0.525],
    ["closed, with calls that wait as long as calls do", { ...quiet, wait_ms: 10_000 }, 0.05],
    ["open, forced closed", { breaker: open(T + 5000), force: "closed" }, 1],
  ])("that are %s", (_, backend, most) => {
    expect(bears(reading(backend), null, T)).toBeCloseTo(most);
    expect(bears(reading(quiet, backend), null, T)).toBeCloseTo(most);
    expect(bears(reading(backend, quiet), null, T)).toBeCloseTo(most);
  });

  test("is the least that any of them says", () => {
    const probed = { breaker: open(T), force: null };
    expect(bears(reading(probed, { breaker: null, force: "open" }), null, T)).toBe(0.1);
    expect(bears(reading(probed), 60_000, T)).toBeCloseTo(THROTTLE_MIN, 9);
  });

  test("is everything before a reading, and when the last reading is two minutes old", () => {
    const forced = reading({ breaker: null, force: "open" });
    expect(bears(null, null, T)).toBe(1);
    expect(bears(forced, null, T + PIPELINE_READING_MAX_MS - 1)).toBe(0.1);
    expect(bears(forced, null, T + PIPELINE_READING_MAX_MS)).toBe(1);
  });

  test("recovers by the clock with the same old reading", () => {
    const stale = reading({ breaker: open(T + 30_000), force: null });
    const at = (after_ms: number): number => bears(stale, null, T + after_ms);
    expect([0, 29_999, 30_000, 119_999, 120_000].map(at)).toEqual([0.1, 0.1, 0.25, 0.25, 1]);
  });
});

test.each([
  [null, 1],
  [0, 1],
  [10_000, 1],
  [35_000, 0.525],
  [60_000, THROTTLE_MIN],
  [9_000_000, THROTTLE_MIN],
])("with orders on their way for %s ms the pipeline bears %d of the rate", (age_ms, part) => {
  expect(bears(null, age_ms, T)).toBeCloseTo(part, 10);
});

describe("the throttle", () => {
  const part = fc.integer({ min: -10, max: 30 }).map((twentieths) => twentieths / 20);
  const steps = fc.array(fc.record({ part, after_ms: fc.integer({ min: -2000, max: 6000 }) }), {
    maxLength: 60,
    size: "max",
  });

  test("stays within its bounds, falls at once, and rises by a twentieth a second at most", () => {
    fc.assert(
      fc.property(steps, (steps) => {
        let throttle = { ...NO_THROTTLE, at_ms: T };
        let now = T;
        for (const { part, after_ms } of steps) {
          now += after_ms;
          const next = follow(throttle, part, now);
          expect(throttleSchema.parse(next)).toEqual(next);
          expect(next.value).toBeLessThanOrEqual(Math.max(part, THROTTLE_MIN));
          const bearable = Math.max(part, THROTTLE_MIN);
          expect(next.value).toBeGreaterThanOrEqual(Math.min(throttle.value, bearable));
          const risen = next.value - throttle.value;
          expect(risen).toBeLessThanOrEqual((0.05 * Math.max(after_ms, 0)) / 1000 + 1e-9);
          throttle = next;
        }
      }),
    );
  });

  test("takes twenty seconds from the least to nothing pressing, tick by tick or in one step", () => {
    const pressed = follow({ value: 1, at_ms: T }, THROTTLE_MIN, T);
    let ticked = pressed;
    for (let second = 1; second <= 18; second += 1) ticked = follow(ticked, 1, T + second * 1000);
    expect(ticked.value).toBeCloseTo(0.95, 9);
    expect(follow(ticked, 1, T + 20_000).value).toBe(1);
    expect(follow(pressed, 1, T + 20_000).value).toBe(1);
  });
});

/** An admission whose order began so many seconds after T. */
function ordering(name: string, begun_s: number): AdmissionRecord {
  const admission: AdmissionRecord = {
    id: `adm_${name}`,
    ticket: name,
    subject: name,
    lane: "general",
    issuedAt_ms: T,
    expiresAt_ms: T + 3_600_000,
    standing: "active",
    ordersDone: 0,
    orderInProgress: null,
    orderBegunAt_ms: null,
    ordersEnded: [],
  };
  return beginOrder(admission, `ord_${name}`, T + begun_s * 1000, 5).admission;
}

function finished(admission: AdmissionRecord, how: "spend" | "hand_back"): AdmissionRecord {
  return finishOrder(admission, admission.orderInProgress ?? "", how, 1).admission;
}

function backlogOf(admissions: readonly AdmissionRecord[]): Backlog {
  const backlog = new Backlog();
  for (const admission of admissions) backlog.note(admission);
  return backlog;
}

const at = (second: number): number => T + second * 1000;

describe("the age of the orders on their way", () => {
  const waiting = [0, 1, 2, 3, 4].map((begun_s) => ordering(`w${begun_s}`, begun_s));

  test("is the one in the middle, and nothing below five orders", () => {
    expect(backlogOf(waiting).age_ms(at(60))).toBe(58_000);
    expect(backlogOf(waiting.slice(1)).age_ms(at(60))).toBeNull();
    expect(backlogOf([]).age_ms(at(60))).toBeNull();
  });

  test("is not that of a few who look for their phone while others order and are served", () => {
    const fresh = Array.from({ length: 8 }, (_, index) => ordering(`f${index}`, 300));
    expect(backlogOf([...waiting, ...fresh]).age_ms(at(302))).toBe(2000);
  });

  test("leaves those out that five later orders have overtaken, and counts them until then", () => {
    const later = Array.from({ length: 5 }, (_, index) => ordering(`l${index}`, 100 + index));
    const backlog = backlogOf([...waiting, ...later]);
    for (const admission of later.slice(1)) backlog.note(finished(admission, "spend"));
    expect(backlog.age_ms(at(110))).toBe(107_000);
    backlog.note(finished(ordering("l0", 100), "spend"));
    expect(backlog.age_ms(at(110))).toBeNull();
  });

  test("is not hidden by orders that end without being confirmed", () => {
    const backlog = backlogOf(waiting);
    for (let index = 0; index < 20; index += 1) {
      const admission = ordering(`r${index}`, 100);
      backlog.note(admission);
      backlog.note(finished(admission, "hand_back"));
    }
    expect(backlog.age_ms(at(110))).toBe(108_000);
  });

  test("counts orders whose shoppers have left, and none whose beginning was not kept", () => {
    const left = waiting.map((admission) => leave(admission, at(5)).admission);
    expect(backlogOf(left).age_ms(at(60))).toBe(58_000);
    const old = waiting.map((admission) => ({ ...admission, orderBegunAt_ms: null }));
    expect(backlogOf(old).age_ms(at(60))).toBeNull();
  });

  test("is the same from the stored admissions as from every change of them, noted twice", () => {
    const shoppers = fc.array(
      fc.record({
        begun_s: fc.nat({ max: 100 }),
        end: fc.constantFrom("none", "spend", "hand_back"),
      }),
      { maxLength: 40, size: "max" },
    );
    fc.assert(
      fc.property(shoppers, fc.integer(), (shoppers, seed) => {
        const live = new Backlog();
        const stored = shoppers.map(({ begun_s, end }, index) => {
          const begun = ordering(`s${index}`, begun_s);
          live.note(begun);
          const now = end === "none" ? begun : finished(begun, end);
          live.note(now);
          live.note(now);
          return now;
        });
        const turn = Math.abs(seed) % Math.max(stored.length, 1);
        const loaded = backlogOf([...stored.slice(turn), ...stored.slice(0, turn)]);
        expect(loaded.age_ms(at(200))).toBe(live.age_ms(at(200)));
        const onTheirWay = stored.filter(({ orderInProgress }) => orderInProgress !== null);
        const confirmed = stored
          .filter((admission) => admission.ordersDone > 0)
          .toSorted((a, b) => (b.orderBegunAt_ms ?? 0) - (a.orderBegunAt_ms ?? 0))
          .slice(0, ORDERS_THAT_TELL);
        expect(backlogOf([...onTheirWay, ...confirmed]).age_ms(at(200))).toBe(live.age_ms(at(200)));
      }),
    );
  });
});

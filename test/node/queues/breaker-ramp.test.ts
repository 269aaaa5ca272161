/**
 * A breaker that has just closed: the rate at which the backlog of an outage reaches the backend.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as breaker from "../../../src/domain/breaker.ts";

const RULES = breaker.BREAKER_DEFAULTS;
const CLOSED_AT_MS = 5000;

/** The state after enough successful probes. */
const JUST_CLOSED = breaker.merge(breaker.newBreaker("here"), {
  v: 1,
  state: "closed",
  epoch: 2,
  by: "here",
  closedAt_ms: CLOSED_AT_MS,
});

function ask(state: breaker.BreakerState, now: number): breaker.BreakerDecision {
  return breaker.ask(state, null, RULES, now);
}

const times = <Value>(count: number, value: Value): Value[] => Array<Value>(count).fill(value);

/** Callers that return when their wait is over; returns when each of them was let through. */
function drain(arrivals_ms: readonly number[]): number[] {
  let state = JUST_CLOSED;
  const passed: number[] = [];
  const waiting = [...arrivals_ms];
  while (waiting.length > 0) {
    const now = Math.min(...waiting);
    waiting.splice(waiting.indexOf(now), 1);
    const { state: next, permission } = ask(state, now);
    state = next;
    if (permission.kind === "go") passed.push(now);
    else waiting.push(permission.until_ms);
    expect(permission.kind === "go" || permission.until_ms > now).toBe(true);
  }
  return passed;
}

describe("a breaker that has just closed", () => {
  test("lets a backlog through at a rate that doubles, then everything", () => {
    const passed = drain(times(1000, CLOSED_AT_MS));
    const inSecond = (second: number): number => {
      const from_ms = CLOSED_AT_MS + second * 1000;
      return passed.filter((at_ms) => at_ms >= from_ms && at_ms < from_ms + 1000).length;
    };
    // The first second has the allowed burst in addition to its rate.
    const seconds = [1, 2, 3, 4, 7, 10, 13].map(inSecond);
    expect(seconds).toEqual([5, 5, 10, 10, 20, 40, 80]);
    expect(passed).toHaveLength(1000);
    expect(Math.max(...passed)).toBe(CLOSED_AT_MS + RULES.ramp_ms);
  });

  test("never lets more through than the current rate, however callers arrive (law)", () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: RULES.ramp_ms }), { maxLength: 300 });
    fc.assert(
      fc.property(arrivals, (since_ms) => {
        const passed = drain(since_ms.map((at_ms) => CLOSED_AT_MS + at_ms));
        expect(passed).toHaveLength(since_ms.length);
        for (const [first, from_ms] of passed.entries()) {
          for (const [last, until_ms] of passed.entries()) {
            const rate = breaker.rampRate(until_ms - CLOSED_AT_MS, RULES);
            if (last < first || rate === null) continue;
            const span_s = (until_ms - from_ms) / 1000;
            expect(last - first + 1).toBeLessThanOrEqual(rate * (span_s + 1) + 1);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("makes no caller wait longer than the ramp lasts", () => {
    const passed = drain(times(300, 0).map((_, index) => CLOSED_AT_MS + index));
    expect(Math.max(...passed)).toBeLessThanOrEqual(CLOSED_AT_MS + RULES.ramp_ms);
  });

  test("tells another isolate when it closed, which then follows the same ramp", () => {
    const here = JUST_CLOSED;
    const there = breaker.merge(breaker.newBreaker("there"), here.shared);
    const limited = times(20, 0).reduce(
      ({ state, goes }) => {
        const next = ask(state, 5000);
        return { state: next.state, goes: goes + (next.permission.kind === "go" ? 1 : 0) };
      },
      { state: there, goes: 0 },
    );
    expect(limited.goes).toBe(5);
  });

  test("that was never open has no ramp", () => {
    expect(ask(breaker.newBreaker("here"), 1).permission).toEqual({ kind: "go", probe: false });
    expect(breaker.rampRate(RULES.ramp_ms, RULES)).toBeNull();
  });
});

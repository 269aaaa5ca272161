/**
 * The circuit breaker: when it opens, how it recovers, and how isolates agree.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as breaker from "../../../src/domain/breaker.ts";

const RULES = breaker.BREAKER_DEFAULTS;
const GOOD = { failed: false, duration_ms: 100, probe: false };
const BAD = { failed: true, duration_ms: 100, probe: false };
const SLOW = { failed: false, duration_ms: RULES.slowCall_ms, probe: false };

type Result = typeof GOOD;

/** Records finished calls, one after the other at `now`. */
function after(
  state: breaker.BreakerState,
  results: readonly Result[],
  now = 0,
): breaker.BreakerState {
  return results.reduce((next, result) => breaker.record(next, result, "here", RULES, now), state);
}
const times = (count: number, result: Result): Result[] =>
  Array.from({ length: count }, () => result);

function ask(state: breaker.BreakerState, now: number): breaker.BreakerDecision {
  return breaker.ask(state, null, RULES, now);
}

const CLOSED = breaker.newBreaker("here");
const OPEN = after(CLOSED, times(10, BAD));

/** Sends `count` probes at `now`, and records `result` for each. */
function probe(state: breaker.BreakerState, failed: boolean[], now: number): breaker.BreakerState {
  return failed.reduce((next, failed) => {
    const { state: asked, permission } = ask(next, now);
    expect(permission).toEqual({ kind: "go", probe: true });
    return breaker.record(asked, { failed, duration_ms: 50, probe: true }, "here", RULES, now);
  }, state);
}

describe("a closed breaker", () => {
  test("lets every call through", () => {
    expect(ask(CLOSED, 0).permission).toEqual({ kind: "go", probe: false });
  });

  test("never opens below the minimum number of calls, whatever fails", () => {
    expect(after(CLOSED, times(9, BAD)).shared.state).toBe("closed");
    expect(after(CLOSED, times(10, BAD)).shared.state).toBe("open");
  });

  test("opens at the failure rate, not below it", () => {
    const below = [...times(7, GOOD), ...times(2, BAD), GOOD];
    expect(after(CLOSED, below).shared.state).toBe("closed");
    const at = after(CLOSED, [...times(7, GOOD), ...times(3, BAD)]);
    expect(at.shared).toMatchObject({ state: "open", reason: "30 % of 10 calls failed", epoch: 1 });
  });

  test("opens at the rate of slow calls, not below it", () => {
    expect(after(CLOSED, [...times(3, GOOD), ...times(7, SLOW)]).shared.state).toBe("closed");
    const at = after(CLOSED, [...times(2, GOOD), ...times(8, SLOW)]);
    expect(at.shared).toMatchObject({ state: "open", reason: "80 % of 10 calls were slow" });
  });

  test("forgets calls that are older than its window", () => {
    const early = after(CLOSED, times(9, BAD), 0);
    const later = after(early, [BAD], RULES.window_ms);
    expect(later.shared.state).toBe("closed");
    expect(later.calls).toHaveLength(1);
    expect(after(early, [BAD], RULES.window_ms - 1).shared.state).toBe("open");
  });
});

describe("an open breaker", () => {
  test("makes calls wait until an absolute instant, then lets probes through", () => {
    expect(ask(OPEN, 0).permission).toEqual({ kind: "wait", until_ms: RULES.openFor_ms });
    expect(ask(OPEN, 4999).permission).toEqual({ kind: "wait", until_ms: 5000 });
    expect(ask(OPEN, 5000).permission).toEqual({ kind: "go", probe: true });
  });

  test.each([5000, 9999, 10_000, 1e9])(
    "with its first call at %i ms lets two probes through at a time",
    (now) => {
      const first = ask(OPEN, now);
      const second = ask(first.state, now);
      const third = ask(second.state, now);
      expect([first, second, third].map(({ permission }) => permission)).toEqual([
        { kind: "go", probe: true },
        { kind: "go", probe: true },
        { kind: "wait", until_ms: now + 1000 },
      ]);
    },
  );

  test("forgets probes without an answer one open time after the last was sent", () => {
    const sent = ask(ask(OPEN, 5000).state, 6000).state;
    expect(ask(sent, 6000 + RULES.openFor_ms - 1).permission.kind).toBe("wait");
    expect(ask(sent, 6000 + RULES.openFor_ms).permission).toEqual({ kind: "go", probe: true });
  });

  test("closes after a run of successful probes, not before", () => {
    const two = probe(OPEN, [false, false], 5000);
    expect(two.shared.state).toBe("open");
    expect(probe(two, [false], 5000).shared).toEqual({
      v: 1,
      state: "closed",
      epoch: 2,
      by: "here",
      closedAt_ms: 5000,
    });
  });

  test("opens again at a probe that succeeded but was slow", () => {
    const { state, permission } = ask(OPEN, 5000);
    expect(permission).toEqual({ kind: "go", probe: true });
    const slow = { ...SLOW, probe: true };
    const { shared } = breaker.record(state, slow, "here", RULES, 9000);
    expect(shared).toMatchObject({ state: "open", openings: 2, reason: "a probe was slow" });
  });

  test("opens again at a failed probe, for longer each time, up to a maximum", () => {
    const waits: number[] = [];
    let state = OPEN;
    for (let opening = 0; opening < 7; opening += 1) {
      if (state.shared.state !== "open") throw new Error("a failed probe keeps it open");
      const { openedAt_ms, retryAt_ms } = state.shared;
      waits.push(retryAt_ms - openedAt_ms);
      state = probe(state, [false, true], retryAt_ms);
    }
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  test("starts with the short wait again once it was closed", () => {
    const reopened = after(
      probe(probe(OPEN, [true], 5000), [false, false, false], 15_000),
      times(10, BAD),
      20_000,
    );
    expect(reopened.shared).toMatchObject({ openings: 1, retryAt_ms: 25_000 });
  });

  test("does not count the answers to calls made before it opened", () => {
    expect(after(OPEN, [...times(20, BAD), ...times(20, GOOD)], 100)).toBe(OPEN);
  });
});

describe("what is published", () => {
  test("outranks what KV shows, because it was seen later", () => {
    const shown = { ...OPEN.shared, epoch: 9 };
    expect(breaker.outrank(OPEN, shown).shared).toMatchObject({ state: "open", epoch: 10 });
    expect(breaker.outrank(OPEN, CLOSED.shared).shared.epoch).toBe(1);
    expect(breaker.outrank(OPEN, null).shared.epoch).toBe(1);
  });
});

describe("an operator's override takes precedence", () => {
  test("forced open, no call passes; forced closed, every call does", () => {
    const wait = { kind: "wait", until_ms: 7 + RULES.openFor_ms };
    expect(breaker.ask(CLOSED, "open", RULES, 7).permission).toEqual(wait);
    expect(breaker.ask(OPEN, "closed", RULES, 7).permission).toEqual({ kind: "go", probe: false });
  });
});

describe("two isolates", () => {
  test("agree on the higher epoch, and an old copy never overrides", () => {
    const there = breaker.newBreaker("there");
    const merged = breaker.merge(there, OPEN.shared);
    expect(merged.shared).toBe(OPEN.shared);
    expect(breaker.merge(merged, CLOSED.shared)).toBe(merged);
    expect(breaker.merge(merged, { ...OPEN.shared, by: "another" })).toBe(merged);
    expect(breaker.merge(merged, null)).toBe(merged);
  });

  test("with an old copy recover by the clock alone", () => {
    const merged = breaker.merge(breaker.newBreaker("there"), OPEN.shared);
    expect(probe(merged, [false, false, false], 1e9).shared.state).toBe("closed");
  });

  test("start a new window when they adopt another's state", () => {
    const counting = after(breaker.newBreaker("there"), times(9, BAD));
    const merged = breaker.merge(counting, probe(OPEN, [false, false, false], 5000).shared);
    expect(after(merged, times(9, BAD), 6000).shared.state).toBe("closed");
  });

  test("never adopt an older epoch, never wait for ever, and reach the same state", () => {
    fc.assert(
      fc.property(crossings, (acts) => {
        const { isolates, waits, merges, publications } = cross(acts);
        for (const wait_ms of waits) {
          expect(wait_ms).toBeGreaterThan(0);
          expect(wait_ms).toBeLessThanOrEqual(RULES.openForMax_ms);
        }
        for (const [held, read] of merges) expect(read).toBeGreaterThanOrEqual(held);
        for (const [before, published] of publications) {
          expect(published.epoch).toBe(before + 1);
          expect(breaker.sharedBreakerSchema.parse(published)).toEqual(published);
        }
        const newest = isolates.toSorted((a, b) => b.shared.epoch - a.shared.epoch)[0] ?? CLOSED;
        for (const isolate of isolates) {
          const merged = breaker.merge(isolate, newest.shared);
          expect(merged.shared.epoch).toBe(newest.shared.epoch);
        }
      }),
      { numRuns: 200 },
    );
  });
});

interface Crossing {
  readonly who: number;
  readonly failed: boolean;
  readonly after_ms: number;
  /** Whether the isolate reads KV first. */
  readonly reads: boolean;
}
const crossings = fc.array(
  fc.record<Crossing>({
    who: fc.nat({ max: 1 }),
    failed: fc.boolean(),
    after_ms: fc.nat({ max: 3000 }),
    reads: fc.boolean(),
  }),
  { maxLength: 200, size: "large" },
);

/** Two isolates that call the same backend and sometimes read each other's writes. */
function cross(acts: readonly Crossing[]) {
  const isolates = [breaker.newBreaker("0"), breaker.newBreaker("1")];
  const waits: number[] = [];
  const merges: [held: number, read: number][] = [];
  const publications: [before: number, published: breaker.SharedBreaker][] = [];
  let kv: breaker.SharedBreaker | null = null;
  let now = 0;
  for (const { who, failed, after_ms, reads } of acts) {
    now += after_ms;
    const held = isolates[who] ?? CLOSED;
    const before = reads ? breaker.merge(held, kv) : held;
    merges.push([held.shared.epoch, before.shared.epoch]);
    const { state, permission } = ask(before, now);
    isolates[who] = state;
    if (permission.kind === "wait") {
      waits.push(permission.until_ms - now);
      continue;
    }
    const result = { failed, duration_ms: 10, probe: permission.probe };
    const next = breaker.record(state, result, `${who}`, RULES, now);
    isolates[who] = next;
    if (next.shared === state.shared) continue;
    publications.push([state.shared.epoch, next.shared]);
    kv = next.shared;
  }
  return { isolates, waits, merges, publications };
}

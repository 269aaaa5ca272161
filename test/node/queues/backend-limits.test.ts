/**
 * The limits of the calls to the backends: reading a stored document, and breakers and bulkheads
 * whose rules change while they are at work.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bulkhead } from "../../../queues/bulkhead.ts";
import {
  breakerRulesOf,
  LIMIT_DEFAULTS,
  limitDifferences,
  limitsOf,
  limitsRequestSchema,
  readStoredLimits,
  unusualLimits,
} from "../../../src/domain/backend-limits.ts";
import * as breaker from "../../../src/domain/breaker.ts";

const { payment } = LIMIT_DEFAULTS;

describe("a stored document of limits", () => {
  test("that is missing, empty or no JSON is all defaults, and only a missing one is in order", () => {
    expect(readStoredLimits("payment", null)).toEqual({ limits: payment, unusable: [] });
    for (const text of ["", "{", "null", "[]", '"x"', "17"]) {
      const { limits, unusable } = readStoredLimits("payment", text);
      expect([text, limits, unusable]).toEqual([text, payment, ["the document"]]);
    }
  });

  test("is read field by field: an unknown one is ignored, an unusable one is named", () => {
    const text = JSON.stringify({
      ofALaterRelease: true,
      callsPerMinute: 600,
      timeoutSeconds: 99,
      breaker: { probes: "many", openSeconds: 9 },
    });
    const { limits, unusable } = readStoredLimits("payment", text);
    expect(unusable).toEqual(["timeoutSeconds", "breaker.probes"]);
    expect(limitDifferences(payment, limits)).toEqual([
      { path: "callsPerMinute", from: null, to: 600 },
      { path: "breaker.openSeconds", from: 5, to: 9 },
    ]);
  });

  test("with values that do not go together is all defaults", () => {
    const text = JSON.stringify({ breaker: { openSeconds: 300, openSecondsMax: 10 } });
    const { limits, unusable } = readStoredLimits("orders", text);
    expect([limits, unusable]).toEqual([LIMIT_DEFAULTS.orders, ["breaker.openSecondsMax"]]);
  });

  test("never yields limits that an operator could not have set, whatever is stored (law)", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { limits } = readStoredLimits("payment", text);
        expect(limitsRequestSchema.safeParse(limits).success).toBe(true);
      }),
    );
    const field = fc.oneof(fc.double(), fc.string(), fc.constant(null));
    const keys = ["callsPerMinute", "callsAtOnce", "timeoutSeconds", "breaker"];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), field), (stored) => {
        const { limits } = readStoredLimits("payment", JSON.stringify(stored));
        expect(limitsRequestSchema.safeParse(limits).success).toBe(true);
      }),
    );
  });

  test("is called unusual with what differs, and the defaults are not", () => {
    expect(unusualLimits([{ backend: "payment", limits: payment }])).toEqual([]);
    const limits = limitsOf("payment", { callsPerMinute: 60, breaker: { probes: 5 } });
    expect(unusualLimits([{ backend: "payment", limits }])).toEqual([
      "payment: callsPerMinute 60 instead of none, breaker.probes 5 instead of 2",
    ]);
  });
});

const rules = fc
  .record({
    windowSeconds: fc.integer({ min: 5, max: 600 }),
    callsMin: fc.integer({ min: 2, max: 20 }),
    failureRate: fc.double({ min: 0.01, max: 1, noNaN: true }),
    openSeconds: fc.integer({ min: 1, max: 600 }),
    openSecondsMax: fc.integer({ min: 600, max: 3600 }),
    probes: fc.integer({ min: 1, max: 20 }),
    successesToClose: fc.integer({ min: 1, max: 20 }),
  })
  .map((changed) => breakerRulesOf(limitsOf("payment", { breaker: changed })));

const step = fc.record({
  rules,
  after_ms: fc.integer({ min: 0, max: 60_000 }),
  failed: fc.boolean(),
  answers: fc.boolean(),
});

test("a breaker whose rules change at every call recovers under the last ones (law)", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), rules, (steps, last) => {
      let [state, now] = [breaker.newBreaker("here"), 1_800_000_000_000];
      for (const { rules: current, after_ms, failed, answers } of steps) {
        now += after_ms;
        const { epoch } = state.shared;
        const asked = breaker.ask(state, null, current, now);
        state = asked.state;
        const { permission } = asked;
        // Never for longer than the rules of now say.
        const most_ms = Math.max(current.openForMax_ms, current.ramp_ms, 1000);
        const wait_ms = permission.kind === "wait" ? permission.until_ms - now : 0;
        expect(wait_ms).toBeLessThanOrEqual(most_ms);
        if (permission.kind === "go" && answers) {
          const { probe } = permission;
          state = breaker.record(state, { failed, duration_ms: 1, probe }, "here", current, now);
        }
        expect(state.shared.epoch).toBeGreaterThanOrEqual(epoch);
      }
      // The backend is well from now on: it closes within what the last rules say.
      const end = now + last.openForMax_ms + 2 * last.openFor_ms * (last.successesToClose + 1);
      while (state.shared.state === "open" && now <= end) {
        const { state: next, permission } = breaker.ask(state, null, last, now);
        state = next;
        if (permission.kind === "go") {
          const { probe } = permission;
          state = breaker.record(state, { failed: false, duration_ms: 1, probe }, "x", last, now);
        } else {
          now = permission.until_ms;
        }
      }
      expect(state.shared.state).toBe("closed");
    }),
  );
});

test("a shorter open time counts for a breaker that is open already", () => {
  const long = breakerRulesOf(
    limitsOf("payment", { breaker: { openSeconds: 600, callsMin: 2, openSecondsMax: 600 } }),
  );
  const short = breakerRulesOf(limitsOf("payment", { breaker: { openSeconds: 3 } }));
  let state = breaker.newBreaker("here");
  const failure = { failed: true, duration_ms: 1, probe: false };
  for (let nth = 0; nth < 2; nth += 1) state = breaker.record(state, failure, "here", long, 0);
  expect(breaker.ask(state, null, long, 5000).permission.kind).toBe("wait");
  expect(breaker.ask(state, null, short, 2999).permission.kind).toBe("wait");
  expect(breaker.ask(state, null, short, 3000).permission).toEqual({ kind: "go", probe: true });
});

test("more and fewer slots of a bulkhead count at once for who comes and who waits", async () => {
  const current = { slots: 1 };
  const bulkhead = new Bulkhead({ slots: () => current.slots, waitingMax: 10 });
  await bulkhead.enter();
  const entered: number[] = [];
  const waiting = [1, 2, 3].map(async (nth) => {
    await bulkhead.enter();
    entered.push(nth);
  });
  current.slots = 2;
  bulkhead.leave();
  await Promise.all(waiting.slice(0, 2));
  expect(entered).toEqual([1, 2]);
  current.slots = 1;
  bulkhead.leave();
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect(entered).toEqual([1, 2]);
  bulkhead.leave();
  await Promise.all(waiting);
  expect(entered).toEqual([1, 2, 3]);
});

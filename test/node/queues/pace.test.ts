/**
 * Calls to a backend that throttles, against backends with a limit and with an arbitrary share of
 * 429, on a virtual clock.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Breaker } from "../../../queues/breakers.ts";
import { advance } from "../../../queues/pipeline.ts";
import { Pace } from "../../../queues/pace.ts";
import { LIMIT_DEFAULTS } from "../../../src/domain/backend-limits.ts";
import { lend, NEW_PACE, PACE_DEFAULTS, paceOf, tellPace } from "../../../src/domain/pace.ts";
import { PaceMemory } from "../../../simulation/faults/pace-memory.ts";
import { randomFrom } from "../../../simulation/seeded-random.ts";
import { NO_KV, orderIn, pipelineAt } from "../support/pipeline-world.ts";

const STEP_MS = 10;
const T = 1_800_000_000_000;
const THROTTLED = { passed: 0, throttled: 1, retryAfter_ms: 0, over_ms: 0 };

interface Backend {
  /** Whether it lets a call through at that time. */
  readonly takes: (now: number) => boolean;
}

/** Lets so many calls a second through, as a token bucket that holds a second's worth. */
function limited(perS: number): Backend {
  let [tokens, at_ms] = [perS, T];
  return {
    takes: (now) => {
      tokens = Math.min(perS, tokens + ((now - at_ms) / 1000) * perS);
      at_ms = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

function arbitrary(share: number, seed: string): Backend {
  const random = randomFrom(seed);
  return { takes: () => random() >= share };
}

interface Waiting {
  readonly waited: boolean;
  readonly order: number;
  readonly due_ms: number;
}

/** A put-off order comes back a little later, so that not all come at once (`SPREAD_MIN_MS`). */
const SPREAD_MS = 500;

interface Demand {
  readonly perS: number;
  readonly for_s: number;
  readonly isolates: number;
  readonly callsPerMinute?: number;
}

/** Orders of one call each arrive at isolates that share only the object `BackendPace`. */
async function drain(backend: Backend, { perS, for_s, isolates, callsPerMinute }: Demand) {
  const clock = { now: T };
  const random = randomFrom("drain");
  const object = new PaceMemory(() => clock.now);
  const { payment } = object.limits;
  object.limits.payment = { ...payment, callsPerMinute: callsPerMinute ?? null };
  const paces = Array.from({ length: isolates }, () => new Pace(object, "payment"));
  let queue: Waiting[] = [];
  const passed: { readonly order: number; readonly at_ms: number }[] = [];
  const waits_ms: number[] = [];
  const orders = perS * for_s;
  let [calls, arrived] = [0, 0];
  for (; passed.length < orders && clock.now < T + 600_000; clock.now += STEP_MS) {
    for (; arrived < orders && (arrived * 1000) / perS <= clock.now - T; arrived += 1) {
      queue.push({ order: arrived, due_ms: clock.now, waited: false });
    }
    const due = queue.filter(({ due_ms }) => due_ms <= clock.now);
    queue = queue.filter(({ due_ms }) => due_ms > clock.now);
    for (const { order, waited } of due) {
      const pace = paces[Math.floor(random() * isolates)];
      if (pace === undefined) throw new Error("no isolate");
      const again_ms = await pace.ask(waited, clock.now);
      const spread_ms = random() * SPREAD_MS;
      if (again_ms !== null) {
        queue.push({ order, due_ms: again_ms + spread_ms, waited: true });
        continue;
      }
      calls += 1;
      const takes = backend.takes(clock.now);
      pace.record(takes ? null : 1000, clock.now);
      if (takes) passed.push({ order, at_ms: clock.now });
      else queue.push({ order, due_ms: clock.now + 1000 + spread_ms, waited: true });
    }
    if ((clock.now - T) % 1000 === 0) waits_ms.push(object.wait_ms("payment"));
  }
  const took_s = ((passed.at(-1)?.at_ms ?? T) - T) / 1000;
  return { passed, calls, took_s, orders, waits_ms };
}

test.each([1, 4, 16])(
  "a limit of 25 a second is used to four fifths, roughly in order, by %i isolates at once",
  async (isolates) => {
    const demand = { perS: 100, for_s: 20, isolates };
    const { passed, took_s, calls, orders, waits_ms } = await drain(limited(25), demand);
    expect(passed).toHaveLength(orders);
    expect(passed.length / took_s).toBeGreaterThan(25 * 0.8);
    expect(calls).toBeLessThan(orders * 3);
    // Half of them end less than a fifth of all orders away from their turn.
    const off = passed.map(({ order }, turn) => Math.abs(order - turn)).toSorted((a, b) => a - b);
    expect(off[Math.floor(orders / 2)]).toBeLessThan(orders / 5);
    // The room sees the backlog.
    expect(Math.max(...waits_ms.slice(5, 20))).toBeGreaterThan(5000);
  },
);

test("an arbitrary 40 % of 429 slows nobody down for long", async () => {
  const demand = { perS: 10, for_s: 60, isolates: 2 };
  const { passed, took_s, orders } = await drain(arbitrary(0.4, "pace"), demand);
  expect(passed).toHaveLength(orders);
  expect(took_s).toBeLessThan(80);
});

test("an operator's limit is kept by all isolates together, and used", async () => {
  const demand = { perS: 50, for_s: 20, isolates: 8, callsPerMinute: 600 };
  const { passed, took_s } = await drain({ takes: () => true }, demand);
  for (const [index, { at_ms }] of passed.entries()) {
    const within = passed.slice(index).filter((later) => later.at_ms < at_ms + 60_000).length;
    // One second's burst comes on top.
    expect(within).toBeLessThanOrEqual(600 + 10 + 1);
  }
  expect(passed.length / took_s).toBeGreaterThan(10 * 0.8);
});

test("a new call does not overtake calls that wait", () => {
  let state = tellPace(NEW_PACE, THROTTLED, PACE_DEFAULTS, T);
  const ask = (waited: boolean, now: number) => {
    const { state: next, lent } = lend(state, waited, null, PACE_DEFAULTS, now);
    state = next;
    return lent.kind === "wait" ? lent.wait_ms : lent.kind;
  };
  // At two a second: a burst of two, then one every half second.
  expect([ask(false, T), ask(false, T)]).toEqual(["calls", "calls"]);
  expect([ask(false, T), ask(false, T)]).toEqual([500, 1000]);
  expect(ask(false, T + 500)).toBe(1000);
  expect(ask(true, T + 500)).toBe("calls");
});

test("where nothing passes, the next call is made when Retry-After says", () => {
  const busy = { ...THROTTLED, retryAfter_ms: 20_000 };
  const state = tellPace(NEW_PACE, busy, PACE_DEFAULTS, T);
  const at = (now: number) => lend(state, true, null, PACE_DEFAULTS, now).lent.kind;
  const kinds = [at(T), at(T + 10_000), at(T + 19_000), at(T + 20_000)];
  expect(kinds).toEqual(["wait", "wait", "wait", "calls"]);
  const passes = tellPace(NEW_PACE, { ...busy, passed: 1 }, PACE_DEFAULTS, T);
  expect(lend(passes, true, null, PACE_DEFAULTS, T).lent.kind).toBe("calls");
});

test("nothing is held back without a limit and without a 429 of the last seconds (law)", () => {
  const event = fc.record({
    after_ms: fc.integer({ min: 0, max: 4000 }),
    throttled: fc.boolean(),
    waited: fc.boolean(),
  });
  const { window_ms, slowest_perS } = PACE_DEFAULTS;
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let [state, now, last] = [NEW_PACE, T, Number.NEGATIVE_INFINITY];
      for (const { after_ms, throttled, waited } of events) {
        now += after_ms;
        const report = throttled ? THROTTLED : { ...THROTTLED, passed: 1, throttled: 0 };
        state = tellPace(state, report, PACE_DEFAULTS, now);
        if (throttled) last = now;
        const isHeld = now - last < window_ms;
        const pace = paceOf(state, null, PACE_DEFAULTS, now);
        expect(pace !== null).toBe(isHeld);
        expect(pace?.calls_perS ?? Infinity).toBeGreaterThanOrEqual(slowest_perS);
        const { lent, state: next } = lend(state, waited, null, PACE_DEFAULTS, now);
        state = next;
        expect(lent.kind === "free").toBe(!isHeld);
        const wait_ms = lent.kind === "wait" ? lent.wait_ms : 0;
        expect(wait_ms).toBeLessThanOrEqual(PACE_DEFAULTS.wait_ms);
      }
    }),
  );
});

test("an object that does not answer holds nobody up: the isolate goes by what it knows", async () => {
  const silent = { lend: () => Promise.reject(new Error("gone")) };
  const pace = new Pace(silent, "payment");
  expect(await pace.ask(false, T)).toBeNull();
  expect(pace.limits).toEqual(LIMIT_DEFAULTS.payment);
  // Its own pace holds it back too: at two a second, a burst of two, then it waits.
  pace.record(0, T);
  const asked = [await pace.ask(true, T), await pace.ask(true, T), await pace.ask(true, T)];
  expect(asked.map((until_ms) => until_ms === null)).toEqual([true, true, false]);
});

test("orders get through a provider that throttles six calls in ten, past a closed breaker", async () => {
  const clock = { now: T };
  const random = randomFrom("429");
  const busy = { kind: "retry", after_s: 1, reason: "429", throttled: true } as const;
  const paymentBreaker = new Breaker(NO_KV, "payment", "here");
  const good = pipelineAt(clock, {});
  const approved = async () => (random() < 0.6 ? busy : ({ kind: "approved" } as const));
  const payments = { ...good.payments, authorize: approved, capture: approved };
  const pipeline = { ...good, payments, paymentBreaker };
  const orders = Array.from({ length: 40 }, () => orderIn(clock, { state: "accepted" }));
  for (let round = 0; round < 240; round += 1) {
    const open = orders.filter(({ state }) => state() !== "confirmed");
    for (const { order, record } of open) {
      if (record().notBefore_ms <= clock.now) await advance(pipeline, order);
    }
    clock.now += 1000;
  }
  expect(orders.map(({ state }) => state())).toEqual(orders.map(() => "confirmed"));
  expect(await paymentBreaker.ask(clock.now)).toEqual({ kind: "go", probe: false });
});

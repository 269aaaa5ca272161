/**
 * Calls to a backend that throttles, against backends with a limit and with an arbitrary share of
 * 429, on a virtual clock.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Breaker } from "../../../queues/breakers.ts";
import { advance } from "../../../queues/pipeline.ts";
import { askPace, NEW_PACE, PACE_DEFAULTS, paceOf, recordPace } from "../../../src/domain/pace.ts";
import { randomFrom } from "../../../simulation/seeded-random.ts";
import { NO_KV, orderIn, pipelineAt } from "../support/pipeline-world.ts";

const STEP_MS = 10;
const T = 1_800_000_000_000;

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

/**
 * `demand_perS` orders arrive for `arrive_s`, one call each, at callers that know nothing of one
 * another. A throttled call is made again a second later.
 */
function drain(backend: Backend, callers: number, demand_perS: number, arrive_s: number) {
  const paces = Array.from({ length: callers }, () => NEW_PACE);
  const queues: Waiting[][] = paces.map(() => []);
  const passed: { readonly order: number; readonly at_ms: number }[] = [];
  const orders = demand_perS * arrive_s;
  let [calls, arrived] = [0, 0];
  for (let now = T; passed.length < orders && now < T + 600_000; now += STEP_MS) {
    for (; arrived < orders && (arrived * 1000) / demand_perS <= now - T; arrived += 1) {
      queues[arrived % callers]?.push({ order: arrived, due_ms: now, waited: false });
    }
    for (const [index, queue] of queues.entries()) {
      const due = queue.filter(({ due_ms }) => due_ms <= now);
      queues[index] = queue.filter(({ due_ms }) => due_ms > now);
      for (const { order, waited } of due) {
        const asked = askPace(paces[index] ?? NEW_PACE, waited, PACE_DEFAULTS, now);
        paces[index] = asked.state;
        if (asked.until_ms !== null) {
          queues[index]?.push({ order, due_ms: asked.until_ms, waited: true });
          continue;
        }
        calls += 1;
        const takes = backend.takes(now);
        paces[index] = recordPace(asked.state, !takes, PACE_DEFAULTS, now);
        if (takes) passed.push({ order, at_ms: now });
        else queues[index]?.push({ order, due_ms: now + 1000, waited: true });
      }
    }
  }
  const took_s = ((passed.at(-1)?.at_ms ?? T) - T) / 1000;
  return { passed, calls, took_s, orders };
}

test.each([1, 4, 16])(
  "a limit of 25 a second is used to four fifths and more, with %i callers and a fourfold demand",
  (callers) => {
    const { passed, took_s, calls, orders } = drain(limited(25), callers, 100, 20);
    expect(passed).toHaveLength(orders);
    expect(passed.length / took_s).toBeGreaterThan(25 * 0.8);
    // Without a pace each order would be called for once a second: 80,000 calls.
    expect(calls).toBeLessThan(orders * 4);
  },
);

test("an arbitrary 40 % of 429 slows nobody down for long", () => {
  const { passed, took_s, orders } = drain(arbitrary(0.4, "pace"), 2, 10, 60);
  expect(passed).toHaveLength(orders);
  expect(took_s).toBeLessThan(80);
});

test("a new call does not overtake calls that wait", () => {
  let state = recordPace(NEW_PACE, true, PACE_DEFAULTS, T);
  const ask = (waited: boolean, now: number) => {
    const asked = askPace(state, waited, PACE_DEFAULTS, now);
    state = asked.state;
    return asked.until_ms;
  };
  // At two a second: a burst of two, then one every half second.
  expect([ask(false, T), ask(false, T)]).toEqual([null, null]);
  expect([ask(false, T), ask(false, T)]).toEqual([T + 500, T + 1000]);
  expect(ask(false, T + 500)).toBe(T + 1500);
  expect(ask(true, T + 500)).toBeNull();
});

test("nothing is limited without a 429 of the last seconds, and never below the slowest rate", () => {
  const event = fc.record({ after_ms: fc.integer({ min: 0, max: 4000 }), throttled: fc.boolean() });
  const { window_ms, slowest_perS } = PACE_DEFAULTS;
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let [state, now, last] = [NEW_PACE, T, Number.NEGATIVE_INFINITY];
      for (const { after_ms, throttled } of events) {
        now += after_ms;
        state = recordPace(
          askPace(state, true, PACE_DEFAULTS, now).state,
          throttled,
          PACE_DEFAULTS,
          now,
        );
        if (throttled) last = now;
        const rate = paceOf(state, PACE_DEFAULTS, now) ?? Number.POSITIVE_INFINITY;
        expect(rate >= slowest_perS && rate < Infinity === now - last < window_ms).toBe(true);
        expect(askPace(state, false, PACE_DEFAULTS, now).until_ms ?? Infinity).toBeGreaterThan(now);
      }
    }),
  );
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

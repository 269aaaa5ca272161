/**
 * How the line is expected to move: at the rate while seats are free, then as seats come back.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countTurnover,
  forecastOf,
  forecastWait,
  hazardOf,
  leavingSoon,
  NEW_TURNOVER,
  type ForecastFacts,
  type Turnover,
} from "../../../src/domain/room/forecast.ts";
import { newShowRate } from "../../../src/domain/room/show-rate.ts";

const FACTS: ForecastFacts = {
  turnover: NEW_TURNOVER,
  showRate: newShowRate(),
  session_s: 600,
  claimWindow_ms: 120_000,
  seats: 100,
  ratePerMinute: 600,
  throttle: 1,
  free: 0,
  share: 1,
};

/** A shop whose seats are all taken and given back after `stay_s` on average. */
function seen(stay_s: number, seconds: number, seats = 100): Turnover {
  let turnover = NEW_TURNOVER;
  for (let second = 1; second <= seconds; second += 1) {
    turnover = countTurnover(turnover, Math.floor((second * seats) / stay_s), seats, 1000);
  }
  return turnover;
}

describe("the rate at which seats come back", () => {
  test("is a guess from the session while nobody has gone, and said to be one", () => {
    const { perSecond, spread } = hazardOf(NEW_TURNOVER, 600, 100);
    expect(1 / perSecond).toBeCloseTo(150);
    expect(spread).toBe(2.5);
  });

  test("is what was seen once the seats have changed hands a few times", () => {
    const { perSecond, spread } = hazardOf(seen(60, 600), 600, 100);
    expect(1 / perSecond).toBeGreaterThan(55);
    expect(1 / perSecond).toBeLessThan(65);
    expect(spread).toBeLessThan(1.4);
  });

  test("expects nobody to leave before a fair number have", () => {
    expect(leavingSoon(NEW_TURNOVER, 100)).toBe(0);
    expect(leavingSoon(seen(100, 5), 100)).toBe(0);
    expect(leavingSoon(seen(100, 600), 100)).toBeCloseTo(2.5, 0);
  });
});

describe("a wait", () => {
  test("is short while seats are free, and long behind them", () => {
    const forecast = forecastOf({ ...FACTS, free: 100 });
    const near = forecastWait(50, forecast);
    const far = forecastWait(500, forecast);
    expect(near?.likely_s).toBeCloseTo(5);
    expect(far?.likely_s).toBeGreaterThan(300);
  });

  test("is never told shorter than the rate allows", () => {
    const forecast = forecastOf({ ...FACTS, ratePerMinute: 6, seats: 100_000 });
    expect(forecastWait(100, forecast)?.low_s).toBeGreaterThanOrEqual(900);
  });

  test("is longer in a lane that gets a part of the calls", () => {
    const whole = forecastWait(200, forecastOf(FACTS));
    const third = forecastWait(200, forecastOf({ ...FACTS, share: 1 / 3 }));
    expect(third?.likely_s).toBeCloseTo(3 * (whole?.likely_s ?? 0));
  });

  test("is unknown where nobody is called", () => {
    expect(forecastWait(5, forecastOf({ ...FACTS, share: 0 }))).toBeNull();
    expect(forecastWait(5, forecastOf({ ...FACTS, seats: 0 }))).toBeNull();
  });

  test("grows with the position, and its likeliest is inside the interval", () => {
    const facts = fc.record({
      position: fc.integer({ min: 1, max: 1_000_000 }),
      seats: fc.integer({ min: 1, max: 10_000 }),
      free: fc.integer({ min: -10, max: 10_000 }),
      ratePerMinute: fc.integer({ min: 1, max: 100_000 }),
      stay_s: fc.integer({ min: 5, max: 3000 }),
    });
    fc.assert(
      fc.property(facts, ({ position, seats, free, ratePerMinute, stay_s }) => {
        const turnover = seen(stay_s, 100, seats);
        const forecast = forecastOf({ ...FACTS, turnover, seats, free, ratePerMinute });
        const here = forecastWait(position, forecast);
        const behind = forecastWait(position + 1, forecast);
        if (here === null || behind === null) throw new Error("nobody is called");
        expect(here.low_s).toBeLessThanOrEqual(here.likely_s);
        expect(here.high_s).toBeGreaterThan(here.likely_s);
        expect(behind.likely_s).toBeGreaterThan(here.likely_s);
      }),
      { numRuns: 100 },
    );
  });

  test("under throttle may last as long as the throttle, or no longer than without it", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.constantFrom(0.05, 0.1, 0.6),
        (position, throttle) => {
          const free = { ...FACTS, free: 100, turnover: seen(90, 600) };
          const calm = forecastWait(position, forecastOf(free));
          const pressed = forecastWait(position, forecastOf({ ...free, throttle }));
          if (calm === null || pressed === null) throw new Error("the lane has a share");
          expect(pressed.low_s).toBe(calm.low_s);
          expect(pressed.likely_s).toBeGreaterThanOrEqual(calm.likely_s);
          expect(pressed.high_s).toBeGreaterThanOrEqual(calm.high_s);
          expect(pressed.likely_s).toBeGreaterThanOrEqual(position / (10 * throttle) - 1e-6);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("of a snapshot that knows no throttle is told as without any", () => {
    const forecast = forecastOf({ ...FACTS, free: 100 });
    const { throttle: _, ...older } = forecast;
    expect(forecastWait(50, older)).toEqual(forecastWait(50, forecast));
  });
});

/**
 * The chance that a turn comes before the end: its bounds, its order, and the normal distribution
 * against published values. Whether it comes true is a matter of many sales: virtual-sale.test.ts.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { chanceInTime, normalShare } from "../../../src/domain/room/odds-in-time.ts";
import type { Forecast } from "../../../src/domain/room/forecast.ts";
import { NO_END } from "../../../src/domain/sale/schedule.ts";

const forecasts: fc.Arbitrary<Forecast> = fc
  .record({
    soon: fc.double({ min: 0, max: 500, noNaN: true }),
    ratePerSecond: fc.double({ min: 0.01, max: 100, noNaN: true }),
    bySeats: fc.double({ min: 0.01, max: 100, noNaN: true }),
    spread: fc.double({ min: 1.25, max: 2.5, noNaN: true }),
    throttle: fc.double({ min: 0.05, max: 1, noNaN: true }),
  })
  .map((forecast) => ({ ...forecast, pace: Math.min(forecast.bySeats, forecast.ratePerSecond) }));

const positions = fc.integer({ min: 1, max: 3_000_000 });
const seconds = fc.integer({ min: 1, max: 100_000 });
const ending = (left_s: number) => ({ startsAt_ms: 0, endsAt_ms: left_s * 1000 });

test("it is a chance, 0 for those whom the rate cannot call in time, and 1 without an end", () => {
  fc.assert(
    fc.property(forecasts, positions, seconds, (forecast, position, left_s) => {
      const chance = chanceInTime(position, ending(left_s), 0, forecast);
      expect(chance).toBeGreaterThanOrEqual(0);
      expect(chance).toBeLessThanOrEqual(1);
      const rate = forecast.ratePerSecond * (forecast.throttle ?? 1);
      expect(chance === 0 || position <= rate * left_s + 1e-6).toBe(true);
      const endless = { startsAt_ms: 0, endsAt_ms: Date.parse(NO_END) };
      expect(chanceInTime(position, endless, 0, forecast)).toBe(1);
    }),
  );
});

test("it falls with the place in line and with every second that passes", () => {
  fc.assert(
    fc.property(forecasts, positions, seconds, fc.nat(1000), (forecast, position, left_s, more) => {
      const chance = chanceInTime(position, ending(left_s), 0, forecast);
      const behind = chanceInTime(position + more, ending(left_s), 0, forecast);
      const later = chanceInTime(position, ending(left_s), more * 1000, forecast);
      // Near the end of what is needed, luck in a short line is wider than in a long one.
      expect(later).toBeLessThanOrEqual(chance + 1e-6);
      expect(chance < 0.5 || behind <= chance + 0.05).toBe(true);
    }),
  );
});

test("seats that are free are no doubt: those called at the rate alone are in time or not", () => {
  const forecast = { soon: 50, ratePerSecond: 1, pace: 0.1, bySeats: 0.1, spread: 2.5 };
  expect(chanceInTime(50, ending(51), 0, forecast)).toBe(1);
  expect(chanceInTime(50, ending(49), 0, forecast)).toBe(0);
  // Before the start the whole sale is left, however long the wait for it.
  const later = { startsAt_ms: 1_000_000, endsAt_ms: 1_051_000 };
  expect(chanceInTime(50, later, 0, forecast)).toBe(1);
  // Ten more, with as much time as they take at the expected pace: an even chance.
  expect(chanceInTime(60, ending(150), 0, forecast)).toBeCloseTo(0.5, 6);
});

test.each([
  [0, 0.5],
  [1, 0.841_344_75],
  [-1.96, 0.024_997_9],
  [3, 0.998_650_1],
  [-8, 0],
])("the normal distribution at %f is %f", (z, expected) => {
  expect(normalShare(z)).toBeCloseTo(expected, 6);
});

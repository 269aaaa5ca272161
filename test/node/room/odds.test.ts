/**
 * The odds: the contract's formula before anything was seen, what was seen afterwards, and the
 * incomplete beta function against closed forms and published values.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  betaShare,
  countSold,
  NO_PLACE_OUTCOMES,
  oddsOf,
  settlePlaces,
  unitsPerTaker,
} from "../../../src/domain/room/odds.ts";

const UNSEEN = { took: 0, without: 0, perTaker: 1 };

/** P(fewer than `units` of `before` places take), the sum itself, with logarithms of factorials. */
function exactly(units: number, before: number, took: number, without: number): number {
  const log: number[] = [0];
  for (let n = 1; n <= before + took + without + 3; n += 1)
    log.push((log[n - 1] ?? 0) + Math.log(n));
  const ln = (n: number): number => log[n] ?? Number.NaN;
  const beta = (a: number, b: number): number => ln(a - 1) + ln(b - 1) - ln(a + b - 1);
  let sum = 0;
  for (let taken = 0; taken < units; taken += 1) {
    const ways = ln(before) - ln(taken) - ln(before - taken);
    sum += Math.exp(
      ways + beta(1 + took + taken, 1 + without + before - taken) - beta(1 + took, 1 + without),
    );
  }
  return sum;
}

describe("the incomplete beta function", () => {
  const parameter = fc.double({ min: 0.05, max: 2000, noNaN: true });
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });

  test.each([
    // Abramowitz and Stegun, table 26.5 by their relations 26.5.24 and 26.5.26: binomial tails.
    [0.5, 2, 3, 0.6875],
    [0.2, 1, 10, 1 - 0.8 ** 10],
    [0.9, 10, 1, 0.9 ** 10],
    [0.5, 0.5, 0.5, 0.5],
    [0.25, 0.5, 0.5, (2 / Math.PI) * Math.asin(0.5)],
    [0.1, 2, 2, 0.028],
  ])("at %d with %d and %d is %d", (x, a, b, value) => {
    expect(betaShare(x, a, b)).toBeCloseTo(value, 8);
  });

  test("is the share itself when every share is equally likely", () => {
    fc.assert(
      fc.property(share, (x) => {
        expect(betaShare(x, 1, 1)).toBeCloseTo(x, 9);
      }),
    );
  });

  test("is symmetric, between 0 and 1, and never falls", () => {
    fc.assert(
      fc.property(share, share, parameter, parameter, (x, y, a, b) => {
        const [low, high] = x < y ? [x, y] : [y, x];
        const [atLow, atHigh] = [betaShare(low, a, b), betaShare(high, a, b)];
        expect(atLow).toBeGreaterThanOrEqual(-1e-9);
        expect(atHigh).toBeLessThanOrEqual(1 + 1e-9);
        expect(atLow).toBeLessThanOrEqual(atHigh + 1e-9);
        expect(betaShare(1 - x, b, a)).toBeCloseTo(1 - betaShare(x, a, b), 6);
      }),
    );
  });
});

describe("the odds at a place", () => {
  const units = fc.integer({ min: 0, max: 3000 });
  const place = fc.integer({ min: 1, max: 3000 });
  const seen = fc.record({ took: fc.nat({ max: 140 }), without: fc.nat({ max: 140 }) });

  test("are units left over the place in line before anything was seen", () => {
    fc.assert(
      fc.property(units, place, (left, at) => {
        const odds = oddsOf(left, at, UNSEEN);
        expect(odds).toBe(Math.round(Math.min(left / at, 1) * 1000) / 1000);
      }),
    );
  });

  test("are nearly the chance that fewer places take than there are units", () => {
    const near = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(near, near, seen, (left, at, { took, without }) => {
        const odds = oddsOf(left, at, { took, without, perTaker: 1 });
        const exact = left >= at ? 1 : exactly(left, at - 1, took, without);
        expect(Math.abs(odds - exact)).toBeLessThan(at > 100 ? 0.04 : 0.09);
      }),
      { numRuns: 300 },
    );
  });

  test("never fall with more units, and never rise with a longer line", () => {
    fc.assert(
      fc.property(units, place, seen, (left, at, { took, without }) => {
        const facts = { took, without, perTaker: 1 };
        const here = oddsOf(left, at, facts);
        expect(oddsOf(left + 1, at, facts)).toBeGreaterThanOrEqual(here);
        expect(oddsOf(left, at + 1, facts)).toBeLessThanOrEqual(here + 0.001);
      }),
    );
  });

  test("are 1 only where there is one for everybody, and 0 where nothing is left", () => {
    const nobody = { took: 0, without: 140, perTaker: 1 };
    expect(oddsOf(100, 100, nobody)).toBe(1);
    expect(oddsOf(99, 100, nobody)).toBe(0.999);
    expect(oddsOf(99, 100, { ...nobody, perTaker: 2 })).toBe(0.999);
    expect(oddsOf(100, 100, { ...nobody, took: 140, perTaker: 2 })).toBeLessThan(0.7);
    expect(oddsOf(0, 1, nobody)).toBe(0);
    expect(oddsOf(-5, 1, UNSEEN)).toBe(0);
  });

  test("rise near the front and fall behind once half of the places were seen to take", () => {
    const half = { took: 70, without: 70, perTaker: 1 };
    const odds = [1000, 1500, 1900, 2100, 2500, 10_000].map((at) => oddsOf(1000, at, half));
    expect(odds.slice(0, 2)).toEqual([1, 0.999]);
    expect(odds[2]).toBeGreaterThan(0.65);
    expect(odds[3]).toBeLessThan(0.35);
    expect(odds.slice(4)).toEqual([expect.closeTo(0.01, 2), 0]);
  });
});

describe("what was seen", () => {
  test("fades, so that it never weighs more than some hundred and fifty places", () => {
    let placeOutcomes = NO_PLACE_OUTCOMES;
    for (let place = 0; place < 5000; place += 1) {
      placeOutcomes = settlePlaces(placeOutcomes, { took: place % 2, without: 1 - (place % 2) });
    }
    const weight = placeOutcomes.took + placeOutcomes.without;
    expect(weight).toBeGreaterThan(100);
    expect(weight).toBeLessThan(160);
    expect(placeOutcomes.took / weight).toBeCloseTo(0.5, 1);
    expect(settlePlaces(placeOutcomes, { took: 0, without: 0 })).toBe(placeOutcomes);
  });

  test("counts the units sold since the first count, and how many each taker takes", () => {
    let placeOutcomes = countSold(NO_PLACE_OUTCOMES, 40);
    expect(placeOutcomes).toEqual({ ...NO_PLACE_OUTCOMES, soldInAll: 40 });
    expect(unitsPerTaker(placeOutcomes)).toBe(1);
    for (let taker = 1; taker <= 400; taker += 1) {
      placeOutcomes = countSold(
        settlePlaces(placeOutcomes, { took: 1, without: 0 }),
        40 + 3 * taker,
      );
    }
    expect(unitsPerTaker(placeOutcomes)).toBeGreaterThan(2.7);
    expect(unitsPerTaker(placeOutcomes)).toBeLessThan(3.1);
    expect(countSold(placeOutcomes, 1240)).toBe(placeOutcomes);
    expect(countSold(placeOutcomes, 0).units).toBe(0);
    expect(unitsPerTaker(countSold(placeOutcomes, 0))).toBe(1);
  });
});

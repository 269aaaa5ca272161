/**
 * The chance that a call is still taken up: between 0 and 1, learned by age, and following a crowd
 * that changes its habits.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  chanceOf,
  learn,
  newShowRate,
  SHOW_RATE_SLICES,
  sliceOf,
  type ShowRate,
} from "../../../src/domain/room/show-rate.ts";

const WINDOW_MS = 24_000;

/** A crowd of `calls` of which `come[slice]` claim in each slice of the window. */
function seeing(rate: ShowRate, calls: number, come: (slice: number) => number): ShowRate {
  let open = calls;
  for (let slice = 0; slice < SHOW_RATE_SLICES; slice += 1) {
    const claimed = Math.min(come(slice), open);
    rate = learn(rate, slice, open, claimed);
    open -= claimed;
  }
  return rate;
}

const chanceAt = (rate: ShowRate, age_ms: number): number => chanceOf(rate, age_ms, WINDOW_MS);

describe("before anything was seen", () => {
  test("nine in ten are expected to come, the fewer the longer they have not", () => {
    const rate = newShowRate();
    expect(chanceAt(rate, 0)).toBeGreaterThan(0.88);
    expect(chanceAt(rate, 0)).toBeLessThan(0.95);
    const ages = Array.from({ length: 24 }, (_, second) => chanceAt(rate, second * 1000));
    expect(ages).toEqual(ages.toSorted((a, b) => b - a));
    expect(ages.at(-1)).toBeLessThan(0.05);
  });
});

describe("a crowd that claims at once or never", () => {
  const rate = seeing(newShowRate(), 1000, (slice) => (slice === 0 ? 700 : 0));

  test("is expected to come as often as it did", () => {
    expect(chanceAt(rate, 0)).toBeGreaterThan(0.68);
    expect(chanceAt(rate, 0)).toBeLessThan(0.75);
  });

  test("is hardly waited for once the first seconds have passed", () => {
    expect(chanceAt(rate, 1000)).toBeLessThan(0.1);
  });

  test("that changes its habits is followed", () => {
    let later = rate;
    for (let wave = 0; wave < 5; wave += 1) later = seeing(later, 400, () => 5);
    const came = (5 * SHOW_RATE_SLICES) / 400;
    expect(Math.abs(chanceAt(later, 0) - came)).toBeLessThan(0.07);
  });
});

describe("whatever is learned", () => {
  const lesson = fc.record({
    slice: fc.nat({ max: SHOW_RATE_SLICES - 1 }),
    open: fc.nat({ max: 3000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  test("a chance is between 0 and 1 and never grows with age", () => {
    fc.assert(
      fc.property(fc.array(lesson, { maxLength: 50 }), (lessons) => {
        const rate = lessons.reduce(
          (rate, { slice, open, share }) => learn(rate, slice, open, Math.floor(open * share)),
          newShowRate(),
        );
        let before = 1;
        for (let age_ms = 0; age_ms <= WINDOW_MS; age_ms += 500) {
          const chance = chanceAt(rate, age_ms);
          expect(chance).toBeGreaterThanOrEqual(0);
          expect(chance).toBeLessThanOrEqual(before + 1e-12);
          before = chance;
        }
      }),
    );
  });

  test("nobody open teaches nothing", () => {
    const rate = newShowRate();
    expect(learn(rate, 3, 0, 0)).toBe(rate);
  });

  test("every age is in a slice of the window, also before and after it", () => {
    expect([-5, 0, 999, 1000, 23_999, 24_000, 1e9].map((age) => sliceOf(age, WINDOW_MS))).toEqual([
      0, 0, 0, 1, 23, 23, 23,
    ]);
  });
});

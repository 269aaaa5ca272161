/**
 * The draw of a whole list agrees with the draw of each place.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shuffledIndices } from "../../../simulation/virtual-sale/shuffle-list.ts";
import { computeShuffledIndex } from "../../../src/domain/line/shuffle.ts";

const SEED = Uint8Array.from({ length: 32 }, (_, index) => index * 7 + 1);

function oneByOne(n: number, seed: Uint8Array): number[] {
  return Array.from({ length: n }, (_, index) => computeShuffledIndex(index, n, seed));
}

describe("the draw of a whole list", () => {
  test.each([1, 2, 3, 5, 31, 255, 256, 257, 300, 511, 512, 513])(
    "of %i is that of each place",
    (n) => {
      expect([...shuffledIndices(n, SEED)]).toEqual(oneByOne(n, SEED));
    },
  );

  test("is that of each place for any length and seed", () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), seeds, (n, seed) => {
        expect([...shuffledIndices(n, seed)]).toEqual(oneByOne(n, seed));
      }),
      { numRuns: 40 },
    );
  });

  test("of many is a permutation, and a sample of it is correct", () => {
    const n = 70_001;
    const places = shuffledIndices(n, SEED);
    expect(new Set(places).size).toBe(n);
    for (const index of [0, 1, 255, 256, 35_000, 65_536, n - 1]) {
      expect(places[index]).toBe(computeShuffledIndex(index, n, SEED));
    }
  });

  test("of an empty list is empty", () => {
    expect(shuffledIndices(0, SEED)).toHaveLength(0);
  });

  test("throws for an invalid seed or length", () => {
    expect(() => shuffledIndices(5, new Uint8Array(31))).toThrow(RangeError);
    expect(() => shuffledIndices(-1, SEED)).toThrow(RangeError);
    expect(() => shuffledIndices(1.5, SEED)).toThrow(RangeError);
  });
});

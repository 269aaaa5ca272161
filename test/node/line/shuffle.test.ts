/**
 * The draw's shuffle: the vectors published with the Ethereum consensus specification, the law that
 * it is a permutation, and what it refuses.
 */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COHORT_PLACES_MAX,
  CohortDraw,
  computeShuffledIndex,
} from "../../../src/domain/line/shuffle.ts";
import { digestOf, VECTOR_DIGESTS, VECTOR_SEED } from "../support/shuffle-vectors.ts";

function mappingOf(n: number, seed: Uint8Array): number[] {
  return Array.from({ length: n }, (_, index) => computeShuffledIndex(index, n, seed));
}

const vectorSeed = Buffer.from(VECTOR_SEED, "hex");
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the shuffle of the consensus specification", () => {
  test.each(VECTOR_DIGESTS)("gives the published mapping of %i places", (n, digest) => {
    expect(digestOf(mappingOf(n, vectorSeed))).toBe(digest);
  });

  test("maps the ten places of the published seed to 2, 7, 8, 5, 4, 1, 6, 0, 9, 3", () => {
    expect(mappingOf(10, vectorSeed)).toEqual([2, 7, 8, 5, 4, 1, 6, 0, 9, 3]);
  });

  test("leaves a single place where it is", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(computeShuffledIndex(0, 1, seed)).toBe(0);
      }),
    );
  });

  test("is a permutation, whatever the seed and size", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 150 }), (seed, n) => {
        const places = mappingOf(n, seed).toSorted((a, b) => a - b);
        expect(places).toEqual(Array.from({ length: n }, (_, index) => index));
      }),
      { numRuns: 25 },
    );
  });

  test("keeps every index of a very large cohort within it", () => {
    const large = fc.integer({ min: 2 ** 31, max: COHORT_PLACES_MAX });
    fc.assert(
      fc.property(seeds, large, fc.nat(), (seed, n, any) => {
        const place = computeShuffledIndex(any % n, n, seed);
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThan(n);
      }),
      { numRuns: 20 },
    );
  });

  test("favours nobody: over many draws each place comes first about equally often", () => {
    const firsts = [0, 0, 0, 0];
    for (let draw = 0; draw < 800; draw += 1) {
      const seed = createHash("sha256").update(`draw ${draw}`).digest();
      const place = computeShuffledIndex(2, 4, seed);
      firsts[place] = (firsts[place] ?? 0) + 1;
    }
    // 200 expected; five standard deviations are 61.
    for (const times of firsts) expect(Math.abs(times - 200)).toBeLessThan(61);
  });
});

describe("a draw that is kept", () => {
  test.each([1, 2, 300, 70_000])("of %i places gives the same places as a new one", (n) => {
    const seed = createHash("sha256").update(`kept ${n}`).digest();
    const draw = new CohortDraw(n, seed);
    const indices = Array.from({ length: 150 }, (_, nth) => (nth * 7919) % n);
    for (const index of [...indices, ...indices]) {
      expect(draw.placeOf(index)).toBe(computeShuffledIndex(index, n, seed));
    }
  });
});

describe("a caller's bug", () => {
  const seed = new Uint8Array(32);

  test.each([-1, 3, 4, 0.5, Number.NaN])("throws at the index %d of a cohort of 3", (index) => {
    expect(() => computeShuffledIndex(index, 3, seed)).toThrow(RangeError);
  });

  test("throws at an empty cohort and at one past the most places", () => {
    expect(() => computeShuffledIndex(0, 0, seed)).toThrow(RangeError);
    expect(() => computeShuffledIndex(0, COHORT_PLACES_MAX + 1, seed)).toThrow(RangeError);
    expect(() => computeShuffledIndex(0, COHORT_PLACES_MAX, seed)).not.toThrow();
  });

  test.each([0, 31, 33])("throws at a seed of %i bytes", (length) => {
    expect(() => computeShuffledIndex(0, 3, new Uint8Array(length))).toThrow(RangeError);
  });
});

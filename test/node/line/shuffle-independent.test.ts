/**
 * The draw compared with an independent shuffle: `@chainsafe/swap-or-not-shuffle`, which Ethereum's
 * consensus clients run. Both give the published vectors, and agree on every list.
 *
 * The package shuffles lists. Its `unshuffleList` puts at place i what the specification's
 * `compute_shuffled_index` gives for i; its `shuffleList` is the inverse.
 */
import { ComputeShuffledIndex, shuffleList, unshuffleList } from "@chainsafe/swap-or-not-shuffle";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawPlace, shuffledIndex } from "../../../src/pages/assets/_sluice/assets/draw.js";
import { rankOf } from "../../../src/domain/line/cohort.ts";
import { computeShuffledIndex, SHUFFLE_ROUNDS } from "../../../src/domain/line/shuffle.ts";
import { digestOf, VECTOR_DIGESTS, VECTOR_SEED } from "../support/shuffle-vectors.ts";

const vectorSeed = Buffer.from(VECTOR_SEED, "hex");
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

function count(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index);
}

function ours(n: number, seed: Uint8Array): number[] {
  return count(n).map((index) => computeShuffledIndex(index, n, seed));
}

function theirs(n: number, seed: Uint8Array): number[] {
  return [...unshuffleList(Uint32Array.from(count(n)), seed, SHUFFLE_ROUNDS)];
}

describe("the independent shuffle", () => {
  test.each(VECTOR_DIGESTS)("gives the published mapping of %i places too", (n, digest) => {
    expect(digestOf(theirs(n, vectorSeed))).toBe(digest);
  });

  test("draws every list as the sale does, whatever the seed and size", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 150 }), (seed, n) => {
        expect(ours(n, seed)).toEqual(theirs(n, seed));
      }),
      { numRuns: 25 },
    );
  });

  test.each([1, 2, 3, 255, 256, 257, 511, 512, 513])("agrees at %i places", (n) => {
    expect(ours(n, vectorSeed)).toEqual(theirs(n, vectorSeed));
  });

  test("names the same place among millions", () => {
    const cases = fc.tuple(seeds, fc.integer({ min: 1, max: 2 ** 31 }), fc.nat());
    fc.assert(
      fc.property(cases, ([seed, n, any]) => {
        const index = any % n;
        const named = new ComputeShuffledIndex(seed, n, SHUFFLE_ROUNDS).get(index);
        expect(computeShuffledIndex(index, n, seed)).toBe(named);
      }),
    );
  });

  test("leads back from a rank to the place it was drawn for", () => {
    const back = shuffleList(Uint32Array.from(count(300)), vectorSeed, SHUFFLE_ROUNDS);
    for (const [index, rank] of ours(300, vectorSeed).entries()) expect(back[rank]).toBe(index);
  });
});

describe("the draw in a shopper's browser", () => {
  test("gives the published mapping of 33 places", async () => {
    const mapping = await Promise.all(count(33).map((at) => shuffledIndex(at, 33, VECTOR_SEED)));
    expect(digestOf(mapping)).toBe(VECTOR_DIGESTS[1][1]);
  });

  test("ranks a ticket among several booths as the sale does", async () => {
    const counts = [120, 0, 340, 7];
    const cohort = { sale: "air-one", lane: "general", k: 3, base: 1000, seed: VECTOR_SEED };
    const manifest = { ...cohort, counts };
    for (const [shard, index] of [
      [0, 0],
      [0, 119],
      [2, 0],
      [2, 300],
      [3, 6],
    ] as const) {
      const place = { lane: "general", cohort: 3, shard, index };
      const drawn = await drawPlace({ ...place, aud: "air-one" }, manifest);
      expect(rankOf(place, manifest)).toEqual({ kind: "ranked", rank: drawn?.rank });
    }
    const beyond = { aud: "air-one", lane: "general", cohort: 3, shard: 1, index: 0 };
    expect(await drawPlace(beyond, manifest)).toBeNull();
  });
});

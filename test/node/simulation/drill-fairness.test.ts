/**
 * The drill's implementation of the draw, compared with the vectors published with the Ethereum
 * consensus specification, and with the gate's independent implementation.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Manifest, TicketClaims } from "../../../simulation/crowd/gate-answers.ts";
import {
  claimsOf,
  CohortDraw,
  commitmentTo,
  rankReader,
  seedFrom,
} from "../../../simulation/drill/fairness.ts";
import { commitmentOf, rankOf, seedOf } from "../../../src/domain/line/cohort.ts";
import { computeShuffledIndex } from "../../../src/domain/line/shuffle.ts";
import { digestOf, VECTOR_DIGESTS, VECTOR_SEED } from "../support/shuffle-vectors.ts";

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the drill's shuffle", () => {
  test.each(VECTOR_DIGESTS)("gives the published mapping of %i places", (n, digest) => {
    const draw = new CohortDraw(n, Buffer.from(VECTOR_SEED, "hex"));
    const mapping = Array.from({ length: n }, (_, index) => draw.shuffledIndex(index));
    expect(digestOf(mapping)).toBe(digest);
  });

  test("is a permutation for every seed and size", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 600 }), (seed, n) => {
        const draw = new CohortDraw(n, seed);
        const places = new Set(Array.from({ length: n }, (_, index) => draw.shuffledIndex(index)));
        expect(places.size).toBe(n);
        expect(Math.max(...places)).toBe(n - 1);
      }),
      { numRuns: 25 },
    );
  });

  test("agrees with the gate's draw", () => {
    const cases = fc.tuple(seeds, fc.integer({ min: 1, max: 5_000_000 }), fc.nat());
    fc.assert(
      fc.property(cases, ([seed, n, any]) => {
        const index = any % n;
        const draw = new CohortDraw(n, seed);
        expect(draw.shuffledIndex(index)).toBe(computeShuffledIndex(index, n, seed));
      }),
    );
  });

  test("throws for a place outside the cohort", () => {
    const draw = new CohortDraw(3, new Uint8Array(32));
    expect(() => draw.shuffledIndex(3)).toThrow(RangeError);
    expect(() => draw.shuffledIndex(-1)).toThrow(RangeError);
  });
});

describe("the drill's reading of manifests and tickets", () => {
  const secret = "11".repeat(32);
  const seed = seedFrom(secret, "air-one", "general", 4);
  const counts = [3, 0, 5];
  const manifest: Manifest = { sale: "air-one", lane: "general", k: 4, base: 100, counts, seed };
  const ticket: TicketClaims = {
    aud: "air-one",
    sub: "somebody",
    jti: "a ticket",
    lane: "general",
    cohort: 4,
    shard: 2,
    index: 1,
  };

  test("computes the seeds and the commitment that the sale published", () => {
    expect(seed).toBe(seedOf(secret, "air-one", "general", 4));
    expect(commitmentTo(secret)).toBe(commitmentOf(secret));
  });

  test("ranks every place of a cohort of several booths once, as the sale does", () => {
    const read = rankReader([manifest]);
    const ranks = counts.flatMap((count, shard) => {
      return Array.from({ length: count }, (_, index) => {
        const rank = read({ ...ticket, shard, index });
        const place = { lane: "general", cohort: 4, shard, index };
        expect(rankOf(place, manifest)).toEqual({ kind: "ranked", rank });
        return rank;
      });
    });
    expect(new Set(ranks)).toEqual(new Set([100, 101, 102, 103, 104, 105, 106, 107]));
    expect(ranks).toHaveLength(8);
  });

  test("has no rank for a place that does not exist", () => {
    const read = rankReader([manifest]);
    expect(read({ ...ticket, index: 5 })).toBeNull();
    expect(read({ ...ticket, shard: 1, index: 0 })).toBeNull();
    expect(read({ ...ticket, shard: 3, index: 0 })).toBeNull();
    expect(read({ ...ticket, cohort: 5 })).toBeNull();
  });

  test("reads the claims of a ticket, and null from other text", () => {
    const payload = Buffer.from(JSON.stringify({ ...ticket, iat: 1 })).toString("base64url");
    expect(claimsOf(`header.${payload}.signature`)).toEqual(ticket);
    expect(claimsOf("no ticket")).toBeNull();
    expect(claimsOf("header.bm8.signature")).toBeNull();
    expect(claimsOf("header.e30.signature")).toBeNull();
  });
});

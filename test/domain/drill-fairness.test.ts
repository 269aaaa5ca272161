/**
 * The drill's own draw against the vectors published with the Ethereum consensus specification,
 * and against the draw that runs the sale: two writings of one specification.
 */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Manifest, TicketClaims } from "../../simulation/gate-answers.ts";
import {
  claimsOf,
  CohortDraw,
  commitmentTo,
  rankReader,
  seedFrom,
} from "../../simulation/drill/fairness.ts";
import { commitmentOf, rankOf, seedOf } from "../../src/domain/cohort.ts";
import { computeShuffledIndex } from "../../src/domain/shuffle.ts";

const VECTOR_SEED = "01b4f6bd5d6a06a7b74a8565ceb4f845afe0ae96a0ac05cf5e86066bf7b538ec";

/**
 * SHA-256 of `mapping.yaml` in ethereum/consensus-spec-tests,
 * tests/mainnet/phase0/shuffling/core/shuffle/shuffle_0x01b4…38ec_<n>, by n.
 */
const VECTOR_DIGESTS = [
  [10, "030e863e01b804aa084bdf69a7da2ca6cad7bc51ffc5dbd50cd74e3a8910a50e"],
  [33, "a014701e692faf6390f43a5b32470689ffdec35891f58bcd7572eb8226b19488"],
  [1000, "1fe4a03c481ce317d63640d1caf23d3466c0583a194998a66d8a3be818a5932a"],
] as const;

/** A mapping written as the specification's test files are: YAML, broken after column 80. */
function vectorFile(seed: string, mapping: readonly number[]): string {
  const lines = ["mapping: ["];
  mapping.forEach((value, index) => {
    const last = lines.at(-1) ?? "";
    const open = index === 0 ? last : `${last},`;
    if (open.length > 80) lines.splice(-1, 1, open, `  ${value}`);
    else lines.splice(-1, 1, `${open}${index === 0 ? "" : " "}${value}`);
  });
  return `seed: '0x${seed}'\ncount: ${mapping.length}\n${lines.join("\n")}]\n`;
}

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the drill's shuffle", () => {
  test.each(VECTOR_DIGESTS)("gives the published mapping of %i places", (n, digest) => {
    const draw = new CohortDraw(n, Buffer.from(VECTOR_SEED, "hex"));
    const mapping = Array.from({ length: n }, (_, index) => draw.shuffledIndex(index));
    const file = vectorFile(VECTOR_SEED, mapping);
    expect(createHash("sha256").update(file).digest("hex")).toBe(digest);
  });

  test("is a permutation, whatever the seed and size", () => {
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

  test("agrees with the draw that runs the sale", () => {
    const cases = fc.tuple(seeds, fc.integer({ min: 1, max: 5_000_000 }), fc.nat());
    fc.assert(
      fc.property(cases, ([seed, n, any]) => {
        const index = any % n;
        const draw = new CohortDraw(n, seed);
        expect(draw.shuffledIndex(index)).toBe(computeShuffledIndex(index, n, seed));
      }),
    );
  });

  test("knows no place outside the cohort", () => {
    const draw = new CohortDraw(3, new Uint8Array(32));
    expect(() => draw.shuffledIndex(3)).toThrow(RangeError);
    expect(() => draw.shuffledIndex(-1)).toThrow(RangeError);
  });
});

describe("the drill's reading of the books", () => {
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

  test("finds the seeds and the commitment that the sale published", () => {
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

  test("has no rank for a place that was never handed out", () => {
    const read = rankReader([manifest]);
    expect(read({ ...ticket, index: 5 })).toBeNull();
    expect(read({ ...ticket, shard: 1, index: 0 })).toBeNull();
    expect(read({ ...ticket, shard: 3, index: 0 })).toBeNull();
    expect(read({ ...ticket, cohort: 5 })).toBeNull();
  });

  test("reads what a ticket says, and nothing from what is not one", () => {
    const payload = Buffer.from(JSON.stringify({ ...ticket, iat: 1 })).toString("base64url");
    expect(claimsOf(`header.${payload}.signature`)).toEqual(ticket);
    expect(claimsOf("no ticket")).toBeNull();
    expect(claimsOf("header.bm8.signature")).toBeNull();
    expect(claimsOf("header.e30.signature")).toBeNull();
  });
});

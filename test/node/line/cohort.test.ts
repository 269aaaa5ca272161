/**
 * Cohorts and ranks: every rank is given once, and anyone with the published numbers can recompute
 * it with another implementation (here Node's own cryptography).
 */
import { createHash, createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  commitmentOf,
  placesIn,
  rankOf,
  seedOf,
  type CohortManifest,
} from "../../../src/domain/line/cohort.ts";
import { computeShuffledIndex } from "../../../src/domain/line/shuffle.ts";

const SECRET = "0f".repeat(32);

const secrets = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

/** The manifests of a lane: one per cohort, from the counts of its booths. */
function manifestsOf(secret: string, cohorts: readonly (readonly number[])[]): CohortManifest[] {
  let base = 0;
  return cohorts.map((counts, k) => {
    const seed = seedOf(secret, "air-one", "general", k);
    const manifest = { sale: "air-one", lane: "general", k, base, counts, seed };
    base += placesIn(counts);
    return manifest;
  });
}

function ranksIn(manifest: CohortManifest): number[] {
  return manifest.counts.flatMap((count, shard) =>
    Array.from({ length: count }, (_, index) => {
      const ranked = rankOf({ lane: "general", cohort: manifest.k, shard, index }, manifest);
      return ranked.kind === "ranked" ? ranked.rank : -1;
    }),
  );
}

describe("the ranks of a lane", () => {
  test("are each given once, over all cohorts and booths", () => {
    const counts = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 5 });
    const lines = fc.array(counts, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(secrets, lines, (secret, cohorts) => {
        const ranks = manifestsOf(secret, cohorts).flatMap(ranksIn);
        const inOrder = Array.from({ length: ranks.length }, (_, rank) => rank);
        expect(ranks.toSorted((a, b) => a - b)).toEqual(inOrder);
      }),
      { numRuns: 40 },
    );
  });

  test("put every earlier cohort before every later one", () => {
    const [early, late] = manifestsOf(SECRET, [[3, 4], [5]]).map(ranksIn);
    expect(Math.max(...(early ?? []))).toBeLessThan(Math.min(...(late ?? [])));
  });

  test("follow the draw: base + shuffled index of the place among all booths", () => {
    const [, manifest] = manifestsOf(SECRET, [[9], [3, 0, 5]]);
    if (manifest === undefined) throw new Error("there are two cohorts");
    const shuffled = computeShuffledIndex(3 + 2, 8, Buffer.from(manifest.seed, "hex"));
    const place = { lane: "general", cohort: 1, shard: 2, index: 2 };
    expect(rankOf(place, manifest)).toEqual({ kind: "ranked", rank: 9 + shuffled });
  });

  const place = { lane: "general", cohort: 0, shard: 0, index: 0 };
  test.each([
    ["an index the booth never handed out", { ...place, index: 2 }],
    ["an index below 0", { ...place, index: -1 }],
    ["a booth without arrivals", { ...place, shard: 1 }],
    ["a booth that does not exist", { ...place, shard: 2 }],
    ["another cohort", { ...place, cohort: 1 }],
    ["another lane", { ...place, lane: "members" }],
  ])("do not exist for %s", (_, foreign) => {
    const [manifest] = manifestsOf(SECRET, [[2, 0]]);
    if (manifest === undefined) throw new Error("there is a cohort");
    expect(rankOf(foreign, manifest)).toEqual({ kind: "no_such_place" });
    expect(rankOf(place, manifest).kind).toBe("ranked");
  });
});

describe("the commitment", () => {
  test("is the SHA-256 of the secret's bytes", () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const digest = createHash("sha256").update(Buffer.from(secret, "hex")).digest("hex");
        expect(commitmentOf(secret)).toBe(digest);
      }),
    );
  });
});

describe("the seed of a cohort", () => {
  test("is the HMAC of sale, zero, lane, zero and the cohort as four bytes, big end first", () => {
    // "air-one", 0, "general", 0, 0x01020304
    const hex = "6169722d6f6e65 00 67656e6572616c 00 01020304";
    const message = Buffer.from(hex.replaceAll(" ", ""), "hex");
    const mac = createHmac("sha256", Buffer.from(SECRET, "hex")).update(message).digest("hex");
    expect(seedOf(SECRET, "air-one", "general", 0x01020304)).toBe(mac);
  });

  test("agrees with Node's HMAC for any names and numbers", () => {
    const names = fc.string({ minLength: 1, maxLength: 64, unit: "grapheme" });
    const numbers = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(secrets, names, names, numbers, (secret, sale, lane, k) => {
        const number = Buffer.alloc(4);
        number.writeUInt32BE(k);
        const zero = Buffer.from([0]);
        const parts = [Buffer.from(sale, "utf8"), zero, Buffer.from(lane, "utf8"), zero, number];
        const mac = createHmac("sha256", Buffer.from(secret, "hex")).update(Buffer.concat(parts));
        expect(seedOf(secret, sale, lane, k)).toBe(mac.digest("hex"));
      }),
    );
  });

  test("differs between cohorts, lanes, sales and secrets", () => {
    const seeds = [
      seedOf(SECRET, "air-one", "general", 0),
      seedOf(SECRET, "air-one", "general", 1),
      seedOf(SECRET, "air-one", "members", 0),
      seedOf(SECRET, "air-two", "general", 0),
      seedOf("f0".repeat(32), "air-one", "general", 0),
      // With the zero byte, moving a letter from one name to the other changes the message.
      seedOf(SECRET, "air-on", "egeneral", 0),
    ];
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});

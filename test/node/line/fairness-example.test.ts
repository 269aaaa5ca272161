/**
 * The worked example of docs/fairness.md, computed, so that the page cannot differ from the code.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CohortDraw, commitmentTo, seedFrom } from "../../../simulation/drill/fairness.ts";
import {
  isSignedRound,
  QUICKNET,
  randomnessOf,
  roundTime_ms,
} from "../../../src/domain/line/beacon.ts";
import { countCohort, drawnSeedOf } from "../../../src/domain/line/draw.ts";
import { commitmentOf, rankOf, seedOf } from "../../../src/domain/line/cohort.ts";

const page = readFileSync(new URL("../../../docs/fairness.md", import.meta.url), "utf8");
const secret = Array.from({ length: 32 }, (_, byte) => byte.toString(16).padStart(2, "0")).join("");
const cohorts = [
  { sale: "air-one", lane: "general", k: 0, base: 0, counts: [4, 0, 2] },
  { sale: "air-one", lane: "general", k: 1, base: 6, counts: [3, 2, 5] },
].map((cohort) => ({ ...cohort, seed: seedOf(secret, "air-one", "general", cohort.k) }));

function rowsNamed(name: string): string[] {
  return [...page.matchAll(new RegExp(`^ +${name} +([\\d ]+)$`, "gm"))].map(([, row]) => {
    return (row ?? "").trim().replaceAll(/ +/g, " ");
  });
}

test("the secret, the commitment and the seeds are those of the page", () => {
  expect(page).toContain(`secret      ${secret}\n`);
  expect(page).toContain(`commitment  ${commitmentOf(secret)}\n`);
  expect(commitmentTo(secret)).toBe(commitmentOf(secret));
  for (const k of [0, 1, 2]) {
    const seed = seedFrom(secret, "air-one", "general", k);
    expect(page).toContain(`seed(${k})     ${seed}\n`);
    expect(seedOf(secret, "air-one", "general", k)).toBe(seed);
  }
});

test("so is the seed with a round of the beacon", () => {
  const signature = /^signature +([0-9a-f]{96})$/m.exec(page)?.[1] ?? "";
  expect(isSignedRound(QUICKNET, 1000, signature)).toBe(true);
  expect(page).toContain(`its SHA-256 ${randomnessOf(signature)}\n`);
  const [cohort] = cohorts;
  if (cohort === undefined) throw new Error("the example has no cohort");
  const counted = countCohort(QUICKNET, cohort, roundTime_ms(QUICKNET, 1000) - 1000);
  expect(counted.round).toBe(1000);
  expect(page).toContain(`with round  ${drawnSeedOf(secret, counted, signature)}\n`);
});

test("the ranks of both cohorts are those of the page", () => {
  const ranks = cohorts.map((manifest) => {
    const { lane, k: cohort } = manifest;
    return manifest.counts.flatMap((count, shard) => {
      return Array.from({ length: count }, (_, index) => {
        const ranked = rankOf({ lane, cohort, shard, index }, manifest);
        return ranked.kind === "ranked" ? ranked.rank : Number.NaN;
      });
    });
  });
  expect(rowsNamed("rank")).toEqual(ranks.map((row) => row.join(" ")));
  const shuffled = cohorts.map(({ counts, seed }) => {
    const n = counts.reduce((sum, count) => sum + count, 0);
    const draw = new CohortDraw(n, Buffer.from(seed, "hex"));
    return Array.from({ length: n }, (_, index) => draw.shuffledIndex(index)).join(" ");
  });
  expect(rowsNamed("shuffled")).toEqual(shuffled);
});

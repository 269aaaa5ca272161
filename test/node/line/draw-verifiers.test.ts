/**
 * A draw with a real round of quicknet, as the product makes it, and as `npm run verify-draw` and
 * the page check it: three implementations. Whatever is changed in it, both checks find.
 */
import { describe, expect, test } from "vitest";
import type { Fairness, Manifest } from "../../../simulation/crowd/gate-answers.ts";
import { readBeacon } from "../../../simulation/drill/beacon.ts";
import { seedDue, seedFrom } from "../../../simulation/drill/fairness.ts";
import { signStandInRound, STAND_IN_CHAIN } from "../../../simulation/sandbox/beacon.ts";
import { chainHashOf, QUICKNET, roundTime_ms } from "../../../src/domain/line/beacon.ts";
import { countCohort, drawnSeedOf } from "../../../src/domain/line/draw.ts";
import * as page from "../../../src/pages/assets/_sluice/assets/draw.js";
import { beaconSteps, isRoundOf } from "../../../src/pages/assets/_sluice/assets/draw-beacon.js";
import { timesOf } from "../../../src/pages/assets/_sluice/assets/draw-statements.js";
import { checkDraw } from "../../../tools/verify-draw/checks.ts";
import { checkKeptCounts } from "../../../tools/verify-draw/counts.ts";
import { verdictOn } from "../../../tools/verify-draw/report.ts";
import {
  JWKS,
  KEYS,
  revealedFairness,
  signedManifest,
  statement,
} from "../support/draw-statements.ts";

const SALE = "air-one";
const SECRET = "07".repeat(32);
const ROUND = 1000;
const SIGNATURE =
  "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125" +
  "e342b73a8dd2bacbe47e4b6b63ed5e39";
const MADE_MS = roundTime_ms(QUICKNET, ROUND);
const at = (after_ms: number) => new Date(MADE_MS + after_ms).toISOString();

const named = { chain: chainHashOf(QUICKNET), ...QUICKNET, wait_s: 30 };
const FAIRNESS: Fairness = {
  ...revealedFairness(SALE, SECRET, { revealedAt: at(3_600_000) }),
  beacon: named,
};

const open = { sale: SALE, lane: "general", k: 0, base: 0, counts: [5, 0, 7] };
const counted = countCohort(QUICKNET, open, MADE_MS - 2500);

function drawn(change: Partial<Manifest["draw"] & object> = {}, other: Partial<Manifest> = {}) {
  const { countedAt, chain, round } = counted;
  const countsSignature = statement("counts", counted);
  const draw = { countedAt, countsSignature, chain, round, beacon: SIGNATURE, ...change };
  const manifest: Manifest = { ...open, seed: "", closedAt: at(400), draw, ...other };
  const seed = manifest.seed === "" ? seedDue(SECRET, manifest) : manifest.seed;
  return signedManifest({ ...manifest, seed });
}

function verify(manifest: Manifest, fairness = FAIRNESS, accepted: readonly string[] = []) {
  const lanes = [{ lane: "general", manifests: [manifest] }];
  const rest = { phase: "ended", method: "lottery", tickets: [], receipts: [], accepted };
  const saleCommitment = fairness.commitment;
  const evidence = { sale: SALE, fairness, lanes, keys: KEYS, saleCommitment, ...rest };
  return verdictOn(checkDraw(evidence, null));
}

async function wrongOnPage(manifest: Manifest, fairness = FAIRNESS): Promise<boolean> {
  const steps = await beaconSteps(manifest, fairness, JWKS, isRoundOf);
  const times = await timesOf(manifest, fairness, JWKS);
  const isSeed = (await page.seedDue(SECRET, manifest)) === manifest.seed;
  return !isSeed || [...steps, ...times].some(({ isWrong }) => isWrong);
}

test("the round is the first one a second after the counts", () => {
  expect([counted.round, counted.chain]).toEqual([ROUND, named.chain]);
  expect(countCohort(QUICKNET, open, MADE_MS - 1000).round).toBe(ROUND);
  expect(countCohort(QUICKNET, open, MADE_MS - 999).round).toBe(ROUND + 1);
});

test("three implementations give the seed, and it is not the secret's alone", async () => {
  const manifest = drawn();
  const seed = drawnSeedOf(SECRET, counted, SIGNATURE);
  expect([manifest.seed, await page.seedDue(SECRET, manifest)]).toEqual([seed, seed]);
  expect(seed).not.toBe(seedFrom(SECRET, SALE, "general", 0));
  const more = { ...counted, counts: [5, 0, 8] };
  expect(drawnSeedOf(SECRET, more, SIGNATURE)).not.toBe(seed);
});

test("the draw is verified by the program and on the page", async () => {
  expect(verify(drawn())).toBe("verified");
  expect(page.isManifest(drawn())).toBe(true);
  const steps = await beaconSteps(drawn(), FAIRNESS, JWKS, isRoundOf);
  expect(steps.map(({ text }) => text).join(" ")).toContain("which no shop controls");
  expect(await wrongOnPage(drawn())).toBe(false);
});

const counts = (change: object) => ({
  countsSignature: statement("counts", { ...counted, ...change }),
});
const { draw: _, ...plain } = drawn({}, { seed: seedFrom(SECRET, SALE, "general", 0) });

describe("what both find", () => {
  test.each<[string, Manifest, Partial<Fairness>?]>([
    ["another round's signature", drawn({ beacon: signStandInRound(ROUND) })],
    ["a round that is not the first", drawn({ round: 999, ...counts({ round: 999 }) })],
    ["a round that was known", drawn({ countedAt: at(1), ...counts({ countedAt: at(1) }) })],
    ["counts without a signature", drawn({ countsSignature: "a.b.c" })],
    ["the signature of other counts", drawn(counts({ counts: [5, 0, 6] }))],
    ["counts that were raised afterwards", drawn({}, { counts: [5, 0, 9] })],
    ["a signature of another kind", drawn({ countsSignature: statement("manifest", counted) })],
    ["a draw before the round was made", drawn({}, { closedAt: at(-1) })],
    ["a draw that did not wait for its round", drawn({ beacon: null }, { closedAt: at(29_999) })],
    ["a draw that states no beacon", signedManifest(plain)],
    ["the seed of the secret alone", drawn({}, { seed: plain.seed })],
    ["a cohort drawn after the revelation", drawn({}, { closedAt: at(3_600_001) })],
    ["a beacon that was not named", drawn(), { beacon: null }],
    ["another chain under the name of quicknet", drawn(), { beacon: { ...named, genesis_s: 1 } }],
    [
      "another chain than was named",
      drawn(),
      { beacon: { chain: chainHashOf(STAND_IN_CHAIN), ...STAND_IN_CHAIN, wait_s: 30 } },
    ],
    ["a later cohort with a beacon", { ...drawn(), k: 1 }],
  ])("%s", async (_what, manifest, change = {}) => {
    const fairness = { ...FAIRNESS, ...change };
    expect(await wrongOnPage(manifest, fairness)).toBe(true);
    expect(verify(manifest, fairness)).toBe("broken");
  });
});

describe("counts that a shopper kept before the round", () => {
  const kept = statement("counts", counted);
  const other = statement("counts", { ...counted, counts: [5, 0, 6] });

  test.each([
    ["are those of the draw", kept, "agrees"],
    ["are others, signed by the gate: proof against it", other, "broken"],
    ["are not signed", `${kept.slice(0, -8)}AAAAAAAA`, "broken"],
    ["are of another sale", statement("counts", { ...counted, sale: "air-two" }), "broken"],
    ["are of a cohort that is not drawn", statement("counts", { ...counted, k: 1 }), "open"],
    ["are none", statement("secret", FAIRNESS), "broken"],
  ])("%s", (_what, token, verdict) => {
    const lanes = [{ lane: "general", manifests: [drawn()] }];
    expect(checkKeptCounts({ sale: SALE, lanes, keys: KEYS }, token, 1).verdict).toBe(verdict);
  });
});

describe("what rests on the operator", () => {
  test("a draw without its round says so, and exits with another code", async () => {
    const without = drawn({ beacon: null }, { closedAt: at(30_000) });
    expect(without.seed).toBe(seedFrom(SECRET, SALE, "general", 0));
    expect(verify(without)).toBe("doubtful");
    expect(await wrongOnPage(without)).toBe(false);
    const steps = await beaconSteps(without, FAIRNESS, JWKS, isRoundOf);
    expect(steps.at(-1)?.text).toBe("So who knew the secret could have chosen this draw.");
  });

  test("a lottery for which no beacon was named, except by a release before beacons", () => {
    const { beacon: _none, ...before } = FAIRNESS;
    expect(verify(signedManifest(plain), { ...FAIRNESS, beacon: null })).toBe("doubtful");
    expect(verify(signedManifest(plain), before)).toBe("verified");
  });

  test("a chain whose key somebody holds, unless the reader accepts it", () => {
    const chain = STAND_IN_CHAIN;
    const own = countCohort(chain, open, MADE_MS + 1e11);
    const beacon = signStandInRound(own.round);
    const { countedAt, round } = own;
    const draw = { countedAt, round, chain: own.chain, beacon };
    const closedAt = new Date(roundTime_ms(chain, round)).toISOString();
    const manifest = drawn({ ...draw, countsSignature: statement("counts", own) }, { closedAt });
    const revealedAt = new Date(roundTime_ms(chain, round) + 1).toISOString();
    const fairness = {
      ...revealedFairness(SALE, SECRET, { revealedAt }),
      beacon: { chain: own.chain, ...chain, wait_s: 30 },
    };
    expect(verify(manifest, fairness)).toBe("doubtful");
    expect(verify(manifest, fairness, [own.chain])).toBe("verified");
    const known = { fairness, keys: KEYS, accepted: [own.chain] };
    expect(readBeacon([manifest], known).proven).toContain("chain sluice-stand-in");
  });
});

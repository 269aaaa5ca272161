/**
 * The signed times of a draw as the page checks them: a cohort that closed with a known secret, and
 * a time whose signature is missing or wrong, are shown as wrong.
 */
import { expect, test } from "vitest";
import type { Manifest } from "../../../simulation/crowd/gate-answers.ts";
import { timesOf } from "../../../src/pages/assets/_sluice/assets/draw-statements.js";
import {
  CLOSED_AT,
  KEYS,
  REVEALED_AT,
  revealedFairness,
  signedManifest,
  statement,
} from "../support/draw-statements.ts";

const SALE = "air-one";
const SECRET = "07".repeat(32);
const seed = "ab".repeat(32);
const COHORT: Manifest = { sale: SALE, lane: "general", k: 0, base: 0, counts: [1], seed };
const JWKS = { keys: KEYS.map((key) => ({ kty: "OKP", crv: "Ed25519", ...key })) };
const REVEALED = revealedFairness(SALE, SECRET);

async function steps(manifest: Manifest, fairness: object = REVEALED) {
  const found = await timesOf(manifest, { ...fairness }, JWKS);
  return {
    all: found.map(({ text }) => text).join("\n"),
    wrong: found.filter(({ isWrong }) => isWrong).map(({ text }) => text),
  };
}

test("times that are signed are shown", async () => {
  const { all, wrong } = await steps(signedManifest(COHORT));
  expect(wrong).toEqual([]);
  expect(all).toContain(`Your cohort closed at ${CLOSED_AT}`);
  expect(all).toContain(`The secret was revealed at ${REVEALED_AT}`);
});

test("a cohort that closed after the revelation is wrong, although it is signed", async () => {
  const late = signedManifest({ ...COHORT, closedAt: "2026-11-27T12:10:00.001Z" });
  expect((await steps(late)).wrong.join()).toContain("closed after the secret was revealed");
});

test.each<[string, (manifest: Manifest) => Manifest]>([
  ["no signature", ({ signature: _, ...rest }) => rest],
  ["no time", ({ closedAt: _, ...rest }) => rest],
  ["another time", (manifest) => ({ ...manifest, closedAt: "2026-11-27T09:00:00.000Z" })],
  ["another count", (manifest) => ({ ...manifest, counts: [2] })],
  ["another kind", (manifest) => ({ ...manifest, signature: statement("secret", manifest) })],
  ["rubbish", (manifest) => ({ ...manifest, signature: "a.b.c" })],
])("a cohort with %s is wrong", async (_, change) => {
  const { wrong } = await steps(change(signedManifest(COHORT)));
  expect(wrong.join()).toContain("The closing time of your cohort is not signed");
});

test.each([
  ["no signature", { signature: null }],
  ["another time", { revealedAt: "2026-11-28T00:00:00.000Z" }],
  ["no time", { revealedAt: null }],
])("a revelation with %s is wrong", async (_, change) => {
  const { wrong } = await steps(signedManifest(COHORT), { ...REVEALED, ...change });
  expect(wrong.join()).toContain("the secret was revealed is not signed");
});

test("what a release before did not state is unknown, and not wrong", async () => {
  const { all, wrong } = await steps(COHORT, { commitment: "c", secret: SECRET });
  expect([wrong, all.includes("is not known")]).toEqual([[], true]);
});

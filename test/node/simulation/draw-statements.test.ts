/**
 * The signed times of a draw as the drill and `npm run verify-draw` check them: a cohort that
 * closed with a known secret, and a time whose signature is missing or wrong, are found.
 */
import { describe, expect, test } from "vitest";
import type { Manifest } from "../../../simulation/crowd/gate-answers.ts";
import { seedFrom } from "../../../simulation/drill/fairness.ts";
import { closingFaults, revelationFault } from "../../../simulation/drill/statements.ts";
import { checkDraw } from "../../../tools/verify-draw/checks.ts";
import { verdictOn, type Verdict } from "../../../tools/verify-draw/report.ts";
import { KEYS, revealedFairness, signedManifest, statement } from "../support/draw-statements.ts";

const SALE = "air-one";
const SECRET = "07".repeat(32);
const FAIRNESS = revealedFairness(SALE, SECRET);

function cohort(k: number, closedAt?: string): Manifest {
  const seed = seedFrom(SECRET, SALE, "general", k);
  const manifest = { sale: SALE, lane: "general", k, base: k, counts: [1], seed };
  return closedAt === undefined ? manifest : { ...manifest, closedAt };
}

const signed = (k: number, closedAt?: string) => signedManifest(cohort(k, closedAt));
const before = (k: number) => cohort(k);
const faults = (manifests: readonly Manifest[]) => closingFaults(manifests, FAIRNESS, KEYS);

function verify(manifests: readonly Manifest[], fairness = FAIRNESS, keys = KEYS) {
  const lanes = [{ lane: "general", manifests }];
  const saleCommitment = fairness.commitment;
  const rest = { phase: "ended", tickets: [], receipts: [], saleCommitment };
  const findings = checkDraw({ sale: SALE, fairness, lanes, keys, ...rest }, null);
  return { verdict: verdictOn(findings), text: findings.map(({ detail }) => detail).join("\n") };
}

describe("closing times", () => {
  test("that are signed and before the revelation agree, at its very instant too", () => {
    expect(faults([signed(0), signed(1, FAIRNESS.revealedAt ?? "")])).toEqual([]);
    expect(verify([signed(0), signed(1)])).toMatchObject({ verdict: "verified" });
  });

  test("after the revelation are found, although they are signed", () => {
    const late = signed(1, "2026-11-27T12:10:00.001Z");
    expect(faults([signed(0), late])).toEqual([
      "cohort 1 closed at 2026-11-27T12:10:00.001Z, after the secret was revealed",
    ]);
    expect(verify([signed(0), late]).verdict).toBe("broken");
  });

  test("of a release that did not state them are unknown, and the draw is valid", () => {
    const { verdict, text } = verify([before(0), before(1), signed(2)]);
    expect(verdict).toBe("verified");
    expect(text).toContain("closing time unknown of 2");
  });

  test("that are missing after a cohort that has one are found", () => {
    expect(faults([signed(0), before(1)])).toEqual(["cohort 1: it has no closing time"]);
  });

  test.each<[string, (manifest: Manifest) => Manifest, string]>([
    ["no signature", ({ signature: _, ...rest }) => rest, "it is not signed"],
    ["no time", ({ closedAt: _, ...rest }) => rest, "it has no closing time"],
    [
      "another time",
      (manifest) => ({ ...manifest, closedAt: "2026-11-27T10:00:00.000Z" }),
      "its closedAt is not the one that was signed",
    ],
    ["another count", (manifest) => ({ ...manifest, counts: [2] }), "its counts is not the one"],
    [
      "the signature of another cohort",
      (manifest) => ({ ...manifest, signature: signed(1).signature }),
      "its k is not the one that was signed",
    ],
    [
      "a signature of another kind",
      (manifest) => ({ ...manifest, signature: statement("secret", manifest) }),
      "its signature is of another kind",
    ],
    [
      "a changed signature",
      (manifest) => ({ ...manifest, signature: `${manifest.signature?.slice(0, -8)}AAAAAAAA` }),
      "its signature does not match",
    ],
    ["rubbish", (manifest) => ({ ...manifest, signature: "a.b" }), "of another kind"],
  ])("with %s are found", (_, change, message) => {
    expect(faults([change(signed(0))]).join()).toContain(message);
    expect(verify([change(signed(0))]).verdict).toBe("broken");
  });

  test.each<[string, typeof FAIRNESS, Verdict]>([
    ["while the sale is on", { commitment: FAIRNESS.commitment, secret: null }, "not_yet"],
    ["after the revelation", FAIRNESS, "broken"],
  ])("signed by a key that is not published are open or broken: %s", (_, fairness, verdict) => {
    expect(verify([signed(0)], fairness, []).verdict).toBe(verdict);
  });
});

describe("the revelation", () => {
  const fault = (change: object, isTimed = true) => {
    return revelationFault(SALE, { ...FAIRNESS, ...change }, KEYS, isTimed);
  };

  test("that is signed agrees", () => {
    expect(fault({})).toBeNull();
    expect(verify([signed(0)]).text).toContain("at 2026-11-27T12:10:00.000Z, signed by the gate");
  });

  test.each([
    ["no signature", { signature: null }, "it is not signed"],
    ["another time", { revealedAt: "2026-11-28T12:10:00.000Z" }, "its revealedAt is not the one"],
    ["no time, although cohorts have times", { revealedAt: null }, "its revelation has none"],
    ["a time, but no secret", { secret: null }, "it has a time, but is not published"],
  ])("with %s is found", (_, change, message) => {
    expect(fault(change)).toContain(message);
    expect(verify([signed(0)], { ...FAIRNESS, ...change }).verdict).toBe("broken");
  });

  test("of a sale that a release ended which states no times is at an unknown time", () => {
    const { commitment, secret } = FAIRNESS;
    const { verdict, text } = verify([before(0)], { commitment, secret });
    expect([verdict, text.includes("its time is unknown")]).toEqual(["verified", true]);
  });
});

/**
 * The public randomness beacon: real rounds are accepted, and nothing else.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BeaconChain,
  chainHashOf,
  firstRoundFrom,
  isSignedRound,
  QUICKNET,
  randomnessOf,
  roundTime_ms,
} from "../../../src/domain/line/beacon.ts";

/** Rounds of quicknet, as published: 1000 is in drand's documentation and in garaga's tests. */
const ROUNDS = [
  {
    round: 1000,
    signature:
      "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125" +
      "e342b73a8dd2bacbe47e4b6b63ed5e39",
    randomness: "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
  },
  // The example in the README of python-drand-verify.
  {
    round: 657413,
    signature:
      "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be" +
      "41076862b98fad56e91a6b85b89cd97b",
    randomness: "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
  },
] as const;

/** Of drand-client's own tests (`test/beacon-verification.test.ts`), signatures on G1. */
const WALKTHROUGH: BeaconChain = {
  id: "walkthrough",
  publicKey:
    "81d320f220ee9c79e60e19dedc838c31e3ab919b15481e9feb52f643628c4f6a" +
    "13fdc52129493875a818109d767272ca0541cbcdcea9335f2870d781b39b845b" +
    "a8cbd44fdfe4967781cf72ca5917fc9398bcf97ca0548ed5a709016c4b1ff0f3",
  groupHash: "02d678e93908888871b70e3f015b396a8c082bc1493ae5479f8743cb5d972b54",
  genesis_s: 1687506816,
  period_s: 3,
};
const WALKTHROUGH_38 =
  "95c93585c513ebbcb4777ff15599b3140e5ec0295faa0e483f3deadd88fa6d43" +
  "f0d3703e3a4ce106e8fd6c6987f32126";

test("a chain's name follows from its key and its times, as drand computes it", () => {
  expect(chainHashOf(QUICKNET)).toBe(
    "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  );
  expect(chainHashOf(WALKTHROUGH)).toBe(
    "af8b6fc95693b058a3a59efe586eb31c2c352fe00cf40c62a427d87c34f7a235",
  );
  expect(chainHashOf({ ...QUICKNET, period_s: 4 })).not.toBe(chainHashOf(QUICKNET));
});

describe("published rounds", () => {
  test.each(ROUNDS)("round $round of quicknet is signed", ({ round, signature, randomness }) => {
    expect(isSignedRound(QUICKNET, round, signature)).toBe(true);
    expect(randomnessOf(signature)).toBe(randomness);
  });

  test("so is the round in drand-client's tests, and not as another one", () => {
    expect(isSignedRound(WALKTHROUGH, 38, WALKTHROUGH_38)).toBe(true);
    expect(isSignedRound(WALKTHROUGH, 55, WALKTHROUGH_38)).toBe(false);
    expect(isSignedRound(QUICKNET, 38, WALKTHROUGH_38)).toBe(false);
  });
});

test("a signature of another round, or that is none, is refused and never thrown", () => {
  const [{ round, signature }, other] = ROUNDS;
  const infinity = `c0${"00".repeat(47)}`;
  const flipped = `b4${signature.slice(2, -1)}8`;
  const bad = [other.signature, infinity, flipped, "", "zz", signature.slice(2), `${signature}00`];
  for (const text of bad)
    expect([text, isSignedRound(QUICKNET, round, text)]).toEqual([text, false]);
  expect(isSignedRound(QUICKNET, round, signature.toUpperCase())).toBe(false);
});

test("the first round from an instant on is not made before it, and the one before it is", () => {
  const instants = fc.integer({ min: 0, max: 4e12 });
  fc.assert(
    fc.property(instants, fc.integer({ min: 1, max: 60 }), (at_ms, period_s) => {
      const chain = { ...QUICKNET, period_s };
      const round = firstRoundFrom(chain, at_ms);
      expect(roundTime_ms(chain, round)).toBeGreaterThanOrEqual(at_ms);
      const before_ms = round === 1 ? -1 : roundTime_ms(chain, round - 1);
      expect(before_ms).toBeLessThan(Math.max(at_ms, 0));
    }),
  );
});

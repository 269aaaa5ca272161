/**
 * The sandbox's cards for many buyers: each has a number and a fingerprint of its own.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cardFactsOf, instrumentNamed } from "../../../simulation/sandbox/instrument.ts";
import { cardNamed, cardOf, hasCheckDigit } from "../../../simulation/sandbox/test-cards.ts";

const buyers = fc.integer({ min: 0, max: 99_999_999 });
const kinds = fc.constantFrom("visa", "captureFails");

function fingerprintOf(name: string): string | undefined {
  const instrument = instrumentNamed(name);
  return instrument === null ? undefined : cardFactsOf(instrument)?.fingerprint;
}

test("a card has one number, and the number one card (law)", () => {
  fc.assert(
    fc.property(kinds, buyers, (kind, buyer) => {
      const name = `pm_sandbox_${kind}_${buyer}`;
      const named = cardNamed(name);
      expect(named).toMatchObject({
        names: [name],
        number: expect.stringMatching(/^999999\d{10}$/),
      });
      expect(hasCheckDigit(named?.number ?? "")).toBe(true);
      expect(cardOf(named?.number ?? "")).toEqual(named);
    }),
  );
});

test("two buyers have two fingerprints", () => {
  const names = Array.from({ length: 2000 }, (_, buyer) => `pm_sandbox_visa_${buyer}`);
  expect(new Set(names.map(fingerprintOf)).size).toBe(names.length);
});

test.each(["9999990000000000", "9999992000000008", "4999990000000001"])("%s is no card", (number) =>
  expect(cardOf(number)).toBe(null),
);

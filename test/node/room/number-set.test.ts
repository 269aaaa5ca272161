/** Sets of token numbers as text: exact for any set, and short for those that rooms have. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeNumbers, encodeNumbers, hasNumber } from "../../../src/domain/room/number-set.ts";
import { randomFrom } from "../../../simulation/seeded-random.ts";

const sets = fc
  .tuple(fc.nat({ max: 1_000_000 }), fc.uniqueArray(fc.nat({ max: 400 }), { maxLength: 200 }))
  .map(([from, offsets]) => offsets.map((offset) => from + offset).toSorted((a, b) => a - b));

test("every set is read as it was written, and has its members and no other", () => {
  fc.assert(
    fc.property(sets, (numbers) => {
      const set = decodeNumbers(encodeNumbers(numbers));
      const members = new Set(numbers);
      const from = (numbers[0] ?? 0) - 2;
      for (let number = from; number < from + 410; number += 1) {
        expect(hasNumber(set, number)).toBe(members.has(number));
      }
      expect(hasNumber(set, 2_000_000)).toBe(false);
    }),
  );
});

test("known texts: nobody, the first, the first three, two apart", () => {
  expect(encodeNumbers([])).toBe("");
  expect(decodeNumbers("").bounds).toEqual([]);
  // 1 for the empty run before the first member, 1 for the run of one.
  expect(encodeNumbers([0])).toBe("w");
  expect(decodeNumbers(encodeNumbers([0, 1, 2])).bounds).toEqual([0, 3]);
  expect(decodeNumbers(encodeNumbers([5, 7])).bounds).toEqual([5, 6, 7, 8]);
});

test("a text that no room wrote is an error, not a set", () => {
  expect(() => decodeNumbers("=")).toThrow(RangeError);
  expect(() => decodeNumbers("g")).toThrow(RangeError);
});

/** Seats in use among those that were ever given, evenly mixed. */
function mixed(given: number, inUse: number): number[] {
  const random = randomFrom(`mixed ${given}`);
  return Array.from({ length: given }, (_, number) => number).filter(() => {
    return random() < inUse / given;
  });
}

test("10,000 seats given back among 1,000 in use take two kilobytes; a million beside them nothing", () => {
  const among = encodeNumbers(mixed(11_000, 1000));
  expect(among.length).toBeGreaterThan(1000);
  expect(among.length).toBeLessThan(2000);
  const later = mixed(11_000, 1000).map((number) => number + 1_000_000);
  expect(encodeNumbers(later).length - among.length).toBeLessThan(8);
  expect(encodeNumbers(mixed(10_005, 5)).length).toBeLessThan(40);
  expect(encodeNumbers(mixed(200_000, 100_000)).length).toBeLessThan(45_000);
});

/** What an isolate remembers: as much as the limit says, and then the newest. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BoundedMap } from "../../../src/domain/bounded-map.ts";

test("at the limit everything is known, one more forgets the oldest, a change forgets nobody", () => {
  const map = new BoundedMap<number>(3);
  for (const [at, key] of ["a", "b", "c"].entries()) map.set(key, at);
  expect(["a", "b", "c"].map((key) => map.get(key))).toEqual([0, 1, 2]);
  map.set("b", 10);
  expect(["a", "b", "c"].map((key) => map.get(key))).toEqual([0, 10, 2]);
  map.set("d", 3);
  expect(["a", "b", "c", "d"].map((key) => map.get(key))).toEqual([undefined, 10, 2, 3]);
});

test("whatever is put in, what is known is the last value, of at most as many keys", () => {
  const puts = fc.array(
    fc.tuple(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"), fc.nat()),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), puts, (max, story) => {
      const map = new BoundedMap<number>(max);
      const all = new Map<string, number>();
      for (const [key, value] of story) {
        map.set(key, value);
        all.set(key, value);
        expect(map.get(key)).toBe(value);
      }
      const known = [...all].filter(([key]) => map.get(key) !== undefined);
      expect(known.length).toBe(Math.min(all.size, max));
      for (const [key, value] of known) expect(map.get(key)).toBe(value);
    }),
  );
});

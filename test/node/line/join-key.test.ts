/**
 * Join keys: which subjects of a batch have a place already, and what is derived from a key.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  directTicketIdOf,
  keptOf,
  keyedSubjectOf,
  placedTicketIdOf,
  planSeating,
  seatAll,
  type KeptPlace,
} from "../../../src/domain/line/join-key.ts";

/** A booth that answers batches of joins, and remembers their places. */
class Booth {
  readonly remembered = new Map<string, KeptPlace>();
  handedOut = 0;

  answer(subjects: readonly string[], now: number) {
    const plan = planSeating(subjects, (subject) => this.remembered.get(subject));
    const first = plan.fresh === 0 ? null : { cohort: 0, index: this.handedOut };
    this.handedOut += plan.fresh;
    const places = seatAll(plan, first, now);
    for (const [nth, subject] of subjects.entries()) {
      const place = places[nth];
      if (place !== undefined && !place.again) this.remembered.set(subject, keptOf(place));
    }
    return places;
  }
}

describe("the places of a batch of joins", () => {
  test("each subject has one place, however often it joins, and no two share one", () => {
    const subjects = fc.array(fc.constantFrom("ann", "ben", "cleo", "dan"), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(subjects, { maxLength: 8 }), (groups) => {
        const booth = new Booth();
        const given = new Map<string, Set<number>>();
        for (const [now, group] of groups.entries()) {
          for (const [nth, { index }] of booth.answer(group, now).entries()) {
            const subject = group[nth] ?? "";
            given.set(subject, (given.get(subject) ?? new Set()).add(index));
          }
        }
        const places = [...given.values()].flatMap((indices) => [...indices]);
        expect(places).toHaveLength(given.size);
        expect(new Set(places).size).toBe(given.size);
        expect(booth.handedOut).toBe(given.size);
      }),
    );
  });

  test("a repeated join is marked as such, and has the time of the first", () => {
    const booth = new Booth();
    const first = { cohort: 0, index: 0, joinedAt_ms: 5 };
    expect(booth.answer(["ann"], 5)).toEqual([{ ...first, again: false }]);
    expect(booth.answer(["ben", "ann", "ben"], 9)).toEqual([
      { cohort: 0, index: 1, joinedAt_ms: 9, again: false },
      { ...first, again: true },
      { cohort: 0, index: 1, joinedAt_ms: 9, again: true },
    ]);
  });
});

describe("what is derived from a key", () => {
  const place = { lane: "general", shard: 0, cohort: 0, index: 0 };

  test("differs by sale, lane and key", () => {
    const subjects = [
      keyedSubjectOf("one", "general", "key", null),
      keyedSubjectOf("two", "general", "key", null),
      keyedSubjectOf("one", "members", "key", null),
      keyedSubjectOf("one", "general", "other", null),
    ];
    expect(new Set(subjects).size).toBe(subjects.length);
    expect(subjects[0]).toBe(keyedSubjectOf("one", "general", "key", null));
  });

  test("is a different ticket for each place, and for no place", () => {
    const ids = [
      directTicketIdOf("one", "ann"),
      placedTicketIdOf("one", "ann", place),
      placedTicketIdOf("one", "ann", { ...place, index: 1 }),
      placedTicketIdOf("one", "ann", { ...place, cohort: 1 }),
      placedTicketIdOf("one", "ann", { ...place, shard: 1 }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^tkt_[0-9a-f]{40}$/.test(id))).toBe(true);
  });
});

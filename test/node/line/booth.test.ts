/**
 * Ticket booths: no place twice, none lost from the count, whatever crashes in between.
 *
 * The model below runs a booth as its object does: what `save` names is durable before the outcome
 * is returned, and a crash forgets everything else.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  closeCohort,
  NEW_BOOTH,
  recoverBooth,
  settleMark,
  takePlaces,
  type BoothDecision,
  type BoothState,
  type CloseOutcome,
  type PlaceInBooth,
} from "../../../src/domain/line/booth.ts";
import { BOOTH_BLOCK_PLACES, PLACES_PER_JOIN_MAX } from "../../../src/domain/limits.ts";

class BoothModel {
  state: BoothState = NEW_BOOTH;
  durable = { cohort: 0, highWater: 0 };
  readonly counts = new Map<number, number>();
  marks = 0;

  #keep<Outcome>({ state, outcome, save }: BoothDecision<Outcome>): Outcome {
    for (const { cohort, count } of save.closed) {
      if (this.counts.has(cohort)) throw new Error(`cohort ${cohort} was counted twice`);
      this.counts.set(cohort, count);
    }
    if (save.mark) {
      this.durable = { cohort: state.cohort, highWater: state.highWater };
      this.marks += 1;
    }
    this.state = state;
    return outcome;
  }

  join(now: number, drawClosesAt_ms: number | null, places = 1): PlaceInBooth {
    return this.#keep(takePlaces(this.state, now, drawClosesAt_ms, places));
  }

  /** Several joins at once: all their places, as the joins share them out. */
  joinTogether(now: number, drawClosesAt_ms: number | null, places: number): PlaceInBooth[] {
    const { cohort, index } = this.join(now, drawClosesAt_ms, places);
    if (this.state.next > this.durable.highWater) throw new Error("given before it was durable");
    return Array.from({ length: places }, (_, nth) => ({ cohort, index: index + nth }));
  }

  close(k: number, force: boolean): CloseOutcome {
    return this.#keep(closeCohort(this.state, k, force, this.counts.get(k) ?? null));
  }

  /** An orderly eviction: the mark is lowered first. */
  sleep(): void {
    this.#keep(settleMark(this.state));
    this.crash();
  }

  crash(): void {
    this.state = recoverBooth(this.durable);
  }
}

const DRAW_CLOSES_MS = 10_000;

interface Step {
  readonly kind: "join" | "crash" | "sleep" | "close" | "close_again" | "pass_time";
  /** How many joins, and how many of them at once. */
  readonly times: number;
  readonly together: number;
  readonly force: boolean;
}

const kinds: fc.Arbitrary<Step["kind"]> = fc.oneof(
  { weight: 6, arbitrary: fc.constant("join") },
  { weight: 2, arbitrary: fc.constant("crash") },
  { weight: 2, arbitrary: fc.constant("sleep") },
  { weight: 3, arbitrary: fc.constant("close") },
  { weight: 2, arbitrary: fc.constant("close_again") },
  { weight: 2, arbitrary: fc.constant("pass_time") },
);
const steps: fc.Arbitrary<Step> = fc
  .record({
    kind: kinds,
    times: fc.integer({ min: 1, max: 300 }),
    together: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: PLACES_PER_JOIN_MAX })),
    force: fc.boolean(),
  })
  .map((step) => ({
    ...step,
    times: step.kind === "join" ? Math.ceil(step.times / step.together) : 0,
  }));

/** Runs the steps; returns all places handed out, and the booth at the end. */
function live(
  story: readonly Step[],
  isDraw: boolean,
): { booth: BoothModel; places: PlaceInBooth[] } {
  const booth = new BoothModel();
  const places: PlaceInBooth[] = [];
  let now = 8000;
  let open = 0;
  for (const { kind, times, together, force } of story) {
    if (kind === "pass_time") now += 1000;
    if (kind === "crash") booth.crash();
    if (kind === "sleep") booth.sleep();
    for (let join = 0; join < times; join += 1) {
      places.push(...booth.joinTogether(now, isDraw ? DRAW_CLOSES_MS : null, together));
    }
    // The room closes cohorts in order, and the cohort of the draw not before its end.
    if (kind === "close" && (!isDraw || open > 0 || now >= DRAW_CLOSES_MS)) {
      if (booth.close(open, force).kind === "closed") open += 1;
    }
    if (kind === "close_again" && open > 0) {
      const again = booth.close(open - 1, true);
      const same = again.kind === "closed" && again.count === booth.counts.get(open - 1);
      if (!same) throw new Error(`cohort ${open - 1} was counted differently the second time`);
    }
  }
  booth.close(booth.state.cohort, true);
  return { booth, places };
}

describe("a booth, through joins, crashes and closes", () => {
  const stories = fc.array(steps, { maxLength: 25 });

  test("never hands out a place twice", () => {
    fc.assert(
      fc.property(stories, fc.boolean(), (story, isDraw) => {
        const { places } = live(story, isDraw);
        const names = new Set(places.map(({ cohort, index }) => `${cohort}/${index}`));
        expect(names.size).toBe(places.length);
      }),
    );
  });

  test("counts every index it ever handed out, and skips at most a block for a crash", () => {
    fc.assert(
      fc.property(stories, fc.boolean(), (story, isDraw) => {
        const { booth, places } = live(story, isDraw);
        for (const { cohort, index } of places) {
          expect(index).toBeLessThan(booth.counts.get(cohort) ?? 0);
        }
        const counted = [...booth.counts.values()].reduce((sum, count) => sum + count, 0);
        const crashes = story.filter(({ kind }) => kind === "crash").length;
        expect(counted - places.length).toBeLessThanOrEqual(crashes * BOOTH_BLOCK_PLACES);
      }),
    );
  });

  test("puts nobody who joins after the draw has closed into the draw", () => {
    fc.assert(
      fc.property(stories, fc.nat({ max: 4000 }), (story, late_ms) => {
        const booth = new BoothModel();
        for (const { kind, times } of story) {
          if (kind === "crash") booth.crash();
          for (let join = 0; join < times; join += 1) {
            expect(booth.join(DRAW_CLOSES_MS - 1, DRAW_CLOSES_MS).cohort).toBe(0);
          }
        }
        expect(booth.join(DRAW_CLOSES_MS + late_ms, DRAW_CLOSES_MS)).toEqual({
          cohort: 1,
          index: 0,
        });
      }),
    );
  });
});

describe("the instant of the start", () => {
  test("belongs to cohort 1; the last millisecond before it belongs to the draw", () => {
    const before = takePlaces(NEW_BOOTH, DRAW_CLOSES_MS - 1, DRAW_CLOSES_MS, 1);
    expect(before.outcome).toEqual({ cohort: 0, index: 0 });
    const at = takePlaces(before.state, DRAW_CLOSES_MS, DRAW_CLOSES_MS, 1);
    expect(at.outcome).toEqual({ cohort: 1, index: 0 });
    expect(at.save).toEqual({ closed: [{ cohort: 0, count: 1 }], mark: true });
  });

  test("joins that come together at the start are all in cohort 1", () => {
    const booth = new BoothModel();
    booth.join(DRAW_CLOSES_MS - 1, DRAW_CLOSES_MS);
    const places = booth.joinTogether(DRAW_CLOSES_MS, DRAW_CLOSES_MS, 3);
    expect(places.map(({ cohort, index }) => `${cohort}/${index}`)).toEqual(["1/0", "1/1", "1/2"]);
    expect(booth.counts.get(0)).toBe(1);
  });

  test("a later close of the draw returns the count at that instant", () => {
    const booth = new BoothModel();
    booth.join(9000, DRAW_CLOSES_MS);
    booth.join(9500, DRAW_CLOSES_MS);
    booth.join(DRAW_CLOSES_MS, DRAW_CLOSES_MS);
    expect(booth.close(0, false)).toEqual({ kind: "closed", count: 2 });
    expect(booth.close(1, false)).toEqual({ kind: "closed", count: 1 });
  });

  test("without a draw, an arrival at the start is still in cohort 0", () => {
    expect(takePlaces(NEW_BOOTH, DRAW_CLOSES_MS, null, 1).outcome).toEqual({ cohort: 0, index: 0 });
  });
});

describe("closing a cohort", () => {
  test("an empty cohort stays open unless another booth of the lane had arrivals", () => {
    const booth = new BoothModel();
    expect(booth.close(0, false)).toEqual({ kind: "empty" });
    expect(booth.state.cohort).toBe(0);
    expect(booth.close(0, true)).toEqual({ kind: "closed", count: 0 });
    expect(booth.state.cohort).toBe(1);
  });

  test("a repeated close gives the same count, forced or not, even after a crash", () => {
    const booth = new BoothModel();
    for (let join = 0; join < 3; join += 1) booth.join(0, null);
    expect(booth.close(0, false)).toEqual({ kind: "closed", count: 3 });
    booth.join(0, null);
    booth.crash();
    expect(booth.close(0, false)).toEqual({ kind: "closed", count: 3 });
    expect(booth.close(0, true)).toEqual({ kind: "closed", count: 3 });
  });
});

describe("a batch of joins", () => {
  test.each([1, PLACES_PER_JOIN_MAX])("of %i takes that many places in a row", (places) => {
    const decision = takePlaces(NEW_BOOTH, 0, null, places);
    expect(decision.state.next).toBe(places);
    expect(decision.save.mark).toBe(true);
  });

  test.each([0, -1, 1.5, PLACES_PER_JOIN_MAX + 1])("of %d is a caller's bug", (places) => {
    expect(() => takePlaces(NEW_BOOTH, 0, null, places)).toThrow(RangeError);
  });
});

describe("the high-water mark", () => {
  test("is written once a block", () => {
    const booth = new BoothModel();
    for (let join = 0; join < BOOTH_BLOCK_PLACES; join += 1) booth.join(0, null);
    expect(booth.marks).toBe(1);
    booth.join(0, null);
    expect(booth.marks).toBe(2);
  });

  test("is lowered before an orderly eviction, so that no place is skipped", () => {
    const booth = new BoothModel();
    booth.join(0, null);
    booth.sleep();
    const { marks } = booth;
    booth.sleep();
    expect(booth.marks).toBe(marks);
    expect(booth.join(0, null)).toEqual({ cohort: 0, index: 1 });
    expect(booth.close(0, false)).toEqual({ kind: "closed", count: 2 });
  });

  test("is where a crashed booth continues", () => {
    const booth = new BoothModel();
    booth.join(0, null);
    booth.crash();
    expect(booth.join(0, null)).toEqual({ cohort: 0, index: BOOTH_BLOCK_PLACES });
    expect(booth.close(0, false)).toEqual({ kind: "closed", count: BOOTH_BLOCK_PLACES + 1 });
  });
});

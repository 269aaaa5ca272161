/**
 * Joins that share a call of their booth: each its own place, nobody waits for nothing, and nobody
 * hangs on a request that is gone. Timers are driven by hand.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PlaceInBooth } from "../../../src/domain/line/booth.ts";
import {
  JOIN_GROUP_WAIT_MS,
  JOINS_GATHERED_MAX,
  PLACES_PER_JOIN_MAX,
  SHOPPER_CALL_TIMEOUT_MS,
} from "../../../src/domain/limits.ts";
import { PlaceBatches } from "../../../src/shopper/place-batches.ts";

/** A booth whose answers a test lets out one by one. */
class HeldBooth {
  readonly groups = new PlaceBatches();
  readonly asked: number[] = [];
  readonly #held: (() => void)[] = [];
  #next = 0;

  readonly ask = (places: number): Promise<PlaceInBooth> => {
    const { promise, resolve } = Promise.withResolvers<PlaceInBooth>();
    const index = this.#next;
    this.#next += places;
    this.asked.push(places);
    this.#held.push(() => resolve({ cohort: 3, index }));
    return promise;
  };

  join(): Promise<PlaceInBooth | null> {
    return this.groups.take("booth", this.ask, () => undefined);
  }

  joinAll(shoppers: number): Promise<(PlaceInBooth | null)[]> {
    return Promise.all(Array.from({ length: shoppers }, () => this.join()));
  }

  /** Until there is nothing left to answer. */
  async answerAll(): Promise<void> {
    for (let held = this.#held.shift(); held !== undefined; held = this.#held.shift()) {
      held();
      await vi.advanceTimersByTimeAsync(0);
    }
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function indices(places: readonly (PlaceInBooth | null)[]): number[] {
  return places.map((place) => place?.index ?? -1).toSorted((left, right) => left - right);
}

describe("joins of one booth", () => {
  test("that come alone wait for nobody", async () => {
    const booth = new HeldBooth();
    for (const index of [0, 1, 2]) {
      const joined = booth.join();
      await booth.answerAll();
      expect(await joined).toEqual({ cohort: 3, index });
    }
    expect(booth.asked).toEqual([1, 1, 1]);
  });

  test("that meet share the next call, and each has a place of its own", async () => {
    const booth = new HeldBooth();
    const joined = booth.joinAll(10);
    await booth.answerAll();
    expect(indices(await joined)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(booth.asked).toEqual([1, 9]);
  });

  test("are asked for in groups that a booth hands out, however many meet", async () => {
    const booth = new HeldBooth();
    const joined = booth.joinAll(200);
    await booth.answerAll();
    expect(new Set(indices(await joined)).size).toBe(200);
    expect(booth.asked.every((places) => places <= PLACES_PER_JOIN_MAX)).toBe(true);
    expect(booth.asked).toEqual([1, 64, 64, 64, 7]);
  });

  test("past those who may gather call by themselves", async () => {
    const booth = new HeldBooth();
    const joined = booth.joinAll(JOINS_GATHERED_MAX + 2);
    expect(booth.asked).toEqual([1, 1]);
    await booth.answerAll();
    expect(new Set(indices(await joined)).size).toBe(JOINS_GATHERED_MAX + 2);
  });

  test("of different booths do not wait for each other", async () => {
    const booth = new HeldBooth();
    const first = booth.join();
    const other = booth.groups.take("another", booth.ask, () => undefined);
    expect(booth.asked).toEqual([1, 1]);
    await booth.answerAll();
    expect(indices([await first, await other])).toEqual([0, 1]);
  });
});

describe("a call that does not come back", () => {
  test("ends as none within its time-out, for all who share it", async () => {
    const booth = new HeldBooth();
    const joined = booth.joinAll(3);
    await vi.advanceTimersByTimeAsync(JOIN_GROUP_WAIT_MS + SHOPPER_CALL_TIMEOUT_MS);
    expect(await joined).toEqual([null, null, null]);
  });

  test("whose request ended is made again by those who waited, and later joins wait for nobody", async () => {
    const booth = new HeldBooth();
    // The platform drops all that a request which ended was about to do: its call never returns.
    void booth.groups.take(
      "booth",
      () => new Promise(() => undefined),
      () => undefined,
    );
    const waiting = booth.joinAll(3);
    await vi.advanceTimersByTimeAsync(JOIN_GROUP_WAIT_MS);
    await booth.answerAll();
    expect(indices(await waiting)).toEqual([0, 1, 2]);
    const later = booth.join();
    await booth.answerAll();
    expect((await later)?.index).toBe(3);
  });

  test("that fails is told to all who share it, and the next goes out", async () => {
    const groups = new PlaceBatches();
    let calls = 0;
    const broken = (): Promise<PlaceInBooth> => {
      calls += 1;
      return Promise.reject(new Error("the booth is gone"));
    };
    const join = () => groups.take("booth", broken, () => undefined);
    expect(await Promise.all([join(), join(), join()])).toEqual([null, null, null]);
    expect(await join()).toBeNull();
    expect(calls).toBe(3);
  });
});

test("a request lasts for as long as others wait for its call", async () => {
  const booth = new HeldBooth();
  let lasts = true;
  const joined = booth.groups.take("booth", booth.ask, (work) => {
    void work.then(() => (lasts = false));
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(lasts).toBe(true);
  await booth.answerAll();
  await joined;
  expect(lasts).toBe(false);
});

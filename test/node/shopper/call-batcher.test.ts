/**
 * Questions that share a call: everyone hears the answer to their own, however they meet, and
 * nobody hangs on a call that does not come back. Timers are driven by hand.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  HOLDS_GATHERED_MAX,
  HOLDS_PER_CALL_MAX,
  SEAT_CALL_TIMEOUT_MS,
  SEAT_GROUP_WAIT_MS,
  SEATS_PER_CALL_MAX,
} from "../../../src/domain/limits.ts";
import type { HoldOutcome } from "../../../src/domain/stock/stock.ts";
import { CartBatches } from "../../../src/shopper/cart-batches.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nobody = (): void => undefined;

function commandOf(shopper: number) {
  const key = { sale: "sale", buyer: `sub_${shopper}`, id: `adm_${shopper}` };
  return { ...key, quantity: 1, deadline_ms: 1000, limitPerBuyer: 1 };
}

/** A stock that tells each shopper their own number, when the test lets it answer. */
class HeldStock {
  readonly calls = new CartBatches();
  readonly asked: number[] = [];
  readonly #held: (() => void)[] = [];

  hold(shopper: number): Promise<HoldOutcome | null> {
    return this.calls.holds.ask(
      "sku",
      commandOf(shopper),
      (commands) => {
        const { promise, resolve } = Promise.withResolvers<HoldOutcome[]>();
        this.asked.push(commands.length);
        const outcomes = commands.map(({ buyer }): HoldOutcome => {
          return { kind: "sold_out", available: Number(buyer.slice("sub_".length)) };
        });
        this.#held.push(() => resolve(outcomes));
        return promise;
      },
      nobody,
    );
  }

  async answerAll(): Promise<void> {
    for (let held = this.#held.shift(); held !== undefined; held = this.#held.shift()) {
      held();
      await vi.advanceTimersByTimeAsync(0);
    }
  }
}

const numbersOf = (outcomes: readonly (HoldOutcome | null)[]): number[] =>
  outcomes.map((outcome) => (outcome?.kind === "sold_out" ? outcome.available : -1));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, nth) => nth);

describe("holds that meet", () => {
  test.each([
    // One call is under way; the next takes so many, and the one too many waits for its own.
    [1 + HOLDS_PER_CALL_MAX, [1, HOLDS_PER_CALL_MAX]],
    [2 + HOLDS_PER_CALL_MAX, [1, HOLDS_PER_CALL_MAX, 1]],
  ])("of %i shoppers go in calls of %j, each with its own answer", async (shoppers, calls) => {
    const stock = new HeldStock();
    const asked = Promise.all(upTo(shoppers).map((shopper) => stock.hold(shopper)));
    await stock.answerAll();
    expect(numbersOf(await asked)).toEqual(upTo(shoppers));
    expect(stock.asked).toEqual(calls);
  });

  test.each([
    [1 + HOLDS_GATHERED_MAX, [1]],
    [2 + HOLDS_GATHERED_MAX, [1, 1]],
  ])("of %i shoppers at once make calls %j before any is answered", async (shoppers, calls) => {
    const stock = new HeldStock();
    const asked = Promise.all(upTo(shoppers).map((shopper) => stock.hold(shopper)));
    expect(stock.asked).toEqual(calls);
    await stock.answerAll();
    expect(numbersOf(await asked)).toEqual(upTo(shoppers));
  });
});

describe("a room that is asked after seats", () => {
  test("and does not answer lets every cart go on within two seconds", async () => {
    const { seats } = new CartBatches();
    const silent = vi.fn<() => Promise<never>>(() => new Promise(() => undefined));
    const asked = upTo(SEATS_PER_CALL_MAX + 2).map((shopper) => {
      return seats.ask("sale", `adm_${shopper}`, silent, nobody);
    });
    let answered = 0;
    for (const one of asked) void one.then(() => (answered += 1));
    await vi.advanceTimersByTimeAsync(SEAT_GROUP_WAIT_MS + SEAT_CALL_TIMEOUT_MS - 1);
    expect(answered).toBeLessThan(asked.length);
    await vi.advanceTimersByTimeAsync(1);
    expect(answered).toBe(asked.length);
    expect(new Set(await Promise.all(asked))).toEqual(new Set([null]));
    expect(silent).toHaveBeenCalledTimes(3);
  });

  test("and answers too few tells the others nothing", async () => {
    const { seats } = new CartBatches();
    const short = () => Promise.resolve(["spent" as const]);
    const asked = upTo(3).map((shopper) => seats.ask("sale", `adm_${shopper}`, short, nobody));
    expect(await Promise.all(asked)).toEqual(["spent", "spent", null]);
  });
});

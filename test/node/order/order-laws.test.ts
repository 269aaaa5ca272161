/**
 * Laws of the order's saga, on random walks: consumers die, answers are lost before or after their
 * effect, reports come late, merchants cancel, days pass. Once the faults stop, every order ends,
 * and the provider's books agree with the order.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SAME_KEY_RETRY_MAX_MS } from "../../../src/domain/limits.ts";
import { isFinal } from "../../../src/domain/order/order.ts";
import { report } from "../../../src/domain/order/report.ts";
import { INTENT } from "../support/order-records.ts";
import { OrderWorld, type Act, type Setting } from "../support/order-world.ts";

const MINUTE_MS = 60_000;

const fault = fc.oneof(
  { weight: 5, arbitrary: fc.constant("none" as const) },
  { weight: 4, arbitrary: fc.constantFrom("before", "after", "stored", "retry") },
);
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant("reports" as const) },
  { weight: 3, arbitrary: fc.constantFrom("dies_before", "dies_after", "reports_late") },
);
const waits = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 30_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20 * MINUTE_MS }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 * 60 * MINUTE_MS }) },
);
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constant("consume"), fault, fate }) },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant("wait"), for_ms: waits }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("deliver", "hurry", "nudge", "wake") }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("confirm_late") }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("action_done"), agreed: fc.boolean() }),
  },
);
const stories = fc.array(acts, { maxLength: 60, size: "large" });
const settings: fc.Arbitrary<Setting> = fc.record({
  card: fc.constantFrom("good", "good", "needs_action", "refused", "impossible"),
  captureFails: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
  bookingRefused: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
  chance: fc.constantFrom(0, 0.5, 1),
});

/** Runs a story to its end; `check` runs after every act. */
function live(
  setting: Setting,
  story: readonly Act[],
  prepare: (world: OrderWorld) => void = () => {},
): OrderWorld {
  const world = new OrderWorld(setting);
  prepare(world);
  for (const act of story) world.act(act);
  world.settle();
  return world;
}

const RUNS = { numRuns: 400 };

function law(check: (world: OrderWorld) => void): void {
  const ended = fc.property(settings, stories, (setting, story) => {
    check(live(setting, story));
  });
  fc.assert(ended, RUNS);
}

describe("when the faults stop", () => {
  test("every order reaches a final state (P2)", () => {
    law(({ record }) => expect(isFinal(record.standing)).toBe(true));
  });

  test("an order whose payment can never be made outlasts its hold by some tries only", () => {
    const impossible = settings.map((setting) => ({ ...setting, card: "impossible" as const }));
    const ended = fc.property(impossible, stories, (setting, story) => {
      const world = new OrderWorld(setting);
      for (const act of story) world.act(act);
      const from_ms = Math.max(world.now, INTENT.holdUntil_ms);
      world.settle();
      expect(isFinal(world.record.standing)).toBe(true);
      expect(world.now).toBeLessThan(from_ms + 60 * MINUTE_MS);
    });
    fc.assert(ended, RUNS);
  });

  test("money was taken at most once, and reserved at most once a payment (P3)", () => {
    law(({ provider }) => {
      const payments = [...provider.payments.values()];
      const captures = payments.reduce((sum, payment) => sum + payment.captures, 0);
      expect(captures).toBeLessThanOrEqual(1);
      for (const { authorizations } of payments) expect(authorizations).toBeLessThanOrEqual(1);
    });
  });

  test("the order is confirmed exactly when the money is taken, and then it is booked (P3)", () => {
    law(({ record, provider, isBooked }) => {
      const taken = [...provider.payments.values()].some(({ standing }) => standing === "captured");
      expect(record.standing.state === "confirmed").toBe(taken);
      expect(isBooked).toBe(taken);
    });
  });

  const nothingIsReserved = (world: OrderWorld): void => {
    const { record, provider } = world;
    if (record.standing.state === "confirmed") return;
    // The shopper tries once more, with a secret that they may still have.
    world.confirmLate();
    for (const { standing } of provider.payments.values()) {
      expect(["prepared", "declined", "voided", "refunded"]).toContain(standing);
    }
  };

  test("an order that is not confirmed leaves no reserved money behind, however late", () => {
    expect(() => law(nothingIsReserved)).not.toThrow();
  });

  test("which is seen where a payment whose secret was shown is not voided", () => {
    const planted: typeof report = (record, ...rest) => {
      const { standing } = record;
      if (standing.state !== "action_required") return report(record, ...rest);
      return report({ ...record, standing: { ...standing, clientSecret: null } }, ...rest);
    };
    const ended = fc.property(settings, stories, (setting, story) => {
      nothingIsReserved(live({ ...setting, report: planted }, story));
    });
    expect(() => fc.assert(ended, RUNS)).toThrow("Property failed");
  });

  test("the units of each line and the seat are settled once, by the way the order ended", () => {
    const ways = { confirmed: "sell", declined: "return", failed: "release", cancelled: "release" };
    law(({ record, effects }) => {
      const moved = effects.flatMap((effect) => {
        return effect.kind === "stock" ? [`${effect.action} ${effect.sku}`] : [];
      });
      const way = Object.entries(ways).find(([state]) => state === record.standing.state)?.[1];
      expect(moved).toEqual([`${way} AIR-42`, `${way} AIR-43`]);
      const seats = effects.flatMap((effect) => (effect.kind === "seat" ? [effect.action] : []));
      expect(seats).toEqual([way === "sell" ? "spend" : "hand_back"]);
    });
  });
});

describe("at every step", () => {
  test("stock moves only when the order ends, never while an outcome is unknown (P4)", () => {
    fc.assert(
      fc.property(settings, stories, (setting, story) => {
        live(setting, story, (world) => {
          world.onChange = (_, after, owed) => {
            const moves = owed.some(({ kind }) => kind === "stock" || kind === "seat");
            expect(moves && !isFinal(after.standing)).toBe(false);
          };
        });
      }),
      RUNS,
    );
  });

  test("a final order never changes again", () => {
    fc.assert(
      fc.property(settings, stories, stories, (setting, story, afterwards) => {
        const world = live(setting, story);
        const { record } = world;
        const owed = world.effects.length;
        for (const act of afterwards) world.act(act);
        expect(world.record).toBe(record);
        expect(world.effects).toHaveLength(owed);
      }),
      RUNS,
    );
  });

  test("a consumer that comes too early may leave: the order wakes when its wait is over", () => {
    fc.assert(
      fc.property(settings, stories, (setting, story) => {
        live(setting, story, (world) => {
          world.onLease = (outcome, { wakeAt_ms }) => {
            if (outcome.kind !== "wait" && outcome.kind !== "busy") return;
            expect(wakeAt_ms).toBeGreaterThan(world.now - 1);
            expect(wakeAt_ms).toBeLessThanOrEqual(outcome.until_ms);
          };
        });
      }),
      RUNS,
    );
  });

  test("an order that the merchant cancelled is not confirmed, and captured money is refunded", () => {
    fc.assert(
      fc.property(settings, stories, stories, (setting, story, afterwards) => {
        const world = new OrderWorld(setting);
        for (const act of story) world.act(act);
        const wasFinal = isFinal(world.record.standing);
        world.act({ kind: "cancel" });
        for (const act of afterwards) world.act(act);
        world.settle();
        const { state } = world.record.standing;
        expect(wasFinal || state !== "confirmed").toBe(true);
        const taken = [...world.provider.payments.values()].some((payment) => {
          return payment.standing === "captured";
        });
        expect(taken).toBe(state === "confirmed");
      }),
      RUNS,
    );
  });

  test("no key is used for money after the provider may have forgotten it", () => {
    fc.assert(
      fc.property(settings, stories, (setting, story) => {
        live(setting, story, (world) => {
          world.onLease = (outcome, { attemptAt_ms, paymentId }) => {
            if (outcome.kind !== "step" || paymentId === null) return;
            if (outcome.step === "lookup" || outcome.step === "book") return;
            expect(world.now - attemptAt_ms).toBeLessThanOrEqual(SAME_KEY_RETRY_MAX_MS);
          };
        });
      }),
      RUNS,
    );
  });

  test("each change of standing raises the version by one, and nothing else does", () => {
    fc.assert(
      fc.property(settings, stories, (setting, story) => {
        live(setting, story, (world) => {
          world.onChange = (before, after) => {
            const steps = before.standing === after.standing ? 0 : 1;
            expect(after.version - before.version).toBe(steps);
          };
        });
      }),
      RUNS,
    );
  });

  test("a recorded payment stays the only one of its order", () => {
    fc.assert(
      fc.property(settings, stories, (setting, story) => {
        const recorded = new Set<string>();
        const world = live(setting, story, (world) => {
          world.onChange = (_, { paymentId }) => {
            recorded.add(paymentId ?? "none");
          };
        });
        recorded.delete("none");
        expect([...recorded]).toEqual(
          world.record.paymentId === null ? [] : [world.record.paymentId],
        );
      }),
      RUNS,
    );
  });
});

describe("without faults", () => {
  test.each([
    ["good", false, false, "confirmed"],
    ["refused", false, false, "declined"],
    ["good", false, true, "failed"],
    ["good", true, false, "failed"],
    ["needs_action", false, false, "declined"],
  ] as const)(
    "card %s, capture fails %s, booking refused %s: %s",
    (card, captureFails, bookingRefused, end) => {
      const world = new OrderWorld({ card, captureFails, bookingRefused, chance: 0 });
      world.settle();
      expect(world.record.standing.state).toBe(end);
    },
  );

  test("an order whose shopper confirms at the bank is confirmed", () => {
    const world = new OrderWorld({
      card: "needs_action",
      captureFails: false,
      bookingRefused: false,
      chance: 0,
    });
    world.consume("none", "reports");
    expect(world.record.standing.state).toBe("action_required");
    world.act({ kind: "action_done", agreed: true });
    world.settle();
    expect(world.record.standing.state).toBe("confirmed");
  });
});

/**
 * Laws of discount codes, under random interleavings of orders, repeated and lost messages, and
 * crashes before and after every write: reserved and kept uses never exceed what is allowed, in
 * total and for each name of a buyer; a use comes back when its order ends unpaid; a paid order's
 * use stays. Bugs that are planted in the rules are found.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DISCOUNT_RULES,
  type DiscountRules,
} from "../../../durable-objects/discount-codes/discount-core.ts";
import { NO_CHANGE, type DiscountReads } from "../../../src/domain/discounts/uses.ts";
import { liveOrders, ORDERS, type Story } from "../support/discount-world.ts";

const limit = fc.option(fc.integer({ min: 1, max: 4 }), { freq: 4 });
const stories: fc.Arbitrary<Story> = fc.record({
  limits: fc.tuple(fc.tuple(limit, limit), fc.tuple(limit, limit)),
  orders: fc.array(
    fc.record({
      code: fc.nat({ max: 1 }),
      buyer: fc.nat({ max: 2 }),
      identity: fc.nat({ max: 2 }),
      isPaid: fc.boolean(),
    }),
    { minLength: ORDERS, maxLength: ORDERS },
  ),
  arrivals: fc.array(
    fc.record({
      order: fc.nat({ max: ORDERS - 1 }),
      message: fc.constantFrom("take" as const, "end" as const),
      crash: fc.oneof(
        { weight: 4, arbitrary: fc.constant("none" as const) },
        { weight: 1, arbitrary: fc.constantFrom("before" as const, "after" as const) },
      ),
    }),
    { minLength: 1, maxLength: 60, size: "large" },
  ),
});

test("no race, repetition or crash takes a use too many or loses one", () => {
  const laws = fc.property(stories, (story) => liveOrders(story, DISCOUNT_RULES));
  expect(() => fc.assert(laws, { numRuns: 500 })).not.toThrow();
});

/** The reads of an object that has forgotten the order. */
function forgetful(reads: DiscountReads): DiscountReads {
  return {
    code: (hash) => reads.code(hash),
    codeById: (id) => reads.codeById(id),
    codeCount: () => reads.codeCount(),
    lastNumber: () => reads.lastNumber(),
    usesOf: (code, buyer) => reads.usesOf(code, buyer),
    use: () => null,
  };
}

const { take, keep, giveBack } = DISCOUNT_RULES;

const BUGS: readonly (readonly [string, Partial<DiscountRules>])[] = [
  [
    "a repeated take counts again",
    { take: (reads, command, now) => take(forgetful(reads), command, now) },
  ],
  [
    "the last use is taken twice",
    {
      take: (reads, command, now) => {
        const generous = {
          ...forgetful(reads),
          use: (order: string) => reads.use(order),
          code: (hash: string) => {
            const code = reads.code(hash);
            return code === null ? null : { ...code, kept: code.kept - 1 };
          },
        };
        const { outcome, change } = take(generous, command, now);
        const codes = change.codes.map((code) => ({ ...code, kept: code.kept + 1 }));
        return { outcome, change: { ...change, codes } };
      },
    },
  ],
  [
    "a buyer is known by the subject only",
    { take: (reads, command, now) => take(reads, { ...command, identities: [] }, now) },
  ],
  [
    "a use that was given back before it was taken is not remembered",
    {
      giveBack: (reads, order) => {
        return reads.use(order) === null
          ? { outcome: { kind: "already_given_back" }, change: NO_CHANGE }
          : giveBack(reads, order);
      },
    },
  ],
  [
    "a use that is given back stays counted for its buyer",
    {
      giveBack: (reads, order) => {
        const { outcome, change } = giveBack(reads, order);
        return { outcome, change: { ...change, buyers: [] } };
      },
    },
  ],
  [
    "a repeated keep counts again",
    {
      keep: (reads, order) => {
        const standing = reads.use(order)?.standing;
        if (standing?.state !== "kept") return keep(reads, order);
        const reserved = { order, standing: { ...standing, state: "reserved" as const } };
        return keep({ ...forgetful(reads), use: () => reserved }, order);
      },
    },
  ],
];

describe("a planted bug is found", () => {
  test.each(BUGS)("%s", (_, bug) => {
    const rules = { ...DISCOUNT_RULES, ...bug };
    const { failed } = fc.check(
      fc.property(stories, (story) => liveOrders(story, rules)),
      { numRuns: 1000, seed: 1, endOnFailure: true },
    );
    expect(failed).toBe(true);
  });
});

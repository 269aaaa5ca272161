/**
 * The commands of one sale's codes: their outcomes, in the order of their precedence.
 */
import { beforeEach, describe, expect, test } from "vitest";
import {
  DISCOUNT_RULES,
  DiscountCodesCore,
} from "../../../durable-objects/discount-codes/discount-core.ts";
import { DiscountMemory } from "../../../simulation/memory/discount-memory.ts";
import {
  discountRuleSchema,
  hintOf,
  normalizedCode,
  type DiscountRule,
} from "../../../src/domain/discounts/rule.ts";
import { DISCOUNT_CODES_PER_SALE_MAX } from "../../../src/domain/limits.ts";

const TEN_PERCENT = { discount: { kind: "percent", basisPoints: 1000 } } as const;
const ANN = { subject: "ann", identities: ["mail-of-ann"], lane: "general" };

function ruleWith(change: Partial<DiscountRule> = {}): DiscountRule {
  return discountRuleSchema.parse({ ...TEN_PERCENT, ...change });
}

let memory: DiscountMemory;
let now: number;
let core: DiscountCodesCore;

beforeEach(() => {
  memory = new DiscountMemory();
  now = 1000;
  core = new DiscountCodesCore({
    store: memory.store((apply) => apply()),
    now: () => now,
    randomKey: () => "5a".repeat(32),
    rules: DISCOUNT_RULES,
  });
});

function put(change: Partial<DiscountRule> = {}, code = "FRIENDS-10"): string {
  core.put([{ code, rule: ruleWith(change) }]);
  return core.find(code)?.hash ?? "";
}

function take(order: string, code: string, who: object = {}, revision: number | null = null) {
  return core.take({ ...ANN, order, code, revision, ...who });
}

describe("a code", () => {
  test.each([
    ["summer-24", "SUMMER-24"],
    ["  Abc_1 ", "ABC_1"],
    ["abc", null],
    ["x".repeat(41), null],
    ["two words", null],
    ["stra\u00dfe", null],
    ["off\u0131ce", null],
    ["", null],
  ])("%j is compared as %j", (typed, code) => {
    expect(normalizedCode(typed)).toBe(code);
  });

  test("is stored as a hash with a hint, nowhere in plain text", () => {
    put({}, "SUMMER-SECRET");
    const stored = JSON.stringify([...memory.byId.values()]);
    expect(stored).toContain("SU…T");
    expect(stored).not.toMatch(/SUMMER|SECRET/);
    expect([hintOf("ABCDEFGH"), hintOf("ABCDEFG"), hintOf("ABCD")]).toEqual(["AB…H", "A…", "A…"]);
  });
});

describe("looking at a code", () => {
  const look = (who: object = {}, code = "FRIENDS-10") => core.look({ ...ANN, code, ...who });

  test("gives its rule and counts nothing", () => {
    const hash = put({ uses: 1 });
    for (let times = 0; times < 3; times += 1) {
      expect(look()).toMatchObject({ kind: "good", taken: { hash, hint: "FR…0" } });
    }
    expect(core.find("FRIENDS-10")).toMatchObject({ reserved: 0, kept: 0 });
  });

  test("says why it takes nothing off, the first reason that applies", () => {
    expect(look()).toEqual({ kind: "refused", reason: "unknown" });
    const rule = { from_ms: 2000, to_ms: 3000, shopper: "customer-1", lane: "members" };
    const hash = put({ ...rule, uses: 1, usesPerBuyer: 1 });
    expect(look({}, "FRIENDS-11")).toEqual({ kind: "refused", reason: "unknown" });
    expect(look()).toEqual({ kind: "refused", reason: "not_started" });
    now = 3000;
    expect(look()).toEqual({ kind: "refused", reason: "over" });
    now = 2999;
    expect(look()).toEqual({ kind: "refused", reason: "wrong_shopper" });
    const cid = { subject: "pass:customer-1" };
    expect(look(cid)).toEqual({ kind: "refused", reason: "wrong_lane" });
    const member = { ...cid, lane: "members" };
    expect(look(member)).toMatchObject({ kind: "good" });
    expect(take("order-1", hash, member).kind).toBe("taken");
    expect(look(member)).toEqual({ kind: "refused", reason: "used_by_you" });
    put({ ...rule, uses: 1, usesPerBuyer: 2 });
    expect(look(member)).toEqual({ kind: "refused", reason: "used_up" });
    core.enable(1, false);
    now = 0;
    expect(look()).toEqual({ kind: "refused", reason: "over" });
  });
});

describe("taking a use", () => {
  test("counts once for its order, which keeps the rule that it took", () => {
    const hash = put({ uses: 2 });
    const first = take("order-1", hash);
    expect(first).toMatchObject({ kind: "taken", taken: { revision: 1 } });
    put({ uses: 2, discount: { kind: "amount", amount: 500 } });
    expect(take("order-1", hash)).toMatchObject({
      kind: "already_taken",
      taken: { revision: 1, rule: TEN_PERCENT },
    });
    expect(core.find("FRIENDS-10")).toMatchObject({ reserved: 1, kept: 0, revision: 2 });
  });

  test("is refused when the code takes off something else than was quoted", () => {
    const hash = put({ uses: 2 });
    put({ uses: 3, to_ms: 9000 });
    expect(take("order-1", hash, {}, 1).kind).toBe("taken");
    put({ discount: { kind: "amount", amount: 500 } });
    expect(take("order-2", hash, {}, 1)).toEqual({ kind: "refused", reason: "changed" });
    expect(core.find("FRIENDS-10")).toMatchObject({ reserved: 1 });
  });

  test("of another code by the same order is a conflict", () => {
    const one = put();
    const other = put({}, "SECOND-20");
    take("order-1", one);
    expect(take("order-1", other)).toMatchObject({ kind: "conflict", taken: { hash: one } });
    expect(core.find("SECOND-20")).toMatchObject({ reserved: 0 });
  });

  test("of a buyer counts by subject and by each identity", () => {
    const hash = put({ usesPerBuyer: 1 });
    expect(take("order-1", hash).kind).toBe("taken");
    const byMail = { subject: "ann-again", identities: ["mail-of-ann"] };
    expect(take("order-2", hash, byMail)).toEqual({ kind: "refused", reason: "used_by_you" });
    const bySubject = { identities: ["another-mail"] };
    expect(take("order-3", hash, bySubject)).toEqual({ kind: "refused", reason: "used_by_you" });
    expect(take("order-4", hash, { subject: "bob", identities: [] }).kind).toBe("taken");
    core.giveBack("order-1");
    expect(take("order-2", hash, byMail).kind).toBe("taken");
  });
});

describe("the end of an order", () => {
  test("keeps its use for good, or gives it back", () => {
    const hash = put({ uses: 2 });
    take("order-1", hash);
    take("order-2", hash, { subject: "bob", identities: [] });
    expect(core.keep("order-1")).toEqual({ kind: "kept" });
    expect(core.keep("order-1")).toEqual({ kind: "already_kept" });
    expect(core.giveBack("order-1")).toEqual({ kind: "conflict", state: "kept" });
    expect(core.giveBack("order-2")).toEqual({ kind: "given_back" });
    expect(core.giveBack("order-2")).toEqual({ kind: "already_given_back" });
    expect(core.keep("order-2")).toEqual({ kind: "conflict", state: "given_back" });
    expect(core.keep("order-3")).toEqual({ kind: "conflict", state: "unknown" });
    expect(core.find("FRIENDS-10")).toMatchObject({ reserved: 0, kept: 1 });
  });

  test("that comes before its beginning leaves nothing to take", () => {
    const hash = put({ uses: 1 });
    expect(core.giveBack("order-1")).toEqual({ kind: "already_given_back" });
    expect(take("order-1", hash)).toEqual({ kind: "refused", reason: "given_back" });
    expect(core.find("FRIENDS-10")).toMatchObject({ reserved: 0 });
  });
});

describe("a merchant's change", () => {
  test("adds, changes and repeats codes, all or none, and uses stay counted", () => {
    const named = (code: string, uses: number) => ({ code, rule: ruleWith({ uses }) });
    expect(core.put([named("ONE-1", 5), named("TWO-2", 5)])).toMatchObject({ created: 2 });
    take("order-1", core.find("ONE-1")?.hash ?? "");
    expect(core.put([named("ONE-1", 1), named("TWO-2", 5), named("THREE-3", 5)])).toEqual({
      kind: "put",
      created: 1,
      changed: 1,
      unchanged: 1,
    });
    expect(core.find("ONE-1")).toMatchObject({ reserved: 1, rule: { uses: 1 } });
    expect(core.list(0, 10).map(({ hint }) => hint)).toEqual(["O…", "T…", "T…"]);
  });

  test("removes only a code without uses, and a code that comes again has a new revision", () => {
    const hash = put();
    take("order-1", hash);
    expect(core.remove(1)).toEqual({ kind: "used", reserved: 1, kept: 0 });
    core.giveBack("order-1");
    expect(core.remove(1)).toEqual({ kind: "removed" });
    expect(core.remove(1)).toEqual({ kind: "unknown" });
    expect(put()).toBe(hash);
    expect(core.find("FRIENDS-10")).toMatchObject({ id: 2, revision: 2 });
    expect(take("order-2", hash, {}, 1)).toEqual({ kind: "refused", reason: "changed" });
  });

  test("disables a code for new orders only, and importing it again does not enable it", () => {
    const hash = put();
    take("order-1", hash);
    expect(core.enable(1, false)).toMatchObject({ enabled: false });
    put({ uses: 7 });
    expect(take("order-2", hash)).toEqual({ kind: "refused", reason: "over" });
    expect(core.keep("order-1")).toEqual({ kind: "kept" });
    core.enable(1, true);
    expect(take("order-2", hash).kind).toBe("taken");
  });

  test("adds no code past the limit of a sale", () => {
    const rule = ruleWith();
    const named = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => ({ code: `CODE-${from + index}`, rule }));
    expect(core.put(named(0, DISCOUNT_CODES_PER_SALE_MAX)).kind).toBe("put");
    expect(core.put(named(0, 10))).toMatchObject({ kind: "put", unchanged: 10 });
    expect(core.put(named(DISCOUNT_CODES_PER_SALE_MAX - 1, 2))).toEqual({
      kind: "too_many_codes",
      limit: DISCOUNT_CODES_PER_SALE_MAX,
    });
    expect(memory.byId.size).toBe(DISCOUNT_CODES_PER_SALE_MAX);
  });
});

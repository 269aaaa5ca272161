/**
 * DiscountCodes on the real platform: concurrency, evictions, thousands of codes, and what is
 * stored.
 */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { discountRuleSchema } from "../../src/domain/discounts/rule.ts";
import { DISCOUNT_IMPORT_ROWS_MAX } from "../../src/domain/limits.ts";
import { discountCodesOf } from "../../src/platform/objects.ts";

const TEN_PERCENT = { kind: "percent", basisPoints: 1000 } as const;
let sales = 0;

function newSale() {
  sales += 1;
  // A name that no other file uses: its object is new, whatever ran in this runtime before.
  return discountCodesOf(env, `discounts-${sales}`);
}

function named(code: string, change: object = {}) {
  return { code, rule: discountRuleSchema.parse({ discount: TEN_PERCENT, ...change }) };
}

function buyer(name: string) {
  return { subject: name, identities: [`mail-of-${name}`], lane: "general" };
}

describe("the last uses of a code", () => {
  test("go to as many of a hundred orders at once", async () => {
    const stub = newSale();
    await stub.put([named("FRIENDS-10", { uses: 7 })]);
    const code = (await stub.find("FRIENDS-10"))?.hash ?? "";
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        return stub.take({ ...buyer(`b${index}`), order: `order-${index}`, code, revision: null });
      }),
    );
    expect(outcomes.filter(({ kind }) => kind === "taken")).toHaveLength(7);
    expect(await stub.find("FRIENDS-10")).toMatchObject({ reserved: 7, kept: 0 });
  });

  test("survive an eviction, counted for order and buyer", async () => {
    const stub = newSale();
    await stub.put([named("FRIENDS-10", { uses: 2, usesPerBuyer: 1 })]);
    const code = (await stub.find("FRIENDS-10"))?.hash ?? "";
    const first = { ...buyer("ann"), order: "order-1", code, revision: 1 };
    expect(await stub.take(first)).toMatchObject({ kind: "taken", taken: { hash: code } });
    await stub.giveBack("order-9");
    await evictDurableObject(stub);
    expect(await stub.take(first)).toMatchObject({ kind: "already_taken", taken: { hash: code } });
    expect(await stub.take({ ...first, order: "order-2" })).toEqual({
      kind: "refused",
      reason: "used_by_you",
    });
    const late = { ...buyer("bob"), order: "order-9", code, revision: null };
    expect(await stub.take(late)).toEqual({ kind: "refused", reason: "given_back" });
    expect(await stub.keep("order-1")).toEqual({ kind: "kept" });
    await evictDurableObject(stub);
    expect(await stub.giveBack("order-1")).toEqual({ kind: "conflict", state: "kept" });
    expect(await stub.find("FRIENDS-10")).toMatchObject({ reserved: 0, kept: 1 });
  });
});

describe("the codes of a sale", () => {
  test("are stored hashed with a key of this sale alone", async () => {
    const [one, other] = [newSale(), newSale()];
    await one.put([named("SUMMER-SECRET")]);
    await other.put([named("SUMMER-SECRET")]);
    const hashes = [await one.find("SUMMER-SECRET"), await other.find("SUMMER-SECRET")];
    expect(new Set(hashes.map((code) => code?.hash)).size).toBe(2);
    const stored = await runInDurableObject(one, (_, state) => {
      return JSON.stringify(state.storage.sql.exec("SELECT * FROM codes").toArray());
    });
    expect(stored).toContain("SU…T");
    expect(stored).not.toMatch(/SUMMER|SECRET/);
  });

  test("may be imported by the thousand, repeated, and read page by page", async () => {
    const stub = newSale();
    const codes = Array.from({ length: DISCOUNT_IMPORT_ROWS_MAX }, (_, index) => {
      return named(`CODE-${index}`, { uses: 1 });
    });
    const count = DISCOUNT_IMPORT_ROWS_MAX;
    expect(await stub.put(codes)).toEqual({
      kind: "put",
      created: count,
      changed: 0,
      unchanged: 0,
    });
    expect(await stub.put(codes)).toEqual({
      kind: "put",
      created: 0,
      changed: 0,
      unchanged: count,
    });
    const page = await stub.list(count - 3, 1000);
    expect(page.map(({ id }) => id)).toEqual([count - 2, count - 1, count]);
  });

  test("are not created by looking, and a key is made with the first code only", async () => {
    const stub = newSale();
    const looked = await stub.look({ ...buyer("ann"), code: "NONE-10" });
    expect(looked).toEqual({ kind: "refused", reason: "unknown" });
    const rows = await runInDurableObject(stub, (_, state) => {
      return state.storage.sql.exec("SELECT * FROM settings").toArray();
    });
    expect(rows).toEqual([]);
  });
});

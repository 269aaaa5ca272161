/**
 * Which of the gate's cookies a browser need not keep.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OWN_COOKIES_LENGTH_MAX } from "../../../src/domain/limits.ts";
import { cookie, cookiePairs } from "../../../src/web/cookies.ts";
import { OldCookies } from "../../../src/web/old-cookies.ts";

const NOW = Date.parse("2026-11-27T10:00:00Z");
const MINUTE_MS = 60_000;

function tokenOf(issued_min: number, length = 400): string {
  const iat = (NOW + issued_min * MINUTE_MS) / 1000;
  const claims = JSON.stringify({ iat, exp: iat + 15 * 60, x: "x".repeat(length) });
  return `e30.${Buffer.from(claims).toString("base64url")}.c2ln`;
}

const pair = (name: string, value: string): string => `__Host-sluice-${name}=${value}`;
const given = (name: string): string => cookie(`sluice-${name}`, tokenOf(0), { maxAge_s: 600 });

function endedOf(pairs: readonly string[], over: readonly string[] = []): readonly string[] {
  const old = new OldCookies(pairs.join("; "), [given("ticket-now")]);
  return old.ended((sale) => over.includes(sale), NOW);
}

describe("of a sale that is over", () => {
  const cookies = ["ticket", "join", "pass", "code", "reminder", "queue-it"].map((kind) => {
    return pair(`${kind}-gone`, tokenOf(-60));
  });

  test("all are ended, and none of another sale, of the device or of the shop", () => {
    const others = [pair("ticket-on", tokenOf(-60)), pair("device", "d"), "theme=dark"];
    expect(endedOf([...others, ...cookies], ["gone"])).toEqual(
      ["ticket", "join", "pass", "code", "reminder", "queue-it"].map((kind) => {
        return `sluice-${kind}-gone`;
      }),
    );
    expect(endedOf([...others, ...cookies])).toEqual([]);
  });

  test("an admission is kept until an order with it can no longer be sent again", () => {
    const admission = (issued_min: number) => [pair("admission-gone", tokenOf(issued_min))];
    expect(endedOf(admission(-5), ["gone"])).toEqual([]);
    expect(endedOf(admission(-24), ["gone"])).toEqual([]);
    expect(endedOf(admission(-25), ["gone"])).toEqual(["sluice-admission-gone"]);
    expect(endedOf([pair("admission-gone", "rubbish")], ["gone"])).toHaveLength(1);
  });

  test("what this answer gives is not ended by it", () => {
    const old = new OldCookies(pair("ticket-now", "t"), [given("ticket-now")]);
    expect(old.sales).toEqual([]);
    expect(old.ended(() => true, NOW)).toEqual([]);
  });
});

describe("past the bound", () => {
  const ofSale = (at: number, kinds: readonly string[]) => {
    return kinds.map((kind) => pair(`${kind}-s${at}`, tokenOf(-at, 300)));
  };

  test("twelve sales that are on are cut to the bound, the oldest first", () => {
    const sales = Array.from({ length: 12 }, (_, at) => ofSale(at, ["ticket", "join"]));
    const ended = endedOf(sales.flat());
    const places = ended.filter((name) => name.startsWith("sluice-ticket"));
    expect(places.length).toBeGreaterThan(0);
    expect(places).toEqual(
      Array.from({ length: places.length }, (_, at) => `sluice-ticket-s${11 - at}`),
    );
  });

  test("first goes what is no place, then what lies beside a seat, and seats last", () => {
    const sales = [
      ...Array.from({ length: 4 }, (_, at) => ofSale(at, ["join", "code"])),
      ...Array.from({ length: 4 }, (_, at) => ofSale(at + 4, ["ticket", "admission"])),
      ...Array.from({ length: 4 }, (_, at) => ofSale(at + 20, ["ticket"])),
    ];
    const kinds = endedOf(sales.flat()).map((name) => name.replace("sluice-", ""));
    expect(kinds.slice(0, 8).every((name) => /^(join|code)/.test(name))).toBe(true);
    expect(kinds.some((name) => name.startsWith("admission"))).toBe(false);
  });

  test("whatever a browser sends, the rest fits and what is current stays", () => {
    const kind = fc.constantFrom("ticket", "admission", "join", "pass", "code", "queue-it");
    const one = fc
      .tuple(kind, fc.integer({ min: 0, max: 40 }), fc.integer({ min: -99, max: 9 }))
      .map(([name, sale, at]) => pair(`${name}-s${sale}`, tokenOf(at, 10 * Math.abs(at))));
    const odd = fc.constantFrom("theme=dark", pair("ticket-now", "t"), pair("ticket-", "x"), "");
    const pairs = fc.array(fc.oneof({ arbitrary: one, weight: 9 }, odd), { maxLength: 60 });
    fc.assert(
      fc.property(pairs, (sent) => {
        const header = sent.join("; ");
        const old = new OldCookies(header, [given("ticket-now")]);
        const ended = new Set(old.ended((sale) => sale.endsWith("1"), NOW));
        expect(ended.has("sluice-ticket-now")).toBe(false);
        const left = cookiePairs(header).filter(({ name }) => {
          const own = name.replace("__Host-", "");
          return /^sluice-.+-s\d+$/.test(own) && !ended.has(own);
        });
        const length = left.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
        expect(length).toBeLessThanOrEqual(OWN_COOKIES_LENGTH_MAX);
      }),
      { numRuns: 100 },
    );
  });
});

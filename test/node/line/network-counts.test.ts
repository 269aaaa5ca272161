/**
 * Places by network: no network and no block takes more than its limit, in one size of memory, and
 * next to nobody is refused for the places of others.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  NetworkCounts,
  placesPeriod,
  withinNetworkLimit,
  type CountChunk,
  type NetworkRule,
} from "../../../src/domain/line/network-counts.ts";
import {
  JOINS_PER_BOOTH_PER_SECOND,
  NETWORK_CELLS_PER_ROW,
  NETWORK_PLACES_MAX,
  NETWORK_PLACES_PERIOD_MS,
  NETWORKS_PER_BLOCK,
} from "../../../src/domain/limits.ts";
import { networkBlockOf, networkOf } from "../../../src/domain/network.ts";

const SALT = new Uint8Array(16).fill(7);
const RULE: NetworkRule = { limit: 3, startsAt_ms: 0 };

function from(address: string) {
  return { network: networkOf(address), block: networkBlockOf(address) };
}

function taken(counts: NetworkCounts, addresses: readonly string[], rule = RULE, now = 0): number {
  return addresses.filter((address) => counts.take(from(address), rule, now)).length;
}

describe("a network", () => {
  test("of a whole /64, or written in many ways, takes its limit", () => {
    const counts = new NetworkCounts(SALT);
    const many = Array.from({ length: 400 }, (_, host) => `2001:db8:1:2::${host.toString(16)}`);
    expect(taken(counts, many)).toBe(3);
    expect(taken(counts, ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207", "192.0.2.7"])).toBe(
      3,
    );
    expect(taken(counts, ["192.0.2.8"])).toBe(1);
  });

  test("of a block takes no more than the block has", () => {
    const counts = new NetworkCounts(SALT);
    const six = Array.from({ length: 1500 }, (_, net) => `2001:db8:1:${net.toString(16)}::1`);
    const four = Array.from({ length: 250 }, (_, host) => `198.51.100.${host}`);
    for (const addresses of [six, four]) {
      expect(taken(counts, addresses)).toBe(RULE.limit * NETWORKS_PER_BLOCK);
    }
  });

  test("never takes more than its limit, with any others, over any evictions", () => {
    const address = fc.tuple(fc.nat(3), fc.nat(7)).map(([net, host]) => `10.0.${net}.${host}`);
    const limit = fc.integer({ min: 2, max: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(address, fc.boolean())), limit, (joins, most) => {
        const stored = new Map<number, CountChunk>();
        let counts = new NetworkCounts(SALT);
        const given = new Map<string, number>();
        for (const [join, isEvicted] of joins) {
          if (isEvicted) {
            for (const chunk of counts.changed()) stored.set(chunk.chunk, chunk);
            counts = new NetworkCounts(SALT, [...stored.values()]);
          }
          if (!counts.take(from(join), { limit: most, startsAt_ms: 0 }, 0)) continue;
          for (const name of [networkOf(join), networkBlockOf(join)]) {
            given.set(name, (given.get(name) ?? 0) + 1);
          }
        }
        for (const [name, places] of given) {
          const isBlock = name.split(".").length === 3;
          expect(places).toBeLessThanOrEqual(isBlock ? most * NETWORKS_PER_BLOCK : most);
        }
      }),
      { numRuns: 20 },
    );
  });
});

test("of 5,000 networks that come once, as many as a booth is planned for, none is refused", () => {
  const counts = new NetworkCounts(SALT);
  const shoppers = 10 * JOINS_PER_BOOTH_PER_SECOND;
  const rule = { limit: 2, startsAt_ms: 0 };
  const addresses = Array.from(
    { length: shoppers },
    (_, n) => `10.${n % 200}.${n >> 8}.${n % 251}`,
  );
  expect(new Set(addresses).size).toBe(shoppers);
  expect(taken(counts, addresses, rule)).toBe(shoppers);
  // And next to nobody is a second time.
  expect(taken(counts, addresses, rule)).toBeGreaterThan(shoppers * 0.98);
  expect(taken(counts, addresses, rule)).toBe(0);
});

test("the counts have one size, whoever comes; they hold the largest limit", () => {
  const bytes = 4 * NETWORK_CELLS_PER_ROW * 2;
  expect(bytes).toBe(256 * 1024);
  expect(NETWORK_PLACES_MAX * NETWORKS_PER_BLOCK).toBeLessThan(2 ** 16);
  const counts = new NetworkCounts(SALT);
  for (let n = 0; n < 3000; n += 1) counts.take(from(`10.9.${n >> 8}.${n % 256}`), RULE, 0);
  const chunks = counts.changed();
  const stored = chunks.reduce((sum, { cells }) => sum + cells.byteLength, 0);
  expect(stored).toBeLessThanOrEqual(bytes);
  expect(counts.changed()).toEqual([]);
});

describe("a period", () => {
  const HOUR = NETWORK_PLACES_PERIOD_MS;

  test("is the whole prequeue, and after the start each hour", () => {
    const rule = { limit: 3, startsAt_ms: 10 * HOUR };
    expect(placesPeriod(rule, 0)).toBe(placesPeriod(rule, 10 * HOUR - 1));
    const periods = [10 * HOUR, 11 * HOUR - 1, 11 * HOUR].map((now) => placesPeriod(rule, now));
    expect(periods).toEqual([1, 1, 2]);
  });

  test("gives each network its places again; one that has begun stays", () => {
    const counts = new NetworkCounts(SALT);
    const many = Array.from({ length: 9 }, () => "192.0.2.1");
    expect(taken(counts, many, RULE, 0)).toBe(3);
    expect(taken(counts, many, RULE, HOUR)).toBe(3);
    // The start was moved, or the clock went back.
    expect(taken(counts, many, { ...RULE, startsAt_ms: 5 * HOUR }, HOUR)).toBe(0);
    const again = new NetworkCounts(SALT, counts.changed());
    expect(taken(again, many, RULE, HOUR)).toBe(0);
    expect(taken(again, many, RULE, 2 * HOUR)).toBe(3);
  });
});

test("a batch counts each subject once, and none that has a place", () => {
  const seen: string[] = [];
  const join = (subject: string) => ({ subject, ...from("192.0.2.1") });
  const granted = withinNetworkLimit(
    [join("ann"), join("bob"), join("ann"), join("cid"), join("dan")],
    (subject) => subject === "cid",
    ({ subject }) => {
      seen.push(subject);
      return subject !== "bob";
    },
  );
  expect(granted).toEqual(["ann", "ann", "cid", "dan"]);
  expect(seen).toEqual(["ann", "bob", "dan"]);
});

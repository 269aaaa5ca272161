/**
 * TicketBooth on the real platform: a place is given once, whatever is evicted, and the count of a
 * closed cohort never changes.
 */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { BOOTH_BLOCK_PLACES, PLACES_PER_JOIN_MAX } from "../../src/domain/limits.ts";
import { pass, startClock } from "./support/clock.ts";

beforeEach(startClock);

function booth(name: string) {
  return env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(name));
}

async function joinAll(name: string, shoppers: number): Promise<string[]> {
  const places = await Promise.all(Array.from({ length: shoppers }, () => booth(name).join(null)));
  return places.map(({ cohort, index }) => `${cohort}/${index}`);
}

test("a thousand shoppers at once, with evictions between, get a thousand different places", async () => {
  const places: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    places.push(...(await joinAll("unique", 200)));
    await evictDurableObject(booth("unique"));
  }
  expect(new Set(places).size).toBe(1000);
});

test("places taken together and one by one are all different, with evictions between", async () => {
  const places: string[] = [];
  for (const together of [3, 1, PLACES_PER_JOIN_MAX, PLACES_PER_JOIN_MAX, 8, 1]) {
    const { cohort, index } = await booth("together").join(null, together);
    for (let nth = 0; nth < together; nth += 1) places.push(`${cohort}/${index + nth}`);
    if (together === 1) await evictDurableObject(booth("together"));
  }
  expect(new Set(places).size).toBe(places.length);
  const closed = await booth("together").close(0, false);
  const last = Math.max(...places.map((place) => Number(place.split("/")[1])));
  expect(closed.kind === "closed" && closed.count > last).toBe(true);
});

test("an eviction skips at most a block of places", async () => {
  await joinAll("skips", 3);
  await evictDurableObject(booth("skips"));
  expect(await joinAll("skips", 1)).toEqual([`0/${BOOTH_BLOCK_PLACES}`]);
});

test("a booth that falls asleep after its alarm skips no place, and repeats none", async () => {
  const places: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    places.push(...(await joinAll("sleeps", 2)));
    expect(await runDurableObjectAlarm(booth("sleeps"))).toBe(true);
    await evictDurableObject(booth("sleeps"));
  }
  expect(places).toEqual(["0/0", "0/1", "0/2", "0/3", "0/4", "0/5"]);
  expect(await booth("sleeps").close(0, false)).toEqual({ kind: "closed", count: 6 });
});

test("a closed cohort's count stays the same, asked again, evicted, or after later joins", async () => {
  const closed = { kind: "closed", count: 4 };
  await joinAll("stable", 4);
  expect(await booth("stable").close(0, false)).toEqual(closed);
  expect(await joinAll("stable", 2)).toEqual(["1/0", "1/1"]);
  expect(await booth("stable").close(0, false)).toEqual(closed);
  await evictDurableObject(booth("stable"));
  expect(await booth("stable").close(0, true)).toEqual(closed);
  expect(await joinAll("stable", 1)).toEqual([`1/${BOOTH_BLOCK_PLACES}`]);
});

test("a cohort that nobody joined stays open, unless another booth had arrivals", async () => {
  expect(await booth("quiet").close(0, false)).toEqual({ kind: "empty" });
  expect(await joinAll("quiet", 1)).toEqual(["0/0"]);
  expect(await booth("empty").close(0, true)).toEqual({ kind: "closed", count: 0 });
  expect(await joinAll("empty", 1)).toEqual(["1/0"]);
});

test("who comes at the start or later is not in the draw, even before the room has closed it", async () => {
  const drawClosesAt_ms = Date.now() + 1000;
  expect(await booth("draw").join(drawClosesAt_ms)).toEqual({ cohort: 0, index: 0 });
  pass(1000);
  expect(await booth("draw").join(drawClosesAt_ms)).toEqual({ cohort: 1, index: 0 });
  await evictDurableObject(booth("draw"));
  expect(await booth("draw").close(0, false)).toEqual({ kind: "closed", count: 1 });
});

test("the places of a network are counted over evictions, and a repeated join counts once", async () => {
  const rule = { limit: 3, startsAt_ms: Date.now() + 60_000 };
  let joined = 0;
  const join = async (network: string, subjects = 1): Promise<number> => {
    const joins = Array.from({ length: subjects }, () => {
      joined += 1;
      return { subject: `sub_${joined}`, network, block: "2001:db8:1" };
    });
    const places = await booth("networks").joinFrom(null, rule, joins);
    return places.filter((place) => place !== "network_full").length;
  };
  expect(await join("2001:db8:1:2", 2)).toBe(2);
  expect(await runDurableObjectAlarm(booth("networks"))).toBe(true);
  await evictDurableObject(booth("networks"));
  expect(await join("2001:db8:1:2", PLACES_PER_JOIN_MAX)).toBe(1);
  const first = { subject: "again", network: "2001:db8:1:9", block: "2001:db8:1" };
  const [place] = await booth("networks").joinFrom(null, rule, [first]);
  const again = await booth("networks").joinFrom(null, rule, [first, first]);
  expect(again.map((each) => each !== "network_full" && each.again)).toEqual([true, true]);
  expect(again[0]).toMatchObject(typeof place === "object" ? { index: place.index } : {});
  expect(await join("2001:db8:1:9", 5)).toBe(2);
  // After the start each hour gives them again.
  pass(60_000);
  expect(await join("2001:db8:1:2", 5)).toBe(3);
});

/**
 * The instant of the start, with the real booth and room: whoever comes the moment before is in
 * the draw, whoever comes at it is not, and nobody is in both or in neither.
 */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { rankOf } from "../../src/domain/line/cohort.ts";
import gate from "../../src/gate.ts";
import { startClock } from "./support/clock.ts";
import { instant, openSale, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(startClock);
afterEach(() => vi.restoreAllMocks());

const claims = z.object({
  lane: z.string(),
  cohort: z.int(),
  shard: z.int(),
  index: z.int(),
});

async function join(sale: string): Promise<z.infer<typeof claims>> {
  const request = new Request(`https://shop.example/_sluice/v1/sales/${sale}/tickets`, {
    method: "POST",
  });
  const answer = await gate.fetch(request, env, createExecutionContext());
  expect(answer.status).toBe(201);
  const { ticket } = z.object({ ticket: z.string() }).parse(await answer.json());
  const payload = (ticket.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return claims.parse(JSON.parse(atob(payload)));
}

/** Cohorts of those before the start and of those at it. Here nobody's second is over yet. */
const LOTTERY = [
  [0, 0],
  [1, 1],
];
const FIRST_COME = [
  [0, 0],
  [0, 0],
];

function isEvery(seen: ReadonlySet<number | null>, ranks: readonly number[]): boolean {
  return seen.size === ranks.length && ranks.every((rank) => seen.has(rank));
}

test.each(["lottery", "fifo"] as const)("%s: each arrival is on one side of it", async (method) => {
  const start_ms = Date.now() + 60_000;
  const items = [{ sku: `START-${method}`, stock: 5 }];
  const startsAt = instant(start_ms);
  const sale = await openSale(
    saleDocument(items, { startsAt, expectedShoppers: 100, admission: { method } }),
  );
  const tick = async (at_ms: number): Promise<void> => {
    vi.setSystemTime(at_ms);
    await runDurableObjectAlarm(roomOf(sale.id));
  };
  vi.setSystemTime(start_ms - 1);
  const before = [await join(sale.id), await join(sale.id)];
  vi.setSystemTime(start_ms);
  const after = [await join(sale.id), await join(sale.id)];
  const cohorts = [before, after].map((side) => side.map(({ cohort }) => cohort));
  expect(cohorts).toEqual(method === "lottery" ? LOTTERY : FIRST_COME);
  for (let second = 1; second <= 3; second += 1) await tick(start_ms + second * 1000);
  const all = [...before, ...after];
  const ranks = await Promise.all(
    all.map(async (place) => {
      const manifest = await roomOf(sale.id).manifest(place.lane, place.cohort);
      if (manifest === null) throw new Error(`cohort ${place.cohort} is not closed`);
      const ranked = rankOf(place, manifest);
      return ranked.kind === "ranked" ? ranked.rank : null;
    }),
  );
  expect(new Set(ranks)).toEqual(new Set([0, 1, 2, 3]));
  const drawn = new Set(ranks.slice(0, 2));
  expect(method === "fifo" || isEvery(drawn, [0, 1])).toBe(true);
});

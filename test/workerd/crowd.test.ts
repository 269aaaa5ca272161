/**
 * The line with a real crowd on the real platform: twenty thousand shoppers through the gate into
 * eight booths, while a booth and the room are evicted. The draw is checked with the drill's own
 * writing of the algorithm, which shares no line with the one that runs the sale.
 */
import { createExecutionContext, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { CohortDraw, commitmentTo, seedFrom } from "../../simulation/drill/fairness.ts";
import type { CohortManifest } from "../../src/domain/line/cohort.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { instant, openSale, roomOf, saleDocument } from "./support/shop.ts";

const SHOPPERS = 20_000;
const BOOTHS = 8;
const AT_ONCE = 100;
const CLAIM_WINDOW_S = 10;

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(`https://shop.example/_sluice/v1/sales/${path}`, init);
  return gate.fetch(request, env, createExecutionContext());
}

const joined = z.object({ ticket: z.string() });
const claims = z.object({ cohort: z.int(), shard: z.int(), index: z.int() });
type Place = z.infer<typeof claims>;

function placeOf(ticket: string): Place {
  const payload = ticket.split(".")[1] ?? "";
  return claims.parse(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))));
}

/** Everybody joins, a hundred at a time; `between` is done when half of them have. */
async function joinAll(sale: Sale, between: () => Promise<void>): Promise<string[]> {
  const tickets: string[] = [];
  for (let come = 0; come < SHOPPERS; come += AT_ONCE) {
    if (come === SHOPPERS / 2) await between();
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => ask(`${sale.id}/tickets`, { method: "POST" })),
    );
    for (const answer of answers) tickets.push(joined.parse(await answer.json()).ticket);
  }
  return tickets;
}

async function tick(sale: Sale): Promise<void> {
  pass(1000);
  expect(await runDurableObjectAlarm(roomOf(sale.id))).toBe(true);
}

/** Ranks of all places, by the drill's writing of the draw. */
function ranksOf(manifest: CohortManifest, places: readonly Place[]): number[] {
  const { base, counts, seed } = manifest;
  const size = counts.reduce((sum, count) => sum + count, 0);
  const draw = new CohortDraw(size, Buffer.from(seed, "hex"));
  return places.map(({ shard, index }) => {
    expect(index).toBeLessThan(counts[shard] ?? 0);
    const before = counts.slice(0, shard).reduce((sum, count) => sum + count, 0);
    return base + draw.shuffledIndex(before + index);
  });
}

const standing = z.object({ state: z.string(), rank: z.int().nullable() });

async function standingOf(sale: Sale, ticket: string): Promise<z.infer<typeof standing>> {
  const headers = { "Sluice-Ticket": ticket };
  return standing.parse(await (await ask(`${sale.id}/status`, { headers })).json());
}

/** The location's cache keeps a snapshot for a second of the platform's own time. */
async function expectState(sale: Sale, ticket: string, state: string): Promise<void> {
  await vi.waitFor(
    async () => {
      pass(1000);
      expect((await standingOf(sale, ticket)).state).toBe(state);
    },
    { timeout: 5000, interval: 100 },
  );
}

test(
  "twenty thousand keep distinct places through evictions, and all are called, lapse or are told",
  {
    timeout: 180_000,
  },
  async () => {
    const start = Date.now() + 3_600_000;
    const sale = await openSale(
      saleDocument([{ sku: "CROWD-1", stock: SHOPPERS }], {
        startsAt: instant(start),
        endsAt: instant(start + 3_600_000),
        expectedShoppers: BOOTHS * 5000,
        fairness: { revealAfterSeconds: 0 },
        admission: {
          ratePerMinute: 1_000_000,
          maxActive: SHOPPERS * 2,
          claimWindowSeconds: CLAIM_WINDOW_S,
        },
      }),
    );
    const booth = env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(`${sale.id}/general/3`));
    const tickets = await joinAll(sale, async () => {
      await evictDurableObject(booth);
      await roomOf(sale.id).snapshot();
      await evictDurableObject(roomOf(sale.id));
    });
    const places = tickets.map(placeOf);
    expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(SHOPPERS);
    expect(new Set(places.map(({ shard }) => shard)).size).toBe(BOOTHS);

    await roomOf(sale.id).act("start");
    await tick(sale);
    await evictDurableObject(roomOf(sale.id));
    await tick(sale);
    const manifest = await roomOf(sale.id).manifest("general", 0);
    if (manifest === null) throw new Error("cohort 0 did not close");
    const ranks = ranksOf(manifest, places);
    expect(new Set(ranks).size).toBe(SHOPPERS);

    const [first = "", second = ""] = tickets;
    await expectState(sale, first, "called");
    const seen = await Promise.all(tickets.slice(0, 200).map((ticket) => standingOf(sale, ticket)));
    expect(seen).toEqual(ranks.slice(0, 200).map((rank) => ({ state: "called", rank })));
    const lane = (await roomOf(sale.id).snapshot())?.lanes["general"];
    expect(lane?.called).toBeGreaterThan(Math.max(...ranks));

    pass(CLAIM_WINDOW_S * 1000);
    await tick(sale);
    await expectState(sale, first, "lapsed");

    await roomOf(sale.id).act("end");
    await expectState(sale, second, "ended");
    const fairness = await roomOf(sale.id).fairness();
    if (fairness.kind !== "fairness" || fairness.secret === null) throw new Error("no secret");
    expect(commitmentTo(fairness.secret)).toBe(fairness.commitment);
    expect(seedFrom(fairness.secret, sale.id, "general", 0)).toBe(manifest.seed);
  },
);

/**
 * A merchant's changes to a running sale: every shopper's answer shows them within two seconds, and
 * nobody's place changes.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  type Answer,
  makeSale,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

const SHOWN_WITHIN_MS = 2000;
const SHOPPERS = 6;
const SEATS = 2;

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

interface Line {
  readonly sale: string;
  readonly tickets: readonly string[];
}

/** A sale with two seats: two shoppers are called, the others wait. */
async function lineOf(sale: string): Promise<Line> {
  const admission = { ratePerMinute: 6000, maxActive: SEATS, overcall: 1000 };
  await makeSale(sluice, sale, { ...PREQUEUE, admission });
  const tickets = await Promise.all(
    Array.from({ length: SHOPPERS }, async () => {
      return textOf(await sluice.shopper("POST", `/sales/${sale}/tickets`), "ticket");
    }),
  );
  await act(sale, "start");
  const line = { sale, tickets };
  await until(
    () => standings(line),
    (all) => all.filter(({ state }) => state === "called").length === SEATS,
  );
  return line;
}

async function act(sale: string, action: string): Promise<void> {
  const done = await sluice.merchant("POST", `/sales/${sale}/actions`, { action });
  expect(done.status).toBe(200);
}

function change(sale: string, admission: object): Promise<Answer> {
  return sluice.merchant("PATCH", `/sales/${sale}/admission`, admission);
}

const standing = z.object({
  state: z.string(),
  rank: z.int().nullable(),
  position: z.int().nullable(),
  wait: z.object({ low_s: z.number(), high_s: z.number() }).nullable(),
  message: z.string().nullable(),
});
type Standing = z.infer<typeof standing>;

async function standings({ sale, tickets }: Line): Promise<Standing[]> {
  const answers = tickets.map((ticket) => {
    return sluice.shopper("GET", `/sales/${sale}/status`, { headers: { "sluice-ticket": ticket } });
  });
  return (await Promise.all(answers)).map(({ body }) => standing.parse(body));
}

async function pages({ sale, tickets }: Line): Promise<string[]> {
  const url = `${sluice.host.gateUrl}/_sluice/shop/${sale}/wait`;
  return Promise.all(
    tickets.map(async (ticket) =>
      (await fetch(url, { headers: { "sluice-ticket": ticket } })).text(),
    ),
  );
}

/**
 * All shoppers poll; every poll sent two seconds after the change or later must show it. The time
 * of the request counts, so that a slow machine causes no failure.
 */
async function expectShown<Shown>(
  ask: () => Promise<Shown[]>,
  isShown: (shown: Shown) => boolean,
): Promise<Shown[]> {
  const changedAt_ms = Date.now();
  for (;;) {
    const askedAt_ms = Date.now();
    const all = await ask();
    if (all.every(isShown)) return all;
    expect(askedAt_ms - changedAt_ms).toBeLessThan(SHOWN_WITHIN_MS);
  }
}

const ranksOf = (all: readonly Standing[]) => all.map(({ rank }) => rank);

test("a pause and its end are shown to everybody, and everybody keeps their place", async () => {
  const line = await lineOf("hand-pause");
  const before = await standings(line);
  await act(line.sale, "pause");
  const paused = await expectShown(
    () => standings(line),
    ({ state }) => state === "paused",
  );
  expect(ranksOf(paused)).toEqual(ranksOf(before));
  await expectShown(
    () => pages(line),
    (page) => page.includes("The line is paused") && page.includes("Your place is safe"),
  );
  await act(line.sale, "resume");
  const after = await expectShown(
    () => standings(line),
    ({ state }) => state !== "paused",
  );
  expect(ranksOf(after)).toEqual(ranksOf(before));
  expect(after.map(({ state }) => state)).toEqual(before.map(({ state }) => state));
  const first = line.tickets[before.findIndex(({ state }) => state === "called")];
  const headers = { "sluice-ticket": first ?? "" };
  const claimed = await sluice.shopper("POST", `/sales/${line.sale}/admissions`, { headers });
  expect(claimed.status).toBe(201);
});

test("a message is shown to everybody, and removed again", async () => {
  expect.hasAssertions();
  const line = await lineOf("hand-message");
  const message = "We are back at noon.";
  await change(line.sale, { message });
  await expectShown(
    () => standings(line),
    (shown) => shown.message === message,
  );
  await expectShown(
    () => pages(line),
    (page) => page.includes(message),
  );
  await change(line.sale, { message: null });
  await expectShown(
    () => standings(line),
    (shown) => shown.message === null,
  );
  await expectShown(
    () => pages(line),
    (page) => !page.includes(message),
  );
});

test("a lower rate changes everybody's forecast of the wait", async () => {
  const line = await lineOf("hand-rate");
  const isQueued = ({ state }: Standing) => state === "queued";
  expect((await change(line.sale, { ratePerMinute: 1 })).body).toMatchObject({ ratePerMinute: 1 });
  // One call a minute: a turn cannot come sooner than the position in minutes, less the first.
  const shown = await expectShown(
    async () => (await standings(line)).filter(isQueued),
    ({ wait, position }) => wait !== null && wait.high_s >= 60 * ((position ?? 0) - 1),
  );
  expect(shown).toHaveLength(SHOPPERS - SEATS);
});

test("more seats let in more shoppers with the next tick, in the order of the line", async () => {
  const line = await lineOf("hand-seats");
  expect((await change(line.sale, { maxActive: 4 })).body).toMatchObject({ maxActive: 4 });
  const all = await until(
    () => standings(line),
    (seen) => seen.filter(({ state }) => state === "called").length === 4,
  );
  const called = all.filter(({ state }) => state === "called").map(({ rank }) => rank);
  expect(new Set(called)).toEqual(new Set([0, 1, 2, 3]));
  expect((await change(line.sale, { maxActive: 1 })).body).toMatchObject({ maxActive: 1 });
  const claims = await Promise.all(
    line.tickets.map((ticket) => {
      const headers = { "sluice-ticket": ticket };
      return sluice.shopper("POST", `/sales/${line.sale}/admissions`, { headers });
    }),
  );
  expect(claims.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(claims.filter(({ body }) => body["code"] === "not_called")).toHaveLength(SHOPPERS - 1);
});

test("the end of the sale is shown to everybody", async () => {
  expect.hasAssertions();
  const line = await lineOf("hand-end");
  await act(line.sale, "end");
  await expectShown(
    () => standings(line),
    ({ state }) => state === "ended",
  );
  await expectShown(
    () => pages(line),
    (page) => page.includes("The sale has ended"),
  );
});

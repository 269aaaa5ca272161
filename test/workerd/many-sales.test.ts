/**
 * Thirty sales on one deployment: each has its own room, booths, stock and tokens, and what
 * befalls one of them is no other's matter. The gate is asked as shoppers ask it; alarms are
 * driven by hand.
 */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Sale } from "../../src/domain/sale/sale.ts";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { instant, openSale, roomOf, saleDocument } from "./support/shop.ts";
import { keyNamed } from "../node/support/keys.ts";

const SALES = 30;
const STOCK = 100;
const SEATS = 50;
const FLOOD = 2000;
const FLOOD_AT_ONCE = 100;

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  const { silentRooms, brokenRooms, silentBooths, brokenBooths } = mishaps;
  for (const planned of [silentRooms, brokenRooms, silentBooths, brokenBooths]) planned.clear();
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

type Carried = Readonly<Record<string, string>>;

async function ask(method: string, path: string, headers: Carried = {}, body?: unknown) {
  const init =
    body === undefined
      ? { method, headers }
      : {
          method,
          headers: { ...headers, "Content-Type": "application/json" },
          body: JSON.stringify(body),
        };
  const request = new Request(`https://shop.example/_sluice${path}`, init);
  const answer = await gate.fetch(request, env, createExecutionContext());
  const json = z.record(z.string(), z.unknown()).parse(await answer.json());
  return { status: answer.status, body: json } satisfies Answer;
}

const token = (answer: Answer, kind: "ticket" | "admission"): Carried => {
  return { [`Sluice-${kind}`]: z.string().parse(answer.body[kind]) };
};

const join = (sale: Sale) => ask("POST", `/v1/sales/${sale.id}/tickets`);
const poll = (sale: Sale, carried: Carried) => ask("GET", `/v1/sales/${sale.id}/status`, carried);
const claim = (sale: Sale, carried: Carried) => {
  return ask("POST", `/v1/sales/${sale.id}/admissions`, carried);
};
const hold = (sale: Sale, carried: Carried) => {
  const lines = [{ sku: sale.items[0]?.sku, quantity: 1 }];
  return ask("PUT", `/v1/sales/${sale.id}/cart`, carried, { lines });
};
const audit = async (sale: Sale) => {
  const headers = { Authorization: `Bearer ${env.ADMIN_TOKEN}` };
  return (await ask("GET", `/admin/v1/sales/${sale.id}/audit`, headers)).body;
};

let skus = 0;

async function openSales(count: number): Promise<Sale[]> {
  const startsAt = instant(Date.now() + 3_600_000);
  const sales: Sale[] = [];
  while (sales.length < count) {
    skus += 1;
    const items = [{ sku: `MANY-${skus}`, stock: STOCK }];
    const rules = { maxActive: SEATS, claimWindowSeconds: 3600 };
    sales.push(
      await openSale(saleDocument(items, { startsAt, expectedShoppers: 100, admission: rules })),
    );
  }
  return sales;
}

/**
 * What the booth's alarm does a moment after the last arrival: a booth that falls asleep before it
 * skips places, and on a busy machine the flood lasts longer than a booth stays awake.
 */
async function settleBooth(sale: Sale): Promise<void> {
  const booth = env.TICKET_BOOTH.idFromName(`${sale.id}/general/0`);
  await runDurableObjectAlarm(env.TICKET_BOOTH.get(booth));
}

async function startAndTick(sales: readonly Sale[]): Promise<void> {
  await Promise.all(sales.map(({ id }) => roomOf(id).act("start")));
  pass(1000);
  await Promise.all(sales.map(({ id }) => runDurableObjectAlarm(roomOf(id))));
}

/** The location's cache keeps a snapshot for a second of the platform's own time. */
async function untilCalled(sale: Sale, carried: Carried): Promise<void> {
  await vi.waitFor(
    async () => {
      pass(100);
      const { status, body } = await poll(sale, carried);
      expect({ status, state: body["state"], stale: body["stale"] }).toEqual({
        status: 200,
        state: "called",
        stale: false,
      });
    },
    { timeout: 10_000, interval: 200 },
  );
}

/** The figures of a sale in which so many came, were called, came in, and hold one unit each. */
function metrics(shoppers: number) {
  const inside = { tickets: shoppers, called: shoppers, claimed: shoppers, active: shoppers };
  const units = {
    received: STOCK,
    available: STOCK - shoppers,
    held: shoppers,
    ordered: 0,
    sold: 0,
  };
  return { ...inside, lapsed: 0, left: 0, spent: 0, skus: [units] };
}

interface Line {
  readonly sale: Sale;
  readonly tickets: readonly Carried[];
}

/** Everybody of the line is called, comes in, and holds a unit. */
async function buyThrough({ sale, tickets }: Line): Promise<void> {
  await Promise.all(
    tickets.map(async (carried) => {
      await untilCalled(sale, carried);
      const claimed = await claim(sale, carried);
      expect(claimed.status).toBe(201);
      expect((await hold(sale, token(claimed, "admission"))).status).toBe(200);
    }),
  );
}

async function flood(sale: Sale): Promise<void> {
  for (let come = 0; come < FLOOD; come += FLOOD_AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: FLOOD_AT_ONCE }, () => join(sale)));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
  }
  await settleBooth(sale);
}

test(
  "one is flooded, rooms and booths of four hang or crash, and the others sell as if alone",
  { timeout: 120_000 },
  async () => {
    const [flooded, silentRoom, brokenRoom, silentBooth, brokenBooth, ...well] =
      await openSales(SALES);
    if (flooded === undefined || silentRoom === undefined || brokenRoom === undefined) throw skus;
    if (silentBooth === undefined || brokenBooth === undefined) throw skus;
    mishaps.silentBooths.add(`${silentBooth.id}/general/0`);
    mishaps.brokenBooths.add(`${brokenBooth.id}/general/0`);

    const joinSome = async (sale: Sale, index: number): Promise<Line> => {
      const joined = await Promise.all(Array.from({ length: 1 + (index % 4) }, () => join(sale)));
      await settleBooth(sale);
      return { sale, tickets: joined.map((answer) => token(answer, "ticket")) };
    };
    const [lines, ill, refused] = await Promise.all([
      Promise.all(well.map(joinSome)),
      Promise.all([silentRoom, brokenRoom].map(joinSome)),
      Promise.all([silentBooth, brokenBooth].map(join)),
      flood(flooded),
    ]);
    expect(refused.map(({ status, body }) => [status, body["code"]])).toEqual([
      [503, "booth_unavailable"],
      [503, "booth_unavailable"],
    ]);

    await startAndTick([flooded, silentRoom, brokenRoom, silentBooth, brokenBooth, ...well]);
    mishaps.silentRooms.add(silentRoom.id);
    mishaps.brokenRooms.add(brokenRoom.id);
    const [, troubled] = await Promise.all([
      Promise.all(lines.map(buyThrough)),
      Promise.all(
        ill.flatMap(({ sale, tickets }) => {
          return tickets.flatMap((carried) => [poll(sale, carried), claim(sale, carried)]);
        }),
      ),
    ]);
    const told = troubled.map(({ status, body }) => [status, body["state"] ?? body["code"]]);
    expect(told).toEqual(
      told.map((_, index) => (index % 2 === 0 ? [200, "prequeue"] : [503, "room_unavailable"])),
    );
    for (const { sale, tickets } of lines) {
      expect(await audit(sale)).toMatchObject(metrics(tickets.length));
    }
    const crowd = await audit(flooded);
    expect(crowd).toMatchObject({ tickets: FLOOD, claimed: 0, skus: [{ available: STOCK }] });
  },
);

test("a ticket and an admission of one sale are nothing in another", async () => {
  const sales = await openSales(3);
  const tickets = await Promise.all(sales.map(async (sale) => token(await join(sale), "ticket")));
  await startAndTick(sales);
  const admissions = await Promise.all(
    sales.map(async (sale, index) => {
      const carried = tickets[index] ?? {};
      await untilCalled(sale, carried);
      return token(await claim(sale, carried), "admission");
    }),
  );
  const before = await Promise.all(sales.map(audit));
  for (const [at, sale] of sales.entries()) {
    const others = sales.map((_, index) => index).filter((index) => index !== at);
    for (const other of others) {
      const ticket = tickets[other] ?? {};
      const admission = admissions[other] ?? {};
      const item = sale.items[0];
      const place = { sale: sale.id, lines: [{ sku: item?.sku, quantity: 1 }] };
      const buyer = { email: "ann@shoppers.example" };
      const payment = { method: "pm_card_visa" };
      const order = { ...place, expectedTotal: item?.price, buyer, payment };
      const leave = `/v1/sales/${sale.id}/admissions/current`;
      const answers = await Promise.all([
        poll(sale, ticket),
        claim(sale, ticket),
        hold(sale, admission),
        ask("DELETE", leave, admission),
        ask(
          "POST",
          "/v1/orders",
          { ...admission, "Idempotency-Key": keyNamed(`of-${other}`) },
          order,
        ),
      ]);
      expect(answers.map(({ status, body }) => `${status} ${String(body["code"])}`)).toEqual([
        "401 ticket_invalid",
        "401 ticket_invalid",
        "401 admission_invalid",
        "401 admission_invalid",
        "401 admission_invalid",
      ]);
    }
  }
  expect(await Promise.all(sales.map(audit))).toEqual(before);
});

test("a shopper's whole way asks no object of another sale", async () => {
  const [sale, other] = await openSales(2);
  if (sale === undefined || other === undefined) throw skus;
  await join(other);
  const { WAITING_ROOM, TICKET_BOOTH, PASS_DESK, SKU_STOCK } = env;
  const named = [WAITING_ROOM, TICKET_BOOTH, PASS_DESK, SKU_STOCK].map((namespace) => {
    return vi.spyOn(namespace, "idFromName");
  });
  const ticket = token(await join(sale), "ticket");
  await roomOf(sale.id).act("start");
  pass(1000);
  await runDurableObjectAlarm(roomOf(sale.id));
  await buyThrough({ sale, tickets: [ticket] });
  const names = new Set(named.flatMap(({ mock }) => mock.calls.map(([name]) => name)));
  expect(names).toEqual(new Set([sale.id, `${sale.id}/general/0`, sale.items[0]?.sku]));
});

test("the list of sales shows them all, also one whose room never answers", async () => {
  const sales = await openSales(4);
  const [silent] = sales;
  if (silent === undefined) throw skus;
  mishaps.silentRooms.add(silent.id);
  const shop = new Request("https://shop.example/_sluice/shop");
  let address: string | null = shop.url;
  let shown = "";
  while (address !== null) {
    const page = await gate.fetch(new Request(address), env, createExecutionContext());
    expect(page.status).toBe(200);
    const text = await page.text();
    shown += text;
    const next = /href="([^"]*\?after=[^"]*)"/.exec(text)?.[1];
    address = next === undefined ? null : new URL(next, shop.url).href;
  }
  for (const { id } of sales) expect(shown).toContain(`href="/_sluice/shop/${id}"`);
});

/**
 * Thirty sales on one Sluice whose rooms tick by themselves, over HTTP only: while one is flooded
 * with joins, the shoppers of every other one join, are called, get in, hold, buy and leave as if
 * it were the only one, and each sale's audit has only its own shoppers.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Answer,
  auditOf,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

const SALES = 30;
const FLOOD_MIN = 2000;
const FLOODERS = 20;
const STOCK = 10;

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

/**
 * Repeats a request after a 503: on a machine this busy an object can answer too late, or a
 * persistent connection can be closed at the moment of its next request.
 */
function steadily(ask: () => Promise<Answer>): Promise<Answer> {
  return until(ask, ({ status }) => status !== 503);
}

function join(sale: string): Promise<Answer> {
  return steadily(() => sluice.shopper("POST", `/sales/${sale}/tickets`));
}

function act(sale: string, action: string): Promise<Answer> {
  return steadily(() => sluice.merchant("POST", `/sales/${sale}/actions`, { action }));
}

/** Joins without a pause until the other sales are done and there were enough joins. */
async function flood(sale: string, othersAreDone: () => boolean): Promise<number> {
  let joined = 0;
  const flooder = async (): Promise<void> => {
    while (joined < FLOOD_MIN || !othersAreDone()) {
      const { status } = await join(sale);
      if (status === 201) joined += 1;
      else throw new Error(`the flooded sale answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: FLOODERS }, flooder));
  return joined;
}

type Seat = Readonly<Record<string, string>>;

async function buy(sale: string, me: Seat): Promise<void> {
  const placed = await steadily(() => placeOrder(sluice, me, "one", orderBody(sale)));
  expect((await finalOrder(sluice, placed)).body["state"]).toBe("confirmed");
}

async function hold(sale: string, me: Seat): Promise<void> {
  const body = { lines: [{ sku: `${sale}-shoe`, quantity: 1 }] };
  const parts = { headers: me, body };
  const held = await steadily(() => sluice.shopper("PUT", `/sales/${sale}/cart`, parts));
  expect(held.status).toBe(200);
}

/** Of the shoppers, the first orders a shoe, the second leaves, the others hold one. */
async function sellThrough(sale: string, shoppers: number): Promise<void> {
  const tickets = await Promise.all(
    Array.from({ length: shoppers }, async () => textOf(await join(sale), "ticket")),
  );
  await act(sale, "start");
  const turns = tickets.map(async (ticket, shopper) => {
    const headers = { "sluice-ticket": ticket };
    await until(
      () => sluice.shopper("GET", `/sales/${sale}/status`, { headers }),
      ({ body }) => body["state"] === "called",
      60_000,
    );
    const claimed = await steadily(() => {
      return sluice.shopper("POST", `/sales/${sale}/admissions`, { headers });
    });
    expect(claimed.status).toBe(201);
    const me = { "sluice-admission": textOf(claimed, "admission") };
    await (shopper === 0 ? buy(sale, me) : hold(sale, me));
    const seat = `/sales/${sale}/admissions/current`;
    if (shopper === 1) await steadily(() => sluice.shopper("DELETE", seat, { headers: me }));
  });
  await Promise.all(turns);
}

/** A sale's audit after its shoppers did so. */
function auditAfter(shoppers: number) {
  const left = shoppers > 1 ? 1 : 0;
  const held = shoppers - 1 - left;
  return {
    tickets: shoppers,
    called: shoppers,
    claimed: shoppers,
    lapsed: 0,
    spent: 1,
    left,
    active: held,
    orders: { confirmed: 1 },
    skus: [
      { received: STOCK, available: STOCK - 1 - held, held, ordered: 0, sold: 1 },
      { received: 3, held: 0, ordered: 0, sold: 0 },
    ],
  };
}

test(
  "one sale gets thousands of joins, while twenty-nine others sell to their own shoppers",
  { timeout: 180_000 },
  async () => {
    const names = Array.from({ length: SALES }, (_, index) => `of-many-${index}`);
    await Promise.all(names.map((name) => makeSale(sluice, name, PREQUEUE)));
    const [flooded = "", ...others] = names;
    let open = others.length;
    const shoppersOf = (index: number): number => 1 + (index % 4);
    const selling = others.map(async (sale, index) => {
      await sellThrough(sale, shoppersOf(index));
      open -= 1;
    });
    const [joined] = await Promise.all([flood(flooded, () => open === 0), ...selling]);
    for (const [index, sale] of others.entries()) {
      const audit = await until(
        () => auditOf(sluice, sale),
        ({ orders, spent }) => orders["confirmed"] === 1 && spent === 1,
      );
      expect(audit).toMatchObject(auditAfter(shoppersOf(index)));
    }
    await act(flooded, "start");
    const crowd = await until(
      () => auditOf(sluice, flooded),
      ({ tickets }) => tickets > 0,
    );
    expect(crowd).toMatchObject({ tickets: joined, claimed: 0, orders: {} });
    expect(crowd.skus).toMatchObject([{ available: STOCK }, {}]);
  },
);

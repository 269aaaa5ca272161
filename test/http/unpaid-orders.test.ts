/**
 * Unpaid orders over HTTP: a script that orders with a card whose bank asks, and leaves, again and
 * again, does not lock the stock; and what shoppers see while units are being paid.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

const BANK = { payment: { method: "pm_card_authenticationRequired" } };
const UNITS = 30;
const FROM = "203.0.113.51";

function oneShoe(sale: string, stock: number) {
  return { items: [{ sku: `${sale}-shoe`, name: "A shoe", price: 12_900, stock }] };
}

/** Orders with a card whose bank asks, and leaves. */
async function hoard(sale: string, number: number): Promise<void> {
  const me = await admit(sluice, sale);
  const headers = { ...me, "cf-connecting-ip": FROM };
  const buyer = { email: `hoarder-${number}@shoppers.example` };
  const order = orderBody(sale, { ...BANK, buyer });
  const placed = await placeOrder(sluice, headers, `hoard-${number}`, order);
  expect([placed.status, placed.body["code"]]).toEqual([202, undefined]);
  const left = await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
  expect(left.status).toBe(204);
}

test("a script of one seat that orders and leaves gets no unit kept, and others buy", async () => {
  const sale = "hoarded";
  const admission = { ratePerMinute: 1_000_000, maxActive: 1, overcall: 1 };
  await makeSale(sluice, sale, { ...oneShoe(sale, UNITS), admission });
  for (let number = 1; number <= UNITS; number += 1) await hoard(sale, number);
  const audit = await auditOf(sluice, sale);
  // One seat: the next shopper came in only once the last order had given its units back.
  expect(audit.skus[0]?.ordered).toBeLessThanOrEqual(1);
  const { body } = await sluice.shopper("GET", `/sales/${sale}`);
  expect(body["soldOut"]).toBe(false);
  const honest = await admit(sluice, sale);
  const bought = await placeOrder(sluice, honest, "honest", orderBody(sale));
  expect((await finalOrder(sluice, bought)).body["state"]).toBe("confirmed");
  const end = await until(
    () => auditOf(sluice, sale),
    // The order book, which counts the orders, is some seconds behind.
    ({ orders, kept }) => orders["confirmed"] === 1 && orders["declined"] === UNITS && kept === 0,
  );
  expect(end.skus[0]).toMatchObject({ available: UNITS - 1, held: 0, ordered: 0, sold: 1 });
}, 120_000);

test("units at the bank may come back: the sale is not sold out, and says why nothing is there", async () => {
  const sale = "at-the-bank";
  await makeSale(sluice, sale, oneShoe(sale, 1));
  const me = await admit(sluice, sale);
  const { path } = acceptedOrder(await placeOrder(sluice, me, "k", orderBody(sale, BANK)));
  await until(
    () => sluice.ask("GET", path),
    ({ body }) => body["state"] === "action_required",
  );
  const shown = await until(
    () => sluice.shopper("GET", `/sales/${sale}`),
    ({ body }) => JSON.stringify(body["items"]).includes('"mayReturn":true'),
  );
  expect(shown.body["soldOut"]).toBe(false);
  const page = await fetch(`${sluice.host.gateUrl}/_sluice/shop/${sale}`);
  expect(await page.text()).toContain("All in carts or being paid");
  const headers = me;
  await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
  await until(
    () => auditOf(sluice, sale),
    ({ skus }) => skus[0]?.available === 1,
  );
});

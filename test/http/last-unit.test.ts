/**
 * A hundred shoppers order the last unit at the same instant: one gets it, and it is sold.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSandboxLedger } from "../../simulation/crowd/sandbox-client.ts";
import {
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  ledgerOf,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

const BUYERS = 100;
let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

async function crowd(sale: string): Promise<Record<string, string>[]> {
  const sku = `${sale}-shoe`;
  await makeSale(sluice, sale, { items: [{ sku, name: "The last", price: 12_900, stock: 1 }] });
  return Promise.all(Array.from({ length: BUYERS }, () => admit(sluice, sale)));
}

/** Each buyer has an address and a card of their own, because a sale counts by both. */
function orderOf(sale: string, index: number) {
  return orderBody(sale, { buyer: { email: `buyer-${index}@shoppers.example` } });
}

test("of 100 orders at once for the last unit one is confirmed and paid, 99 are sold out", async () => {
  const buyers = await crowd("last-unit");
  const answers = await Promise.all(
    buyers.map((me, index) => {
      return placeOrder(sluice, me, `buyer-${index}`, orderOf("last-unit", index));
    }),
  );
  const taken = answers.filter(({ status }) => status === 202);
  const refused = answers.filter(({ body }) => body["code"] === "sold_out");
  expect([taken.length, refused.length]).toEqual([1, BUYERS - 1]);
  for (const { status, body } of refused) {
    expect([status, body["sku"], body["available"]]).toEqual([409, "last-unit-shoe", 0]);
  }
  const [only] = taken;
  if (only === undefined) throw new Error("nobody got it");
  expect((await finalOrder(sluice, only)).body["state"]).toBe("confirmed");

  const audit = await until(
    () => auditOf(sluice, "last-unit"),
    ({ skus, orders }) => {
      return skus[0]?.sold === 1 && orders["confirmed"] === 1 && orders["rejected"] === 99;
    },
  );
  expect(audit.orders).toEqual({ confirmed: 1, rejected: 99 });
  expect(audit.skus).toMatchObject([{ received: 1, available: 0, held: 0, ordered: 0, sold: 1 }]);
  const rows = await ledgerOf(sluice, "last-unit-shoe");
  expect(rows.map(({ kind }) => kind)).toEqual(["receive", "order_fresh", "sell"]);
  expect(await readSandboxLedger(sluice.host.sandboxUrl)).toMatchObject({
    kind: "read",
    payments: [{ order: acceptedOrder(only).id, captured: 12_900, voided: 0, refunded: 0 }],
  });
});

test("of 100 carts at once one holds the last unit, and only its owner can order it", async () => {
  const buyers = await crowd("last-hold");
  const body = { lines: [{ sku: "last-hold-shoe", quantity: 1 }] };
  const carts = await Promise.all(
    buyers.map((headers) => sluice.shopper("PUT", "/sales/last-hold/cart", { headers, body })),
  );
  expect(carts.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(carts.filter((cart) => cart.body["code"] === "sold_out")).toHaveLength(BUYERS - 1);
  const orders = await Promise.all(
    buyers.map((me, index) => {
      return placeOrder(sluice, me, `holder-${index}`, orderOf("last-hold", index));
    }),
  );
  const winners = orders.map(({ status }, index) => (status === 202 ? index : -1));
  const holder = carts.findIndex(({ status }) => status === 200);
  expect(winners.filter((index) => index >= 0)).toEqual([holder]);
  const order = orders[holder];
  if (order === undefined) throw new Error("nobody got it");
  expect((await finalOrder(sluice, order)).body["state"]).toBe("confirmed");
});

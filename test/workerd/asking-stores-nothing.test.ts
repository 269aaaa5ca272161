/**
 * Asking after what is not there leaves nothing behind: anybody may make up ids, and an object that
 * kept empty tables for each would be kept for good.
 */
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { openSale, saleDocument } from "./support/shop.ts";

beforeEach(startClock);

function tablesOf(id: string): Promise<unknown[]> {
  return runInDurableObject(env.ORDER.get(env.ORDER.idFromName(id)), (_, { storage }) => {
    const named =
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    return storage.sql.exec(named).toArray();
  });
}

async function ask(path: string): Promise<number> {
  const request = new Request(`https://shop.example/_sluice${path}`);
  return (await gate.fetch(request, env, createExecutionContext())).status;
}

test("reading stock writes nothing and sets no alarm, also when a hold is past its deadline", async () => {
  const sku = "PURE";
  const { id: sale } = await openSale(saleDocument([{ sku, stock: 5 }]));
  const stock = env.SKU_STOCK.get(env.SKU_STOCK.idFromName(sku));
  const key = { sale, buyer: "sub_1", id: "adm_1" };
  const deadline_ms = Date.now() + 60_000;
  await stock.hold({ ...key, quantity: 2, deadline_ms, limitPerBuyer: 5 });
  pass(61_000);
  const written = () => {
    return runInDurableObject(stock, async (_, { storage }) => {
      await storage.deleteAlarm();
      return storage.sql.exec("SELECT * FROM reservations").toArray().length;
    });
  };
  expect(await written()).toBe(1);
  expect(await stock.levels(sku)).toMatchObject({ available: 5, held: 0 });
  expect(await stock.reservation(key)).toBeNull();
  expect(await stock.reservations([key, key])).toEqual([null, null]);
  const alarm = await runInDurableObject(stock, (_, { storage }) => storage.getAlarm());
  expect(alarm).toBeNull();
  expect(await written()).toBe(1);
});

test("an order that nobody placed is not found, and stores nothing", async () => {
  const { id: sale } = await openSale(saleDocument([{ sku: "NOTHING", stock: 1 }]));
  const id = `ord_${"7".repeat(40)}`;
  expect(await ask(`/v1/orders/${id}?key=guessed`)).toBe(404);
  expect(await ask(`/shop/${sale}/orders/${id}?key=guessed`)).toBe(404);
  const order = env.ORDER.get(env.ORDER.idFromName(id));
  expect(await order.view()).toBeNull();
  expect(await order.history()).toEqual([]);
  expect(await order.placed("another")).toBeNull();
  expect(await tablesOf(id)).toEqual([]);
});

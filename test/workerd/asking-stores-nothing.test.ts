/**
 * Asking after what is not there leaves nothing behind: anybody may make up ids, and an object that
 * kept empty tables for each would be kept for good.
 */
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import gate from "../../src/gate.ts";
import { startClock } from "./support/clock.ts";
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

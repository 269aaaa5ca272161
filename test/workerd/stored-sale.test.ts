/**
 * Sale documents that an earlier version stored: rooms and KV read them with today's schema, so a
 * change of the schema that they do not pass would make every existing sale fail.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { RoomTables } from "../../durable-objects/waiting-room/room-tables.ts";
import { saleSchema } from "../../src/domain/sale/sale.ts";
import { findSale } from "../../src/sales/sale-directory.ts";
import firstStored from "../node/support/first-stored-sale.json" with { type: "json" };
import { roomOf } from "./support/shop.ts";

test("the sale document of the first version passes today's schema, with nothing changed", () => {
  expect(saleSchema.parse(firstStored)).toMatchObject(firstStored);
});

test("a room that the first version founded has its sale", async () => {
  await runInDurableObject(roomOf("first-stored"), (_room, { storage }) => {
    const tables = new RoomTables(storage);
    const foundation = { v: 1, sale: firstStored, revision: 1, booths: 1, secret: "00" };
    const value = JSON.stringify(foundation);
    storage.sql.exec("INSERT INTO room VALUES ('foundation', ?)", value);
    expect(tables.foundation()).toMatchObject({ sale: firstStored, revision: 1 });
  });
});

test("a sale that the first version published is found in KV", async () => {
  const published = JSON.stringify({ v: 1, revision: 1, sale: firstStored });
  await env.CONFIG.put(`sale:${firstStored.id}`, published);
  const found = await findSale(env, firstStored.id, Date.now());
  expect(found).toMatchObject({ revision: 1, sale: firstStored });
});

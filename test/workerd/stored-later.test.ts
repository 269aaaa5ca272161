/**
 * What a newer release stored survives this one: columns, fields and messages it does not know, in
 * rows that it reads, changes and writes again.
 */
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DiscountTables } from "../../durable-objects/discount-codes/discount-tables.ts";
import { performEffect } from "../../durable-objects/order/effects.ts";
import { OrderTables } from "../../durable-objects/order/order-tables.ts";
import { RoomTables } from "../../durable-objects/waiting-room/room-tables.ts";
import gate from "../../src/gate.ts";
import { findSale, publishSale } from "../../src/sales/sale-directory.ts";
import { orderRecordSchema } from "../../src/domain/order/order.ts";
import { saleSchema } from "../../src/domain/sale/sale.ts";
import firstStored from "../node/support/first-stored-sale.json" with { type: "json" };
import { FROM_LINE } from "../node/support/receipts.ts";
import { roomOf } from "./support/shop.ts";

const LATER = { since: "later" };

function columnOf(sql: SqlStorage, table: string): unknown[] {
  return sql
    .exec(`SELECT later FROM ${table}`)
    .toArray()
    .map(({ later }) => later);
}

const ADMISSION = {
  id: "adm_1",
  ticket: "t",
  subject: "s",
  lane: "general",
  issuedAt_ms: 1,
  expiresAt_ms: 2,
  standing: "active",
  ordersDone: 0,
  orderInProgress: null,
  orderBegunAt_ms: null,
  ordersEnded: [],
} as const;

test("a column of a newer release keeps its value when its row is written again", async () => {
  await runInDurableObject(roomOf("later-column"), (_room, { storage }) => {
    new RoomTables(storage).write({ admission: ADMISSION });
    storage.sql.exec("ALTER TABLE admissions ADD COLUMN later TEXT");
    storage.sql.exec("UPDATE admissions SET later = 'kept'");
    new RoomTables(storage).write({ admission: { ...ADMISSION, standing: "spent" } });
    expect(columnOf(storage.sql, "admissions")).toEqual(["kept"]);
    expect(new RoomTables(storage).admission("t")?.standing).toBe("spent");
  });
});

test("a room writes the sale of a newer release again with all its fields", async () => {
  const [item] = firstStored.items;
  const sale = { ...firstStored, ...LATER, items: [{ ...item, ...LATER }] };
  await runInDurableObject(roomOf("later-sale"), (_room, { storage }) => {
    const tables = new RoomTables(storage);
    const stored = { v: 1, revision: 1, booths: 1, secret: "00", sale, ...LATER };
    storage.sql.exec(
      "INSERT INTO room (name, value) VALUES ('foundation', ?)",
      JSON.stringify(stored),
    );
    const foundation = tables.foundation();
    if (foundation === null) throw new Error("it was stored");
    tables.write({ foundation: { ...foundation, revision: 2 } });
    const [row] = storage.sql.exec<{ value: string }>("SELECT value FROM room").toArray();
    const after = JSON.parse(row?.value ?? "");
    expect(after).toMatchObject({ ...LATER, revision: 2, sale });
  });
});

test("a sale that a newer release published is found, and published again with its fields", async () => {
  const sale = { ...saleSchema.parse(firstStored), id: "later-kv", ...LATER };
  const key = `sale:${sale.id}`;
  await env.CONFIG.put(key, JSON.stringify({ v: 2, readableFrom: 1, revision: 1, sale }));
  const found = await findSale(env, sale.id, Date.now());
  if (found === null) throw new Error("it was published");
  expect(found.sale).toMatchObject(sale);
  await publishSale(env, { ...found, revision: 2 }, Date.now());
  expect(await env.CONFIG.get(key, "json")).toMatchObject({ revision: 2, sale });
});

const RECORD = orderRecordSchema.parse({
  v: 1,
  intent: FROM_LINE,
  standing: { state: "accepted" },
  version: 1,
  paymentId: null,
  attempt: 0,
  attemptAt_ms: 0,
  tries: 0,
  notBefore_ms: 0,
  lease: null,
  progressAt_ms: 0,
  updatedAt_ms: 0,
});

const orderStub = (name: string) => env.ORDER.get(env.ORDER.idFromName(name));
const CREATE =
  "CREATE TABLE record (only INTEGER PRIMARY KEY CHECK (only = 1), value TEXT NOT NULL)";

/** An order as a newer release left it. */
function storeOrder(sql: SqlStorage, document: object): void {
  sql.exec(CREATE);
  sql.exec("INSERT INTO record (only, value) VALUES (1, ?)", JSON.stringify(document));
}

const ROW = { seq: 1, owed: { kind: "parcel", box: 4 }, tries: 0, notBefore_ms: 0 };

test("an order of a newer release is read, and keeps version, fields and unknown messages", async () => {
  const record = { ...RECORD, ...LATER, intent: { ...RECORD.intent, ...LATER } };
  await runInDurableObject(orderStub("ord-later"), async (_order, { storage }) => {
    storeOrder(storage.sql, {
      v: 3,
      readableFrom: 2,
      parcels: 1,
      record,
      history: [],
      outbox: [ROW],
    });
    const tables = new OrderTables(storage);
    const read = tables.record();
    if (read === null) throw new Error("it was stored");
    tables.save({ ...read, version: 2 }, []);
    const [row] = storage.sql.exec<{ value: string }>("SELECT value FROM record").toArray();
    expect(JSON.parse(row?.value ?? "")).toMatchObject({
      v: 3,
      readableFrom: 2,
      parcels: 1,
      record: { ...record, version: 2 },
      outbox: [ROW],
    });
    const [kept] = new OrderTables(storage).outbox();
    if (kept === undefined) throw new Error("it is kept");
    // The order's alarm tries it again and again, and logs why, until a release sends it.
    const never = new Proxy(Object.create(null), { get: () => expect.unreachable() });
    await expect(performEffect(never, read, kept.owed)).rejects.toThrow(/does not know messages/);
  });
});

test("an order that needs a newer reader is refused with the reason, and left as it is", async () => {
  const document = { v: 4, readableFrom: 3, record: RECORD, history: [], outbox: [] };
  await runInDurableObject(orderStub("ord-too-new"), (_order, { storage }) => {
    storeOrder(storage.sql, document);
    expect(() => new OrderTables(storage)).toThrow(/^stored_unreadable: order: .*version 4/);
    const [row] = storage.sql.exec<{ value: string }>("SELECT value FROM record").toArray();
    expect(JSON.parse(row?.value ?? "")).toEqual(document);
  });
});

test("a discount code keeps what a newer release added to its rule", async () => {
  const stub = env.DISCOUNT_CODES.get(env.DISCOUNT_CODES.idFromName("later-codes"));
  await runInDurableObject(stub, (_codes, { storage }) => {
    const tables = new DiscountTables(storage);
    const rule = { discount: { kind: "percent", basisPoints: 500, ...LATER }, ...LATER };
    storage.sql.exec(
      `INSERT INTO codes (id, hash, hint, enabled, revision, rule, reserved, kept, created_ms,
         updated_ms) VALUES (1, 'h', 'A', 1, 1, ?, 0, 0, 0, 0)`,
      JSON.stringify(rule),
    );
    expect(tables.codeById(1)?.rule).toMatchObject(rule);
  });
});

test("a sale of a newer reader is answered with the reason, and not as if there were none", async () => {
  const sale = { ...saleSchema.parse(firstStored), id: "later-reader" };
  await env.CONFIG.put(
    `sale:${sale.id}`,
    JSON.stringify({ v: 3, readableFrom: 2, revision: 1, sale }),
  );
  const response = await gate.fetch(
    new Request(`https://shop.example/_sluice/v1/sales/${sale.id}`),
    env,
    createExecutionContext(),
  );
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: "stored_unreadable" });
});

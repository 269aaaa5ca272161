/**
 * The order book of before there were webhooks: its events are all in the new log, in their order.
 */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";

function migration(name: string): string {
  const url = new URL(`../../queues/migrations/${name}.sql`, import.meta.url);
  return readFileSync(url, "utf8");
}

test("events that were logged before are kept, with a number each, and orders are untouched", () => {
  const book = new DatabaseSync(":memory:");
  book.exec(migration("0001_order_book"));
  const insert = book.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)");
  insert.run("ord_2:1", "order.accepted", "ord_2", "air-one", 2000, '{"late":true}');
  insert.run("ord_1:1", "order.accepted", "ord_1", "air-one", 1000, '{"late":false}');
  book.exec(migration("0002_webhooks"));
  const rows = book.prepare("SELECT * FROM events ORDER BY seq").all();
  const shared = { type: "order.accepted", sale: "air-one" };
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { ...shared, seq: 1, id: "ord_1:1", order_id: "ord_1", at_ms: 1000, body: '{"late":false}' },
    { ...shared, seq: 2, id: "ord_2:1", order_id: "ord_2", at_ms: 2000, body: '{"late":true}' },
  ]);
  expect(book.prepare("SELECT * FROM orders").all()).toEqual([]);
});

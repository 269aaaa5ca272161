/**
 * The order book of versions before webhooks and before retention: the migrations keep all its
 * rows.
 */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";

function migration(name: string): string {
  const url = new URL(`../../../queues/migrations/${name}.sql`, import.meta.url);
  return readFileSync(url, "utf8");
}

test("events that were logged before are kept and numbered, and orders are unchanged", () => {
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

test("letters that were parked before get the id of the event in their body", () => {
  const book = new DatabaseSync(":memory:");
  for (const name of ["0001_order_book", "0002_webhooks"]) book.exec(migration(name));
  const insert = book.prepare("INSERT INTO dead_letters VALUES (?, 'a', ?, 'b', 1, 1000, NULL)");
  const bodies = ['{"id":"ord_1:1"}', '{"v":1}', "null", "no JSON"];
  bodies.forEach((body, index) => insert.run(`letter-${index}`, body));
  book.exec(migration("0003_retention"));
  const rows = book.prepare("SELECT event FROM dead_letters ORDER BY id").all();
  expect(rows.map(({ event }) => event)).toEqual(["ord_1:1", null, null, null]);
});

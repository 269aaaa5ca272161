/**
 * The migration that takes the buyer out of orders that were cancelled before they were booked.
 */
import { readFileSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";

const FOLDER = new URL("../../../queues/migrations/", import.meta.url);

test("the buyer stays with booked orders only, also with those that were cancelled later", () => {
  const book = new DatabaseSync(":memory:");
  const names = readdirSync(FOLDER).toSorted();
  const own = names.findIndex((name) => name.includes("unbooked_orders"));
  const run = (name: string) => book.exec(readFileSync(new URL(name, FOLDER), "utf8"));
  names.slice(0, own).forEach(run);
  const insert = book.prepare(
    `INSERT INTO bookings (order_id, reference, sale, status, total, currency, lines, email, name,
       ship_to, bill_to, phone, delivery, booked_ms, cancelled_ms)
     VALUES (?, 'B-1', 'sale', ?, 1, 'EUR', '[]', 'ann@shop.example', 'Ann', '{}', '{}', '+49',
       '{}', 1000, ?)`,
  );
  insert.run("booked", "booked", null);
  insert.run("cancelled", "cancelled", 2000);
  insert.run("unbooked", "cancelled", 1000);
  names.slice(own).forEach(run);
  const rows = book
    .prepare(
      `SELECT order_id FROM bookings WHERE email <> '' AND name IS NOT NULL AND ship_to IS NOT NULL
         AND bill_to IS NOT NULL AND phone IS NOT NULL AND delivery IS NOT NULL ORDER BY order_id`,
    )
    .all();
  expect(rows.map((row) => row["order_id"])).toEqual(["booked", "cancelled"]);
  const kept = "email <> '' OR coalesce(name, ship_to, bill_to, phone, delivery) IS NOT NULL";
  const count = book.prepare(`SELECT count(*) AS n FROM bookings WHERE ${kept}`).get();
  expect(count).toEqual({ n: 2 });
});

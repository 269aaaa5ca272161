/**
 * The order book of versions before orders could be searched: the migration finds their SKUs, and
 * leaves their addresses to the cron.
 */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";

function migration(name: string): string {
  const url = new URL(`../../../queues/migrations/${name}.sql`, import.meta.url);
  return readFileSync(url, "utf8");
}

test("orders of before keep their rows, are found by SKU, and by address in any case", () => {
  const book = new DatabaseSync(":memory:");
  for (const name of ["0001_order_book", "0002_webhooks", "0003_retention"]) {
    book.exec(migration(name));
  }
  const insert = book.prepare(
    `INSERT INTO orders VALUES (?, 'air-one', 'confirmed', 1, 1, 'EUR', ?, NULL, ?, ?, 1)`,
  );
  const lines = (...skus: string[]) => JSON.stringify(skus.map((sku) => ({ sku, quantity: 1 })));
  insert.run("ord_1", "Ann@Shoppers.Example", lines("SHOE", "SOCK", "SHOE"), 1000);
  insert.run("ord_2", "ben@shoppers.example", lines("SOCK"), 2000);
  const rows = () => {
    const columns = "id, sale, state, version, total, currency, email, reason, lines";
    return book.prepare(`SELECT ${columns}, placed_ms, updated_ms FROM orders`).all();
  };
  const before = rows();
  book.exec(migration("0004_order_search"));
  expect(rows()).toEqual(before);
  const skus = book.prepare("SELECT sku, placed_ms, order_id FROM order_skus").all();
  expect(skus.map((row) => Object.values(row))).toEqual([
    ["SHOE", 1000, "ord_1"],
    ["SOCK", 1000, "ord_1"],
    ["SOCK", 2000, "ord_2"],
  ]);
  const byEmail = book.prepare(
    "SELECT id FROM orders WHERE coalesce(email_normalised, lower(email)) = ?",
  );
  expect(byEmail.all("ann@shoppers.example").map(({ id }) => id)).toEqual(["ord_1"]);
});

/**
 * What a SkuStock forgets: the buyer of an order, and a sale that was deleted.
 *
 * Guarantee: no unit moves and no row of the ledger changes, unless the last sale that names the
 * SKU is deleted, and the units with it. Called in a transaction; safe to repeat.
 */
import type { ReservationKey } from "../../src/domain/stock/stock-ledger.ts";

const TABLES = [
  "ledger",
  "reservations",
  "movements",
  "from_holds",
  "first_holds",
  "identities",
  "restocks",
  "watchers",
  "unpaid_units",
  "unpaid_lapses",
];

/** Renames the buyer of an order, and deletes what they are counted by beside the name. */
export function forgetBuyer(
  sql: SqlStorage,
  { sale, buyer, id }: ReservationKey,
  as: string,
): void {
  for (const table of ["reservations", "from_holds", "restocks"]) {
    const renamed = `UPDATE ${table} SET buyer = ? WHERE sale = ? AND buyer = ? AND id = ?`;
    sql.exec(renamed, as, sale, buyer, id);
  }
  sql.exec("DELETE FROM identities WHERE sale = ? AND id = ?", sale, id);
  const others = "SELECT 1 FROM reservations WHERE sale = ? AND buyer = ? LIMIT 1";
  if (sql.exec(others, sale, buyer).toArray().length > 0) return;
  sql.exec("DELETE FROM first_holds WHERE sale = ? AND buyer = ?", sale, buyer);
}

/**
 * The sale does not name the SKU any more. Without another one that does, the units are deleted
 * with it; else they stay, and only what buyers of the sale were counted by is deleted.
 * @param keeps the units stay in any case
 */
export function forgetSale(sql: SqlStorage, sale: string, keeps: boolean): "deleted" | "kept" {
  sql.exec("DELETE FROM watchers WHERE sale = ?", sale);
  sql.exec("DELETE FROM unpaid_lapses WHERE sale = ?", sale);
  if (keeps || sql.exec("SELECT 1 FROM watchers LIMIT 1").toArray().length > 0) {
    sql.exec("DELETE FROM identities WHERE sale = ?", sale);
    sql.exec("DELETE FROM first_holds WHERE sale = ?", sale);
    return "kept";
  }
  for (const table of TABLES) sql.exec(`DELETE FROM ${table}`);
  return "deleted";
}

/** Units of a sale that orders in progress own. */
export function orderedBy(sql: SqlStorage, sale: string): number {
  const sum = `SELECT coalesce(sum(quantity), 0) AS units FROM reservations
    WHERE sale = ? AND state = 'ordered'`;
  return sql.exec<{ units: number }>(sum, sale).one().units;
}

/** The ids of a buyer's reservations: orders, and admissions of carts. */
export function reservedBy(sql: SqlStorage, sale: string, buyer: string): string[] {
  const ids = "SELECT id FROM reservations WHERE sale = ? AND buyer = ?";
  return sql
    .exec<{ id: string }>(ids, sale, buyer)
    .toArray()
    .map(({ id }) => id);
}

/**
 * The rows of a SkuStock about unpaid units: the groups of each reservation that is held or
 * ordered, and the lapses of groups (`src/domain/stock/unpaid.ts`).
 *
 * Guarantee: written in the transaction of the change that they belong to. A row of groups goes
 * with its reservation's end, and lapses that count no longer are deleted, so that no digest of a
 * network is kept for longer than it is needed. The rows are read once, when the object starts.
 * Not for: what older versions write; their reservations have no groups, and are not counted.
 */
import { UNPAID_LAPSES_COUNTED_MS } from "../../src/domain/limits.ts";
import type { GroupLapses, Lapses } from "../../src/domain/stock/lapses.ts";
import type {
  Reservation,
  ReservationKey,
  StockChange,
} from "../../src/domain/stock/stock-ledger.ts";
import { readGroups, UnpaidIndex } from "../../src/domain/stock/unpaid-index.ts";
import { upsert } from "../upsert.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS unpaid_units (
    sale TEXT NOT NULL, buyer TEXT NOT NULL, id TEXT NOT NULL, groups_json TEXT NOT NULL,
    PRIMARY KEY (sale, buyer, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS unpaid_lapses (
    sale TEXT NOT NULL, group_name TEXT NOT NULL, count INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    PRIMARY KEY (sale, group_name)
  ) WITHOUT ROWID;
`;

const PUT_UNITS = upsert("unpaid_units", "sale, buyer, id", "groups_json");
const PUT_LAPSES = upsert("unpaid_lapses", "sale, group_name", "count, last_ms");

type UnpaidRecord = { sale: string; buyer: string; id: string; groups_json: string };

export class UnpaidTables {
  readonly #sql: SqlStorage;
  readonly #index = new UnpaidIndex();
  #sweptAt_ms = 0;

  /** @param reservation as it is stored, without its groups */
  constructor(sql: SqlStorage, reservation: (key: ReservationKey) => Reservation | null) {
    this.#sql = sql;
    this.#sql.exec(SCHEMA);
    const rows = sql.exec<UnpaidRecord>("SELECT * FROM unpaid_units").toArray();
    for (const { groups_json, ...key } of rows) {
      const found = reservation(key);
      const groups = readGroups(groups_json);
      if (found !== null) this.#index.put({ ...found, groups });
      // What an older version ended.
      if (this.#index.get(key) === null) this.#delete(key);
    }
  }

  under(sale: string, group: string): Reservation[] {
    return this.#index.under(sale, group);
  }

  withGroups(reservation: Reservation): Reservation {
    const groups = this.#index.get(reservation)?.groups;
    return groups === undefined ? reservation : { ...reservation, groups };
  }

  lapsesOf(sale: string, group: string): Lapses | null {
    const query = "SELECT count, last_ms FROM unpaid_lapses WHERE sale = ? AND group_name = ?";
    return (
      this.#sql.exec<{ count: number; last_ms: number }>(query, sale, group).toArray()[0] ?? null
    );
  }

  /** Within the transaction of the change. */
  write({ put, removed, lapses }: StockChange): void {
    for (const key of removed) if (this.#index.get(key) !== null) this.#delete(key);
    for (const item of put) {
      const before = this.#index.get(item)?.groups;
      if (item.groups === undefined) {
        if (before !== undefined) this.#delete(item);
        continue;
      }
      const groups_json = JSON.stringify(item.groups);
      if (before !== undefined && JSON.stringify(before) === groups_json) continue;
      const { sale, buyer, id } = item;
      this.#sql.exec(PUT_UNITS, sale, buyer, id, groups_json);
    }
    for (const lapse of lapses) this.#lapse(lapse);
  }

  /** The change is stored. */
  remember({ put, removed }: StockChange): void {
    for (const key of removed) this.#index.remove(key);
    for (const item of put) this.#index.put(item);
  }

  #lapse({ sale, group, count, last_ms }: GroupLapses): void {
    if (last_ms - this.#sweptAt_ms >= UNPAID_LAPSES_COUNTED_MS) {
      this.#sweptAt_ms = last_ms;
      const oldest_ms = last_ms - UNPAID_LAPSES_COUNTED_MS;
      this.#sql.exec("DELETE FROM unpaid_lapses WHERE last_ms <= ?", oldest_ms);
    }
    this.#sql.exec(PUT_LAPSES, sale, group, count, last_ms);
  }

  #delete({ sale, buyer, id }: ReservationKey): void {
    const statement = "DELETE FROM unpaid_units WHERE sale = ? AND buyer = ? AND id = ?";
    this.#sql.exec(statement, sale, buyer, id);
  }
}

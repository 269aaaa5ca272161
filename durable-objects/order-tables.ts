/**
 * The tables of one Order: its record, its history and its outbox.
 *
 * Guarantee: `save` makes the record, the history line and everything the change owes to others
 * durable in one transaction. An outbox row is deleted only after its effect was acknowledged.
 */
import { reasonOf } from "../src/domain/order-messages.ts";
import type { OrderEffect } from "../src/domain/order-transition.ts";
import { orderRecordSchema, type OrderRecord } from "../src/domain/order.ts";
import type { OrderStore } from "./order-surroundings.ts";
import { owedOf, owedSchema, type OutboxRow } from "./order-outbox.ts";

/** The outbox may count a number again: once its row is gone, nobody remembers it. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS record (
    only INTEGER PRIMARY KEY CHECK (only = 1), value TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS history (
    version INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT
  );
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY, effect TEXT NOT NULL,
    tries INTEGER NOT NULL, not_before_ms INTEGER NOT NULL
  );
`;

export interface HistoryRow {
  readonly version: number;
  readonly at_ms: number;
  readonly state: string;
  readonly reason: string | null;
}

export class OrderTables implements OrderStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  record(): OrderRecord | null {
    const row = this.#sql.exec<{ value: string }>("SELECT value FROM record").toArray()[0];
    return row === undefined ? null : orderRecordSchema.parse(JSON.parse(row.value));
  }

  save(record: OrderRecord, effects: readonly OrderEffect[]): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec("INSERT OR REPLACE INTO record VALUES (1, ?)", JSON.stringify(record));
      this.#sql.exec(
        "INSERT OR IGNORE INTO history VALUES (?, ?, ?, ?)",
        record.version,
        record.updatedAt_ms,
        record.standing.state,
        reasonOf(record.standing),
      );
      for (const effect of effects) {
        const owed = owedOf(record, effect);
        this.#sql.exec(
          "INSERT INTO outbox (effect, tries, not_before_ms) VALUES (?, 0, 0)",
          JSON.stringify(owed),
        );
      }
    });
  }

  history(): HistoryRow[] {
    return this.#sql
      .exec<{ version: number; at_ms: number; state: string; reason: string | null }>(
        "SELECT * FROM history ORDER BY version",
      )
      .toArray();
  }

  outbox(): OutboxRow[] {
    return this.#sql
      .exec<{ seq: number; effect: string; tries: number; not_before_ms: number }>(
        "SELECT * FROM outbox ORDER BY seq",
      )
      .toArray()
      .map(({ seq, effect, tries, not_before_ms }) => {
        const owed = owedSchema.parse(JSON.parse(effect));
        return { seq, owed, tries, notBefore_ms: not_before_ms };
      });
  }

  done(seq: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE seq = ?", seq);
  }

  postpone(seq: number, until_ms: number): void {
    this.#sql.exec(
      "UPDATE outbox SET tries = tries + 1, not_before_ms = ? WHERE seq = ?",
      until_ms,
      seq,
    );
  }
}

/**
 * The tables of one RedisBridge: the transfers of its SKU by name, and the levels to be mirrored.
 *
 * Guarantee: every write is one row, durable before the answer. Rows are parsed when they are read;
 * an unreadable row is a bug and throws.
 */
import { type Transfer, transferName } from "../../src/domain/stock/allotment.ts";
import type { StockLevel } from "../../src/domain/stock/stock-ledger.ts";
import { upsert } from "../upsert.ts";
import { BRIDGE_READERS, type Mirror } from "./bridge-readers.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS transfers (
    name TEXT PRIMARY KEY, started_ms INTEGER NOT NULL, due_ms INTEGER, transfer TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mirror (
    one INTEGER PRIMARY KEY CHECK (one = 1), mirror TEXT NOT NULL
  );
`;

const PUT_TRANSFER = upsert("transfers", "name", "started_ms, due_ms, transfer");
const PUT_MIRROR = upsert("mirror", "one", "mirror");

const NEVER_MIRRORED = { mirroredSeq: 0, due_ms: 0, failures: 0, problem: null };

export class BridgeTables {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  transfer(name: string): Transfer | null {
    const row = this.#sql
      .exec<{ transfer: string }>("SELECT transfer FROM transfers WHERE name = ?", name)
      .toArray()[0];
    return row === undefined ? null : BRIDGE_READERS.transfer.parse(JSON.parse(row.transfer));
  }

  put(transfer: Transfer): void {
    this.#sql.exec(
      PUT_TRANSFER,
      transferName(transfer),
      transfer.startedAt_ms,
      transfer.due_ms,
      JSON.stringify(transfer),
    );
  }

  /** In order of their start. */
  transfers(): Transfer[] {
    return this.#sql
      .exec<{ transfer: string }>("SELECT transfer FROM transfers ORDER BY started_ms, name")
      .toArray()
      .map(({ transfer }) => BRIDGE_READERS.transfer.parse(JSON.parse(transfer)));
  }

  transferCount(): number {
    return this.#sql.exec<{ n: number }>("SELECT COUNT(*) AS n FROM transfers").one().n;
  }

  dueNames(now: number): string[] {
    return this.#sql
      .exec<{ name: string }>("SELECT name FROM transfers WHERE due_ms <= ? ORDER BY due_ms", now)
      .toArray()
      .map(({ name }) => name);
  }

  nextDue_ms(): number | null {
    const { due } = this.#sql
      .exec<{ due: number | null }>("SELECT MIN(due_ms) AS due FROM transfers")
      .one();
    return due;
  }

  mirror(): Mirror | null {
    const row = this.#sql.exec<{ mirror: string }>("SELECT mirror FROM mirror").toArray()[0];
    return row === undefined ? null : BRIDGE_READERS.mirror.parse(JSON.parse(row.mirror));
  }

  /** Keeps the newest levels only, because older ones are of no use to Redis. */
  noteLevel(level: StockLevel, at_ms: number): void {
    const kept = this.mirror();
    if (kept !== null && kept.level.seq >= level.seq) return;
    this.putMirror({ ...(kept ?? { v: 1, ...NEVER_MIRRORED }), level, at_ms });
  }

  putMirror(mirror: Mirror): void {
    this.#sql.exec(PUT_MIRROR, 1, JSON.stringify(mirror));
  }
}

/**
 * The storage of one Order: its record, its history and its outbox, as one document in one row.
 *
 * Guarantee: `save` makes the record, the history line and new outbox messages durable in one
 * write. A message leaves the document only after it was acknowledged. One row, because every order
 * has its own object and pays for each table and statement.
 * Not for queries: merchants search the order book.
 *
 * The table is created by the first write, because requests with invented ids also reach an object:
 * the platform drops one that stores nothing, but would keep one with an empty table.
 */
import { z } from "zod";
import { historyLineSchema, withLine, type HistoryLine } from "../../src/domain/order/history.ts";
import { readStored, storedReader } from "../../src/encoding/stored-reader.ts";
import { isErased, lineWithoutReason } from "../../src/domain/order/erasure.ts";
import type { OrderEffect } from "../../src/domain/order/transition.ts";
import type { OrderRecord } from "../../src/domain/order/order.ts";
import {
  outboxMessageOf,
  rowWithoutBuyer,
  settledRows,
  type OrderStore,
  type OutboxRow,
  type Settled,
} from "./ports.ts";
import { upsert } from "../upsert.ts";
import { knownMessage, ORDER_READERS } from "./order-readers.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS record (
  only INTEGER PRIMARY KEY CHECK (only = 1), value TEXT NOT NULL
)`;

const KINDS_SINCE_02: ReadonlySet<string> = new Set(["restock", "discount"]);

const isFirst = (stored: unknown): boolean =>
  z.object({ v: z.literal(1) }).safeParse(stored).success;

const PUT_RECORD = upsert("record", "only", "value");

interface Kept {
  readonly record: OrderRecord;
  readonly history: readonly HistoryLine[];
  readonly outbox: readonly OutboxRow[];
  /** The version, and fields of newer releases. */
  readonly rest?: Readonly<Record<string, unknown>>;
}

export class OrderTables implements OrderStore {
  readonly #sql: SqlStorage;
  #isMade: boolean;
  /** What is stored, but for rows that were sent since: those are written with the next save. */
  #kept: Kept | null;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    const found = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'record'");
    this.#isMade = found.toArray().length > 0;
    this.#kept = this.#isMade ? this.#read() : null;
  }

  #read(): Kept | null {
    const row = this.#sql.exec<{ value: string }>("SELECT value FROM record").toArray()[0];
    if (row === undefined) return null;
    const stored: unknown = JSON.parse(row.value);
    if (isFirst(stored)) {
      const record = readStored(ORDER_READERS.first, stored, "order");
      return { record, history: this.#firstHistory(), outbox: this.#firstOutbox() };
    }
    const document = readStored(ORDER_READERS.document, stored, "order");
    const { record, history, outbox, outboxSince02, ...rest } = document;
    const rows = [...outbox, ...outboxSince02].toSorted((one, other) => one.seq - other.seq);
    return { record, history, outbox: rows, rest };
  }

  #firstHistory(): HistoryLine[] {
    const rows = this.#sql.exec("SELECT * FROM history ORDER BY version").toArray();
    return storedReader(z.array(historyLineSchema)).parse(rows);
  }

  #firstOutbox(): OutboxRow[] {
    const rows = this.#sql.exec<{
      seq: number;
      effect: string;
      tries: number;
      not_before_ms: number;
    }>("SELECT * FROM outbox ORDER BY seq");
    return rows.toArray().map(({ seq, effect, tries, not_before_ms }) => {
      return {
        seq,
        owed: knownMessage.parse(JSON.parse(effect)),
        tries,
        notBefore_ms: not_before_ms,
      };
    });
  }

  /** For a restore, which writes the row itself. */
  prepare(): void {
    this.#sql.exec(SCHEMA);
  }

  record(): OrderRecord | null {
    return this.#kept?.record ?? null;
  }

  history(): readonly HistoryLine[] {
    return this.#kept?.history ?? [];
  }

  outbox(): readonly OutboxRow[] {
    return this.#kept?.outbox ?? [];
  }

  save(record: OrderRecord, effects: readonly OrderEffect[]): void {
    const history = withLine(this.history(), record);
    const outbox = [...this.outbox()];
    for (const effect of effects) {
      // Reusing the number of a removed row is safe, because nothing refers to it any more.
      const seq = (outbox.at(-1)?.seq ?? 0) + 1;
      outbox.push({ seq, owed: outboxMessageOf(record, effect), tries: 0, notBefore_ms: 0 });
    }
    const rest = this.#kept?.rest ?? {};
    if (!isErased(record)) this.#write({ record, history, outbox, rest });
    else {
      const [lines, rows] = [history.map(lineWithoutReason), outbox.map(rowWithoutBuyer)];
      this.#write({ record, history: lines, outbox: rows, rest });
    }
  }

  settle(settled: Settled): void {
    if (this.#kept === null) return;
    this.#write({ ...this.#kept, outbox: settledRows(this.#kept.outbox, settled) });
  }

  settleLater(settled: Settled): void {
    if (this.#kept === null) return;
    this.#kept = { ...this.#kept, outbox: settledRows(this.#kept.outbox, settled) };
  }

  #write(kept: Kept): void {
    if (!this.#isMade) this.#sql.exec(SCHEMA);
    this.#isMade = true;
    const isNew = ({ owed }: OutboxRow): boolean => KINDS_SINCE_02.has(owed.kind);
    const newer = kept.outbox.filter(isNew);
    const { record, history, rest } = kept;
    const document = {
      v: 2,
      ...rest,
      record,
      history,
      outbox: kept.outbox.filter((row) => !isNew(row)),
      ...(newer.length === 0 ? {} : { outboxSince02: newer }),
    };
    this.#sql.exec(PUT_RECORD, 1, JSON.stringify(document));
    this.#kept = kept;
  }
}

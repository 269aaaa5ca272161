/**
 * The tables of one SkuStock, and the ledger that the domain reads.
 *
 * Guarantee: `write` stores a whole change in one synchronous transaction. The last ledger row has
 * the counters, so no second copy can disagree. Only rows with a due instant are indexed, because
 * each index entry is billed as a row written.
 */
import { ORDERED_AUDIT_MS } from "../../src/domain/limits.ts";
import {
  EMPTY_COUNTERS,
  type LedgerRow,
  type Movement,
  type Reservation,
  type ReservationKey,
  type ReservationStanding,
  type StockChange,
  type StockCounters,
} from "../../src/domain/stock/stock-ledger.ts";
import type { StockStore } from "./stock-core.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,
    quantity INTEGER NOT NULL, reservation TEXT NOT NULL,
    received INTEGER NOT NULL, available INTEGER NOT NULL, held INTEGER NOT NULL,
    ordered INTEGER NOT NULL, sold INTEGER NOT NULL, buffer INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS reservations (
    sale TEXT NOT NULL, buyer TEXT NOT NULL, id TEXT NOT NULL,
    state TEXT NOT NULL, quantity INTEGER NOT NULL,
    since_ms INTEGER NOT NULL, due_ms INTEGER,
    PRIMARY KEY (sale, buyer, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS reservations_due ON reservations (due_ms) WHERE due_ms IS NOT NULL;
  CREATE TABLE IF NOT EXISTS movements (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, quantity INTEGER NOT NULL, reason TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS watchers (sale TEXT PRIMARY KEY, sku TEXT NOT NULL) WITHOUT ROWID;
`;

type LedgerRecord = {
  seq: number;
  at_ms: number;
  kind: LedgerRow["kind"];
  quantity: number;
  reservation: string;
  received: number;
  available: number;
  held: number;
  ordered: number;
  sold: number;
  buffer: number;
};

type ReservationRecord = {
  sale: string;
  buyer: string;
  id: string;
  state: ReservationStanding["state"];
  quantity: number;
  since_ms: number;
  due_ms: number | null;
};

function reservationOf(row: ReservationRecord): Reservation {
  const { sale, buyer, id, quantity } = row;
  const key = { sale, buyer, id, quantity };
  switch (row.state) {
    case "held":
      return { ...key, standing: { state: "held", deadline_ms: row.due_ms ?? row.since_ms } };
    case "ordered":
      return { ...key, standing: { state: "ordered", orderedAt_ms: row.since_ms } };
    case "sold":
    case "released":
      return { ...key, standing: { state: row.state } };
  }
}

/** When the standing began, and when it is due to expire or to be audited (null: never). */
function instantsOf(standing: ReservationStanding): { since_ms: number; due_ms: number | null } {
  switch (standing.state) {
    case "held":
      return { since_ms: standing.deadline_ms, due_ms: standing.deadline_ms };
    case "ordered": {
      const since_ms = standing.orderedAt_ms;
      return { since_ms, due_ms: since_ms + ORDERED_AUDIT_MS };
    }
    case "sold":
    case "released":
      return { since_ms: 0, due_ms: null };
  }
}

interface BuyersReservations {
  readonly sale: string;
  readonly buyer: string;
  readonly items: readonly Reservation[];
}

export class StockTables implements StockStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;
  #counters: StockCounters = EMPTY_COUNTERS;
  #lastSeq = 0;
  /**
   * Nothing is due before this instant; null: nothing is due at all. It may be too early, when the
   * earliest row was removed, but never too late, so commands before it need not query due rows.
   */
  #quietUntil_ms: number | null = 0;
  /** The cache of the last read; a write clears it. */
  #read: BuyersReservations | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    const last = this.ledgerDescending(1)[0];
    if (last !== undefined) {
      const { received, available, held, ordered, sold, buffer, seq } = last;
      this.#counters = { received, available, held, ordered, sold, buffer };
      this.#lastSeq = seq;
    }
  }

  counters(): StockCounters {
    return this.#counters;
  }

  lastSeq(): number {
    return this.#lastSeq;
  }

  reservation({ sale, buyer, id }: ReservationKey): Reservation | null {
    return this.#reservationsOf(sale, buyer).find((item) => item.id === id) ?? null;
  }

  takenBy(sale: string, buyer: string): number {
    return this.#reservationsOf(sale, buyer)
      .filter(({ standing }) => standing.state !== "released")
      .reduce((taken, { quantity }) => taken + quantity, 0);
  }

  /** Read once, because a command needs several of one buyer's few reservations. */
  #reservationsOf(sale: string, buyer: string): readonly Reservation[] {
    if (this.#read?.sale === sale && this.#read.buyer === buyer) return this.#read.items;
    const items = this.#sql
      .exec<ReservationRecord>(
        "SELECT * FROM reservations WHERE sale = ? AND buyer = ?",
        sale,
        buyer,
      )
      .toArray()
      .map(reservationOf);
    this.#read = { sale, buyer, items };
    return items;
  }

  dueHolds(now: number): readonly Reservation[] {
    return this.#due("held", now);
  }

  /** Units owned by an order for `ORDERED_AUDIT_MS` since they were ordered or last audited. */
  dueAudits(now: number): readonly Reservation[] {
    return this.#due("ordered", now);
  }

  #due(state: "held" | "ordered", now: number): Reservation[] {
    if (this.#quietUntil_ms === null || now < this.#quietUntil_ms) return [];
    return this.#sql
      .exec<ReservationRecord>(
        "SELECT * FROM reservations WHERE due_ms <= ? AND state = ? ORDER BY due_ms",
        now,
        state,
      )
      .toArray()
      .map(reservationOf);
  }

  /** The earliest instant at which a hold or an audit may be due; null without one. */
  nextDue_ms(now: number): number | null {
    if (this.#quietUntil_ms !== null && this.#quietUntil_ms <= now) {
      this.#quietUntil_ms = this.#sql
        .exec<{ due: number | null }>(
          "SELECT MIN(due_ms) AS due FROM reservations WHERE due_ms IS NOT NULL",
        )
        .one().due;
    }
    return this.#quietUntil_ms;
  }

  postponeAudit({ sale, buyer, id }: ReservationKey, until_ms: number): void {
    this.#read = null;
    this.#sql.exec(
      `UPDATE reservations SET due_ms = ?
       WHERE sale = ? AND buyer = ? AND id = ? AND state = 'ordered'`,
      until_ms,
      sale,
      buyer,
      id,
    );
  }

  movement(id: string): Movement | null {
    const rows = this.#sql.exec<{
      id: string;
      kind: Movement["kind"];
      quantity: number;
      reason: string;
    }>("SELECT * FROM movements WHERE id = ?", id);
    return rows.toArray()[0] ?? null;
  }

  /** Ledger rows in order, after `after`. */
  ledger(after: number, limit: number): LedgerRow[] {
    return this.#sql
      .exec<LedgerRecord>("SELECT * FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
      .toArray();
  }

  private ledgerDescending(limit: number): LedgerRow[] {
    return this.#sql
      .exec<LedgerRecord>("SELECT * FROM ledger ORDER BY seq DESC LIMIT ?", limit)
      .toArray();
  }

  watchers(): { sale: string; sku: string }[] {
    return this.#sql.exec<{ sale: string; sku: string }>("SELECT * FROM watchers").toArray();
  }

  watch(sale: string, sku: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO watchers (sale, sku) VALUES (?, ?)", sale, sku);
  }

  write(change: StockChange): void {
    if (change.rows.length + change.put.length + change.removed.length === 0) {
      if (change.movement === null) return;
    }
    this.#read = null;
    this.#storage.transactionSync(() => {
      for (const row of change.rows) this.#append(row);
      for (const { sale, buyer, id } of change.removed) {
        this.#sql.exec(
          "DELETE FROM reservations WHERE sale = ? AND buyer = ? AND id = ?",
          sale,
          buyer,
          id,
        );
      }
      for (const item of change.put) this.#put(item);
      if (change.movement !== null) {
        const { id, kind, quantity, reason } = change.movement;
        this.#sql.exec("INSERT INTO movements VALUES (?, ?, ?, ?)", id, kind, quantity, reason);
      }
    });
    this.#counters = change.counters;
    this.#lastSeq = change.rows.at(-1)?.seq ?? this.#lastSeq;
  }

  #append(row: LedgerRow): void {
    this.#sql.exec(
      "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.seq,
      row.at_ms,
      row.kind,
      row.quantity,
      row.reservation,
      row.received,
      row.available,
      row.held,
      row.ordered,
      row.sold,
      row.buffer,
    );
  }

  #put(item: Reservation): void {
    const { since_ms, due_ms } = instantsOf(item.standing);
    if (due_ms !== null) this.#quietUntil_ms = Math.min(this.#quietUntil_ms ?? due_ms, due_ms);
    this.#sql.exec(
      "INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?)",
      item.sale,
      item.buyer,
      item.id,
      item.standing.state,
      item.quantity,
      since_ms,
      due_ms,
    );
  }
}

/**
 * The tables of one SkuStock, and the ledger that the domain reads.
 *
 * Guarantee: `write` stores a whole change in one synchronous transaction. The last ledger row has
 * the counters, so no second copy can disagree. Only rows with a due instant are indexed, because
 * each index entry is billed as a row written.
 * What came after `reservations` has tables of its own, because releases before 0.1.0 inserted into
 * it by position; such a release leaves them alone. So an identity's units are
 * always counted from `reservations`, which every version writes.
 */
import {
  changesNothing,
  EMPTY_COUNTERS,
  unitsTaken,
  type IdentityClaim,
  type LedgerRow,
  type Movement,
  type Reservation,
  type ReservationKey,
  type Restock,
  type StockChange,
  type StockCounters,
} from "../../src/domain/stock/stock-ledger.ts";
import type { Lapses } from "../../src/domain/stock/lapses.ts";
import { forgetBuyer, forgetSale } from "./forgetting.ts";
import type { StockStore } from "./stock-core.ts";
import {
  instantsOf,
  reservationOf,
  withFromHold,
  type OrderRecord,
  type ReservationRecord,
} from "./reservation-rows.ts";
import { UnpaidTables } from "./unpaid-tables.ts";
import { upsert } from "../upsert.ts";

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
  CREATE TABLE IF NOT EXISTS from_holds (
    sale TEXT NOT NULL, buyer TEXT NOT NULL, id TEXT NOT NULL,
    units INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,
    PRIMARY KEY (sale, buyer, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS first_holds (
    sale TEXT NOT NULL, buyer TEXT NOT NULL, until_ms INTEGER, PRIMARY KEY (sale, buyer)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS identities (
    sale TEXT NOT NULL, identity TEXT NOT NULL, buyer TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (sale, identity, buyer, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS restocks (
    restock_id TEXT PRIMARY KEY, sale TEXT NOT NULL, buyer TEXT NOT NULL, id TEXT NOT NULL,
    quantity INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS watchers (sale TEXT PRIMARY KEY, sku TEXT NOT NULL) WITHOUT ROWID;
`;

const OF_RESERVATION = "sale, buyer, id";
const PUT = {
  reservation: upsert("reservations", OF_RESERVATION, "state, quantity, since_ms, due_ms"),
  fromHold: upsert("from_holds", OF_RESERVATION, "units, deadline_ms"),
  firstHold: upsert("first_holds", "sale, buyer", "until_ms"),
};
const ADD = {
  movement: "INSERT INTO movements (id, kind, quantity, reason) VALUES (?, ?, ?, ?)",
  row: `INSERT INTO ledger (seq, at_ms, kind, quantity, reservation, received, available, held,
    ordered, sold, buffer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
};

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

interface BuyersReservations {
  readonly sale: string;
  readonly buyer: string;
  readonly items: readonly Reservation[];
}

export class StockTables implements StockStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;
  readonly #unpaid: UnpaidTables;
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
    this.#unpaid = new UnpaidTables(storage.sql, (key) => this.#stored(key));
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

  #stored({ sale, buyer, id }: ReservationKey): Reservation | null {
    const query = "SELECT * FROM reservations WHERE sale = ? AND buyer = ? AND id = ?";
    const [row] = this.#sql.exec<ReservationRecord>(query, sale, buyer, id).toArray();
    return row === undefined ? null : reservationOf(row);
  }

  unpaidUnder(sale: string, group: string): readonly Reservation[] {
    return this.#unpaid.under(sale, group);
  }

  lapsesOf(sale: string, group: string): Lapses | null {
    return this.#unpaid.lapsesOf(sale, group);
  }

  takenBy(sale: string, buyer: string): number {
    return this.#reservationsOf(sale, buyer).reduce((taken, item) => taken + unitsTaken(item), 0);
  }

  firstHoldEnd_ms(sale: string, buyer: string): number | null {
    const query = "SELECT until_ms FROM first_holds WHERE sale = ? AND buyer = ?";
    const [row] = this.#sql.exec<{ until_ms: number | null }>(query, sale, buyer).toArray();
    return row?.until_ms ?? null;
  }

  claimsOf(sale: string, identity: string): readonly Reservation[] {
    return this.#sql
      .exec<ReservationRecord>(
        `SELECT reservations.* FROM identities JOIN reservations USING (sale, buyer, id)
         WHERE identities.sale = ? AND identity = ?`,
        sale,
        identity,
      )
      .toArray()
      .map(reservationOf);
  }

  /** Read once, because a command needs several of one buyer's few reservations. */
  #reservationsOf(sale: string, buyer: string): readonly Reservation[] {
    if (this.#read?.sale === sale && this.#read.buyer === buyer) return this.#read.items;
    const items = this.#sql
      .exec<OrderRecord>(
        `SELECT reservations.*, units, deadline_ms
         FROM reservations LEFT JOIN from_holds USING (sale, buyer, id)
         WHERE reservations.sale = ? AND reservations.buyer = ?`,
        sale,
        buyer,
      )
      .toArray()
      .map((row) => this.#unpaid.withGroups(withFromHold(row)));
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
      .map((row) => this.#unpaid.withGroups(reservationOf(row)));
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

  restock(restockId: string): Restock | null {
    const [row] = this.#sql
      .exec<{ restock_id: string; sale: string; buyer: string; id: string; quantity: number }>(
        "SELECT * FROM restocks WHERE restock_id = ?",
        restockId,
      )
      .toArray();
    if (row === undefined) return null;
    const { restock_id, ...restock } = row;
    return { ...restock, restockId: restock_id };
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

  forgetBuyer(key: ReservationKey, as: string): void {
    this.#read = null;
    this.#storage.transactionSync(() => forgetBuyer(this.#sql, key, as));
  }

  /** @param keeps the units stay in any case */
  forgetSale(sale: string, keeps: boolean): "deleted" | "kept" {
    this.#read = null;
    const left = this.#storage.transactionSync(() => forgetSale(this.#sql, sale, keeps));
    if (left === "kept") return left;
    this.#counters = EMPTY_COUNTERS;
    this.#lastSeq = 0;
    this.#quietUntil_ms = 0;
    return left;
  }

  write(change: StockChange): void {
    if (changesNothing(change)) return;
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
      this.#unpaid.write(change);
      if (change.movement !== null) {
        const { id, kind, quantity, reason } = change.movement;
        this.#sql.exec(ADD.movement, id, kind, quantity, reason);
      }
      for (const claim of change.claims) this.#claim(claim);
      if (change.restock !== null) this.#rememberRestock(change.restock);
      if (change.firstHold !== null) {
        const { sale, buyer, until_ms } = change.firstHold;
        this.#sql.exec(PUT.firstHold, sale, buyer, until_ms);
      }
    });
    this.#unpaid.remember(change);
    this.#counters = change.counters;
    this.#lastSeq = change.rows.at(-1)?.seq ?? this.#lastSeq;
  }

  #append(row: LedgerRow): void {
    this.#sql.exec(
      ADD.row,
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
      PUT.reservation,
      item.sale,
      item.buyer,
      item.id,
      item.standing.state,
      item.quantity,
      since_ms,
      due_ms,
    );
    // Written once, with the order: selling or releasing it changes nothing about its origin.
    if (item.fromHold !== undefined && item.standing.state === "ordered") {
      const { quantity, deadline_ms } = item.fromHold;
      this.#sql.exec(PUT.fromHold, item.sale, item.buyer, item.id, quantity, deadline_ms);
    }
  }

  #claim({ sale, buyer, id, identity }: IdentityClaim): void {
    this.#sql.exec(
      "INSERT INTO identities (sale, identity, buyer, id) VALUES (?, ?, ?, ?)",
      sale,
      identity,
      buyer,
      id,
    );
  }

  #rememberRestock({ restockId, sale, buyer, id, quantity }: Restock): void {
    this.#sql.exec(
      "INSERT INTO restocks (restock_id, sale, buyer, id, quantity) VALUES (?, ?, ?, ?, ?)",
      restockId,
      sale,
      buyer,
      id,
      quantity,
    );
  }
}

/**
 * The rows of one WaitingRoom in SQLite.
 *
 * Guarantee: what is read back was parsed by zod once; the room's state and its document are one
 * JSON row each, because they change as a whole. A manifest is never changed once written.
 */
import { z } from "zod";
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import type { CohortManifest } from "../../src/domain/line/cohort.ts";
import {
  saleEventSchema,
  toldSchema,
  type SaleEvent,
  type Telling,
  type Told,
} from "../../src/domain/room/events.ts";
import { readStoredRoom, type RoomState } from "../../src/domain/room/room-state.ts";
import { saleSchema } from "../../src/domain/sale/sale.ts";
import type { Foundation, RoomChange, RoomRows } from "./ports.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS manifests (
    lane TEXT NOT NULL, k INTEGER NOT NULL, base INTEGER NOT NULL,
    counts TEXT NOT NULL, seed TEXT NOT NULL, PRIMARY KEY (lane, k)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS admissions (
    ticket TEXT PRIMARY KEY, id TEXT NOT NULL, subject TEXT NOT NULL, lane TEXT NOT NULL,
    issued_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, standing TEXT NOT NULL,
    orders_done INTEGER NOT NULL, order_in_progress TEXT, order_begun_ms INTEGER,
    orders_ended TEXT
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS told (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS event_outbox (n INTEGER PRIMARY KEY, event TEXT NOT NULL);
`;

const foundationSchema = z.object({
  v: z.literal(1),
  /** Stored documents are read with today's schema: see `saleSchema` before changing a field. */
  sale: saleSchema,
  revision: z.int(),
  booths: z.int(),
  secret: z.string(),
});

const endedSchema = z.array(z.string());

type AdmissionRow = {
  ticket: string;
  id: string;
  subject: string;
  lane: string;
  issued_ms: number;
  expires_ms: number;
  standing: AdmissionRecord["standing"];
  orders_done: number;
  order_in_progress: string | null;
  order_begun_ms: number | null;
  orders_ended: string | null;
};

function admissionOf(row: AdmissionRow): AdmissionRecord {
  return {
    id: row.id,
    ticket: row.ticket,
    subject: row.subject,
    lane: row.lane,
    issuedAt_ms: row.issued_ms,
    expiresAt_ms: row.expires_ms,
    standing: row.standing,
    ordersDone: row.orders_done,
    orderInProgress: row.order_in_progress,
    orderBegunAt_ms: row.order_begun_ms,
    ordersEnded: endedSchema.parse(JSON.parse(row.orders_ended ?? "[]")),
  };
}

export class RoomTables implements RoomRows {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    this.#addColumn("admissions", "order_begun_ms", "INTEGER");
    this.#addColumn("admissions", "orders_ended", "TEXT");
  }

  /** For tables of earlier versions, without the column; their rows then have null in it. */
  #addColumn(table: string, column: string, type: string): void {
    const columns = this.#sql.exec<{ name: string }>(
      "SELECT name FROM pragma_table_info(?)",
      table,
    );
    if (columns.toArray().some(({ name }) => name === column)) return;
    this.#sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
  }

  foundation(): Foundation | null {
    const value = this.#value("SELECT value FROM room WHERE name = 'foundation'");
    return value === null ? null : foundationSchema.parse(value);
  }

  state(): RoomState | null {
    const value = this.#value("SELECT value FROM room WHERE name = 'state'");
    return value === null ? null : readStoredRoom(value);
  }

  told(): Told | null {
    const value = this.#value("SELECT value FROM told");
    return value === null ? null : toldSchema.parse(value);
  }

  /** The JSON in the one row that a query finds; null when it finds none. */
  #value(query: string): unknown {
    const row = this.#sql.exec<{ value: string }>(query).toArray()[0];
    return row === undefined ? null : JSON.parse(row.value);
  }

  manifest(sale: string, lane: string, k: number): CohortManifest | null {
    const row = this.#sql
      .exec<{ base: number; counts: string; seed: string }>(
        "SELECT base, counts, seed FROM manifests WHERE lane = ? AND k = ?",
        lane,
        k,
      )
      .toArray()[0];
    if (row === undefined) return null;
    const counts = z.array(z.int()).parse(JSON.parse(row.counts));
    return { sale, lane, k, base: row.base, counts, seed: row.seed };
  }

  admission(ticket: string): AdmissionRecord | null {
    const rows = this.#sql.exec<AdmissionRow>("SELECT * FROM admissions WHERE ticket = ?", ticket);
    const row = rows.toArray()[0];
    return row === undefined ? null : admissionOf(row);
  }

  activeAdmissions(): AdmissionRecord[] {
    return this.#sql
      .exec<AdmissionRow>("SELECT * FROM admissions WHERE standing = 'active'")
      .toArray()
      .map(admissionOf);
  }

  backlog(confirmed: number): AdmissionRecord[] {
    const inProgress = this.#sql.exec<AdmissionRow>(
      "SELECT * FROM admissions WHERE order_in_progress IS NOT NULL",
    );
    const done = this.#sql.exec<AdmissionRow>(
      `SELECT * FROM admissions WHERE order_in_progress IS NULL AND order_begun_ms IS NOT NULL
       ORDER BY order_begun_ms DESC LIMIT ?`,
      confirmed,
    );
    return [...inProgress.toArray(), ...done.toArray()].map(admissionOf);
  }

  unsentEvents(limit: number): SaleEvent[] {
    return this.#sql
      .exec<{ event: string }>("SELECT event FROM event_outbox ORDER BY n LIMIT ?", limit)
      .toArray()
      .map(({ event }) => saleEventSchema.parse(JSON.parse(event)));
  }

  forgetEvents(upTo: number): void {
    this.#sql.exec("DELETE FROM event_outbox WHERE n <= ?", upTo);
  }

  write({ foundation, room, admission, manifest, telling = null }: RoomChange): void {
    this.#storage.transactionSync(() => {
      if (foundation !== undefined) this.#putJson("foundation", { v: 1, ...foundation });
      if (manifest !== undefined) this.#addManifest(manifest);
      if (admission !== undefined) this.#putAdmission(admission);
      if (room !== undefined) this.#putJson("state", room);
      if (telling !== null) this.#addEvents(telling);
    });
  }

  #putJson(name: "foundation" | "state", value: unknown): void {
    this.#sql.exec("INSERT OR REPLACE INTO room VALUES (?, ?)", name, JSON.stringify(value));
  }

  #addManifest({ lane, k, base, counts, seed }: CohortManifest): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO manifests VALUES (?, ?, ?, ?, ?)",
      lane,
      k,
      base,
      JSON.stringify(counts),
      seed,
    );
  }

  #putAdmission(admission: AdmissionRecord): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO admissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      admission.ticket,
      admission.id,
      admission.subject,
      admission.lane,
      admission.issuedAt_ms,
      admission.expiresAt_ms,
      admission.standing,
      admission.ordersDone,
      admission.orderInProgress,
      admission.orderBegunAt_ms,
      JSON.stringify(admission.ordersEnded),
    );
  }

  #addEvents({ told, events }: Telling): void {
    this.#sql.exec("INSERT OR REPLACE INTO told VALUES (1, ?)", JSON.stringify(told));
    for (const event of events) {
      const text = JSON.stringify(event);
      this.#sql.exec("INSERT INTO event_outbox VALUES (?, ?)", event.version, text);
    }
  }
}

/**
 * The rows of one WaitingRoom in SQLite.
 *
 * Guarantee: what is read back was parsed by zod once; the room's state and its document are one
 * JSON row each, because they change as a whole. The place of an admission is never changed once
 * written. Places, devices, paid orders and declined payments have tables of their own, because
 * releases before 0.1.0 wrote rows by position and could not write wider ones. Fields and columns
 * of newer releases are kept. Not for the draw, whose tables are in `draw-tables.ts`.
 */
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import {
  saleEventSchema,
  type SaleEvent,
  type Telling,
  type Told,
} from "../../src/domain/room/events.ts";
import { readStoredRoom, type RoomState } from "../../src/domain/room/room-state.ts";
import type { SeatDevices } from "../../src/domain/room/seat-devices.ts";
import { readStored } from "../../src/encoding/stored-reader.ts";
import { DrawTables } from "./draw-tables.ts";
import type { Deletion, Foundation, RoomChange, RoomRows } from "./ports.ts";
import { upsert } from "../upsert.ts";
import { ROOM_READERS } from "./room-readers.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS admissions (
    ticket TEXT PRIMARY KEY, id TEXT NOT NULL, subject TEXT NOT NULL, lane TEXT NOT NULL,
    issued_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, standing TEXT NOT NULL,
    orders_done INTEGER NOT NULL, order_in_progress TEXT, order_begun_ms INTEGER,
    orders_ended TEXT
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS places (ticket TEXT PRIMARY KEY, place TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS devices (
    ticket TEXT PRIMARY KEY, last_number INTEGER NOT NULL, devices TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS paid_orders (ticket TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS declines (
    ticket TEXT PRIMARY KEY, count INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS told (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS deletion (
    one INTEGER PRIMARY KEY CHECK (one = 1), at_ms INTEGER NOT NULL, commitment TEXT NOT NULL,
    done INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS event_outbox (n INTEGER PRIMARY KEY, event TEXT NOT NULL);
`;

/** All but `deletion`, which stays. */
const TABLES = [
  "room",
  "admissions",
  "places",
  "devices",
  "paid_orders",
  "declines",
  "told",
  "event_outbox",
];

/** Columns of `admissions` that a later release added. */
const SINCE = "order_begun_ms, orders_ended";

const PUT = {
  room: upsert("room", "name", "value"),
  told: upsert("told", "one", "value"),
  deletion: upsert("deletion", "one", "at_ms, commitment, done"),
  paidOrder: upsert("paid_orders", "ticket", "id"),
  admission: upsert(
    "admissions",
    "ticket",
    `id, subject, lane, issued_ms, expires_ms, standing, orders_done, order_in_progress, ${SINCE}`,
  ),
};

const ADMISSIONS = `SELECT admissions.*, places.place, devices.devices,
    paid_orders.id AS paid_order, declines.count AS declines
  FROM admissions LEFT JOIN places USING (ticket) LEFT JOIN devices USING (ticket)
  LEFT JOIN paid_orders USING (ticket) LEFT JOIN declines USING (ticket)`;

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
  /** Null in rows of earlier versions. */
  place: string | null;
  devices: string | null;
  paid_order: string | null;
  declines: number | null;
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
    ordersEnded: ROOM_READERS.ordersEnded.parse(JSON.parse(row.orders_ended ?? "[]")),
    place: row.place === null ? undefined : ROOM_READERS.place.parse(JSON.parse(row.place)),
    devices: row.devices === null ? undefined : ROOM_READERS.devices.parse(JSON.parse(row.devices)),
    // Of an earlier order it says nothing.
    isOrderPaid:
      row.paid_order !== null && row.paid_order === row.order_in_progress ? true : undefined,
    declines: row.declines ?? undefined,
  };
}

export class RoomTables implements RoomRows {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;
  readonly draws: DrawTables;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    this.draws = new DrawTables(this.#sql);
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
    return value === null ? null : readStored(ROOM_READERS.foundation, value, "sale");
  }

  state(): RoomState | null {
    const value = this.#value("SELECT value FROM room WHERE name = 'state'");
    return value === null ? null : readStoredRoom(value);
  }

  told(): Told | null {
    const value = this.#value("SELECT value FROM told");
    return value === null ? null : readStored(ROOM_READERS.told, value, "told");
  }

  /** The JSON in the one row that a query finds; null when it finds none. */
  #value(query: string): unknown {
    const row = this.#sql.exec<{ value: string }>(query).toArray()[0];
    return row === undefined ? null : JSON.parse(row.value);
  }

  deletion(): Deletion | null {
    const rows = this.#sql.exec<{ at_ms: number; commitment: string; done: number }>(
      "SELECT at_ms, commitment, done FROM deletion",
    );
    const row = rows.toArray()[0];
    if (row === undefined) return null;
    const { done, ...deletion } = row;
    return { ...deletion, isDone: done === 1 };
  }

  #putDeletion({ at_ms, commitment, isDone }: Deletion): void {
    this.#sql.exec(PUT.deletion, 1, at_ms, commitment, isDone ? 1 : 0);
    if (!isDone) return;
    this.draws.clear();
    for (const table of TABLES) this.#sql.exec(`DELETE FROM ${table}`);
  }

  admission(ticket: string): AdmissionRecord | null {
    const rows = this.#sql.exec<AdmissionRow>(`${ADMISSIONS} WHERE ticket = ?`, ticket);
    const row = rows.toArray()[0];
    return row === undefined ? null : admissionOf(row);
  }

  activeAdmissions(): AdmissionRecord[] {
    return this.#sql
      .exec<AdmissionRow>(`${ADMISSIONS} WHERE standing = 'active'`)
      .toArray()
      .map(admissionOf);
  }

  backlog(confirmed: number): AdmissionRecord[] {
    const inProgress = this.#sql.exec<AdmissionRow>(
      `${ADMISSIONS} WHERE order_in_progress IS NOT NULL`,
    );
    const done = this.#sql.exec<AdmissionRow>(
      `${ADMISSIONS} WHERE order_in_progress IS NULL AND order_begun_ms IS NOT NULL
       ORDER BY order_begun_ms DESC LIMIT ?`,
      confirmed,
    );
    return [...inProgress.toArray(), ...done.toArray()].map(admissionOf);
  }

  lastTokenNumber(): number {
    const query = "SELECT max(last_number) AS last FROM devices";
    return this.#sql.exec<{ last: number | null }>(query).one().last ?? -1;
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

  write(change: RoomChange): void {
    const { foundation, room, admission, deletion, telling = null } = change;
    this.#storage.transactionSync(() => {
      if (foundation !== undefined) this.#putJson("foundation", { v: 1, ...foundation });
      if (admission !== undefined) this.#putAdmission(admission);
      if (room !== undefined) this.#putJson("state", room);
      this.draws.write(change);
      if (telling !== null) this.#addEvents(telling);
      if (deletion !== undefined) this.#putDeletion(deletion);
    });
  }

  #putJson(name: "foundation" | "state", value: unknown): void {
    this.#sql.exec(PUT.room, name, JSON.stringify(value));
  }

  #putAdmission(admission: AdmissionRecord): void {
    this.#sql.exec(
      PUT.admission,
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
    const { ticket, place, devices, isOrderPaid, orderInProgress, declines } = admission;
    if (place !== undefined) {
      const put = "INSERT OR IGNORE INTO places (ticket, place) VALUES (?, ?)";
      this.#sql.exec(put, ticket, JSON.stringify(place));
    }
    if (devices !== undefined) this.#putDevices(ticket, devices);
    if (isOrderPaid === true) {
      this.#sql.exec(PUT.paidOrder, ticket, orderInProgress);
    }
    if (declines !== undefined) {
      const counted = `INSERT INTO declines (ticket, count) VALUES (?, ?)
        ON CONFLICT (ticket) DO UPDATE
        SET count = excluded.count WHERE count < excluded.count`;
      this.#sql.exec(counted, ticket, declines);
    }
  }

  /** Most changes of an admission leave its devices as they are, and write no row for them. */
  #putDevices(ticket: string, devices: SeatDevices): void {
    this.#sql.exec(
      `INSERT INTO devices (ticket, last_number, devices) VALUES (?, ?, ?)
       ON CONFLICT (ticket) DO UPDATE
       SET last_number = excluded.last_number, devices = excluded.devices
       WHERE devices <> excluded.devices`,
      ticket,
      devices.tokens.at(-1)?.number ?? -1,
      JSON.stringify(devices),
    );
  }

  #addEvents({ told, events }: Telling): void {
    this.#sql.exec(PUT.told, 1, JSON.stringify(told));
    for (const event of events) {
      const text = JSON.stringify(event);
      this.#sql.exec("INSERT INTO event_outbox (n, event) VALUES (?, ?)", event.version, text);
    }
  }
}

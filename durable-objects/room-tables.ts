/**
 * The tables of one WaitingRoom.
 *
 * Guarantee: what is read back was parsed by zod once; the room's state and its sale are one JSON
 * row each, because they change as a whole. Manifests are never changed once written.
 */
import { z } from "zod";
import type { AdmissionRecord } from "../src/domain/admission.ts";
import type { CohortManifest } from "../src/domain/cohort.ts";
import { roomStateSchema, type RoomState } from "../src/domain/room.ts";
import { saleSchema, type Sale } from "../src/domain/sale.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS manifests (
    lane TEXT NOT NULL, k INTEGER NOT NULL, base INTEGER NOT NULL,
    counts TEXT NOT NULL, seed TEXT NOT NULL, PRIMARY KEY (lane, k)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS admissions (
    ticket TEXT PRIMARY KEY, id TEXT NOT NULL, subject TEXT NOT NULL, lane TEXT NOT NULL,
    issued_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, standing TEXT NOT NULL,
    orders_done INTEGER NOT NULL, order_in_progress TEXT
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS kept_turns (
    ticket TEXT PRIMARY KEY, until_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

const foundationSchema = z.object({
  v: z.literal(1),
  sale: saleSchema,
  /** Counts accepted changes of the document. */
  revision: z.int(),
  /** Booths per lane; tickets name their booth, so it never shrinks. */
  booths: z.int(),
  secret: z.string(),
});

/** What a room is founded on: the document, and the secret of its draw. */
export interface Foundation {
  readonly sale: Sale;
  readonly revision: number;
  readonly booths: number;
  readonly secret: string;
}

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
  };
}

export class RoomTables {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  /** Everything written inside is durable together, or not at all. */
  together(write: () => void): void {
    this.#storage.transactionSync(write);
  }

  foundation(): Foundation | null {
    const value = this.#value("foundation");
    return value === null ? null : foundationSchema.parse(value);
  }

  saveFoundation(foundation: Foundation): void {
    this.#save("foundation", { v: 1, ...foundation });
  }

  state(): RoomState | null {
    const value = this.#value("state");
    return value === null ? null : roomStateSchema.parse(value);
  }

  saveState(state: RoomState): void {
    this.#save("state", state);
  }

  #value(name: string): unknown {
    const rows = this.#sql.exec<{ value: string }>("SELECT value FROM room WHERE name = ?", name);
    const row = rows.toArray()[0];
    return row === undefined ? null : JSON.parse(row.value);
  }

  #save(name: string, value: unknown): void {
    this.#sql.exec("INSERT OR REPLACE INTO room VALUES (?, ?)", name, JSON.stringify(value));
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

  addManifest({ lane, k, base, counts, seed }: CohortManifest): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO manifests VALUES (?, ?, ?, ?, ?)",
      lane,
      k,
      base,
      JSON.stringify(counts),
      seed,
    );
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

  saveAdmission(admission: AdmissionRecord): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO admissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      admission.ticket,
      admission.id,
      admission.subject,
      admission.lane,
      admission.issuedAt_ms,
      admission.expiresAt_ms,
      admission.standing,
      admission.ordersDone,
      admission.orderInProgress,
    );
  }

  keptUntil_ms(ticket: string): number | null {
    const rows = this.#sql.exec<{ until_ms: number }>(
      "SELECT until_ms FROM kept_turns WHERE ticket = ?",
      ticket,
    );
    return rows.toArray()[0]?.until_ms ?? null;
  }

  keepTurn(ticket: string, until_ms: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO kept_turns VALUES (?, ?)", ticket, until_ms);
  }
}

/**
 * The tables of one shard of a sale's reminders.
 *
 * Guarantee: a ticket has one row. Rows are deleted when the turn is claimed, has lapsed or is
 * withdrawn, and all of them when the sale is over.
 */
import type { Reminder } from "../../src/domain/reminders/reminder.ts";
import type { ReminderStore } from "./reminder-core.ts";
import { upsert } from "../upsert.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sale (
    only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS reminders (
    ticket TEXT PRIMARY KEY, lane TEXT NOT NULL, cohort INTEGER NOT NULL, shard INTEGER NOT NULL,
    place INTEGER NOT NULL, rank INTEGER, email TEXT NOT NULL, origin TEXT NOT NULL,
    key TEXT NOT NULL, handed_ms INTEGER, called_ms INTEGER, created_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS reminders_by_rank ON reminders (lane, rank, cohort);
  CREATE TABLE IF NOT EXISTS networks (
    network TEXT NOT NULL, ticket TEXT NOT NULL, PRIMARY KEY (network, ticket)
  ) WITHOUT ROWID;
`;

const PLACE = "lane, cohort, shard, place";
const PUT_REMINDER = upsert(
  "reminders",
  "ticket",
  `${PLACE}, rank, email, origin, key, handed_ms, called_ms, created_ms`,
);

type Row = {
  ticket: string;
  lane: string;
  cohort: number;
  shard: number;
  place: number;
  rank: number | null;
  email: string;
  origin: string;
  key: string;
  handed_ms: number | null;
  called_ms: number | null;
  created_ms: number;
};

function reminderOf(row: Row): Reminder {
  const { ticket, lane, cohort, shard, place: index, rank, email, origin, key } = row;
  const { handed_ms: handedAt_ms, called_ms: calledAt_ms, created_ms: createdAt_ms } = row;
  const place = { lane, cohort, shard, index };
  return { ticket, place, rank, email, origin, key, handedAt_ms, calledAt_ms, createdAt_ms };
}

export class ReminderTables implements ReminderStore {
  readonly #storage: DurableObjectStorage;
  #isPrepared = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** With its tables, which a backup's look at an unused shard does not create. */
  get #sql(): SqlStorage {
    this.prepare();
    return this.#storage.sql;
  }

  prepare(): void {
    if (!this.#isPrepared) this.#storage.sql.exec(SCHEMA);
    this.#isPrepared = true;
  }

  #transaction(work: () => void): void {
    // Before it, because a transaction that fails would take the tables back.
    this.prepare();
    this.#storage.transactionSync(work);
  }

  sale(): string | null {
    return this.#sql.exec<{ id: string }>("SELECT id FROM sale").toArray()[0]?.id ?? null;
  }

  saveSale(sale: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO sale (only, id) VALUES (1, ?)", sale);
  }

  find(ticket: string): Reminder | null {
    const [row] = this.#sql.exec<Row>("SELECT * FROM reminders WHERE ticket = ?", ticket).toArray();
    return row === undefined ? null : reminderOf(row);
  }

  save({ place, ...reminder }: Reminder): void {
    this.#sql.exec(
      PUT_REMINDER,
      reminder.ticket,
      place.lane,
      place.cohort,
      place.shard,
      place.index,
      reminder.rank,
      reminder.email,
      reminder.origin,
      reminder.key,
      reminder.handedAt_ms,
      reminder.calledAt_ms,
      reminder.createdAt_ms,
    );
  }

  remove(tickets: readonly string[]): void {
    this.#transaction(() => {
      for (const ticket of tickets) {
        this.#sql.exec("DELETE FROM reminders WHERE ticket = ?", ticket);
      }
    });
  }

  reminders(): number {
    return this.#count("SELECT COUNT(*) AS count FROM reminders");
  }

  all(): Reminder[] {
    return this.#select("SELECT * FROM reminders");
  }

  unranked(lane: string, closed: number, limit: number): Reminder[] {
    return this.#select(
      `SELECT * FROM reminders WHERE lane = ? AND rank IS NULL AND cohort < ?
       ORDER BY cohort LIMIT ?`,
      lane,
      closed,
      limit,
    );
  }

  between(lane: string, from: number, below: number, limit: number): Reminder[] {
    return this.#select(
      `SELECT * FROM reminders WHERE lane = ? AND rank >= ? AND rank < ?
       ORDER BY IFNULL(handed_ms, ${Number.MAX_SAFE_INTEGER}) DESC, rank LIMIT ?`,
      lane,
      from,
      below,
      limit,
    );
  }

  removeBelow(lane: string, rank: number): void {
    this.#sql.exec("DELETE FROM reminders WHERE lane = ? AND rank < ?", lane, rank);
  }

  networks(): number {
    return this.#count("SELECT COUNT(*) AS count FROM networks");
  }

  ticketsOf(network: string): number {
    return this.#count("SELECT COUNT(*) AS count FROM networks WHERE network = ?", network);
  }

  has(network: string, ticket: string): boolean {
    const found = "SELECT COUNT(*) AS count FROM networks WHERE network = ? AND ticket = ?";
    return this.#count(found, network, ticket) > 0;
  }

  addNetwork(network: string, ticket: string): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO networks (network, ticket) VALUES (?, ?)",
      network,
      ticket,
    );
  }

  clear(): void {
    this.#transaction(() => {
      for (const table of ["reminders", "networks", "sale"]) {
        this.#sql.exec(`DELETE FROM ${table}`);
      }
    });
  }

  #select(query: string, ...values: readonly (string | number)[]): Reminder[] {
    return this.#sql
      .exec<Row>(query, ...values)
      .toArray()
      .map(reminderOf);
  }

  #count(query: string, ...values: readonly string[]): number {
    return this.#sql.exec<{ count: number }>(query, ...values).one().count;
  }
}

/**
 * The tables of the sandbox's object: payments, confirmation tokens, domains, idempotency keys and
 * settings.
 *
 * Guarantee: a method is one or more statements of SQLite without waiting, so that the caller's
 * transaction covers them. Weakness: a key older than a day is ignored, but its row stays until
 * `clear`.
 */
import { ConfirmationToken } from "./confirmation-token.ts";
import { Domain } from "./domains.ts";
import { Payment } from "./payment-schema.ts";
import type { Changes, Records } from "./records.ts";
import { nextSettlement_ms } from "./refunds.ts";

type Table = "payment" | "token" | "domain" | "key" | "setting";

const TABLES: readonly Table[] = ["payment", "token", "domain", "key", "setting"];

export class SandboxStore implements Records {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const table of TABLES) {
      sql.exec(
        `CREATE TABLE IF NOT EXISTS ${table} (${COLUMN[table]} TEXT PRIMARY KEY, doc TEXT NOT NULL)
        WITHOUT ROWID`,
      );
    }
    // `part` finds the payment of a charge, a refund or a dispute; `settlement` has the payments
    // with a refund that changes by itself.
    sql.exec(`
      CREATE TABLE IF NOT EXISTS part (id TEXT PRIMARY KEY, payment TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS settlement (payment TEXT PRIMARY KEY, due_ms INTEGER NOT NULL);
    `);
  }

  payment(id: string): Payment | null {
    const stored = this.read("payment", id);
    return stored === null ? null : Payment.parse(JSON.parse(stored));
  }

  paymentWith(objectId: string): Payment | null {
    const rows = this.#sql
      .exec<{ payment: string }>("SELECT payment FROM part WHERE id = ?", objectId)
      .toArray();
    return rows[0] === undefined ? null : this.payment(rows[0].payment);
  }

  payments(): readonly Payment[] {
    return this.#docs("payment").map((doc) => Payment.parse(JSON.parse(doc)));
  }

  token(id: string): ConfirmationToken | null {
    const stored = this.read("token", id);
    return stored === null ? null : ConfirmationToken.parse(JSON.parse(stored));
  }

  domains(): readonly Domain[] {
    return this.#docs("domain").map((doc) => Domain.parse(JSON.parse(doc)));
  }

  keep({ payment, token, domain }: Changes): void {
    if (payment !== undefined) this.#keepPayment(payment);
    if (token !== undefined) this.write("token", token.id, JSON.stringify(token));
    if (domain !== undefined) this.write("domain", domain.id, JSON.stringify(domain));
  }

  #keepPayment(payment: Payment): void {
    this.write("payment", payment.id, JSON.stringify(payment));
    const { standing, refunds, dispute } = payment;
    const charge = "charge" in standing ? standing.charge : null;
    const parts = [charge, dispute?.id ?? null, ...refunds.map(({ id }) => id)];
    for (const id of parts) {
      if (id === null) continue;
      this.#sql.exec("INSERT OR IGNORE INTO part (id, payment) VALUES (?, ?)", id, payment.id);
    }
    this.#sql.exec("DELETE FROM settlement WHERE payment = ?", payment.id);
    const due_ms = nextSettlement_ms(payment);
    if (due_ms === null) return;
    this.#sql.exec("INSERT INTO settlement (payment, due_ms) VALUES (?, ?)", payment.id, due_ms);
  }

  /** The payments with a refund that changes by itself until now. */
  duePayments(now: number): Payment[] {
    const rows = this.#sql
      .exec<{ payment: string }>("SELECT payment FROM settlement WHERE due_ms <= ?", now)
      .toArray();
    return rows.flatMap((row) => this.payment(row.payment) ?? []);
  }

  /** When the next refund changes by itself; null when none does. */
  nextSettlement_ms(): number | null {
    return this.#sql
      .exec<{ due_ms: number | null }>("SELECT MIN(due_ms) AS due_ms FROM settlement")
      .one().due_ms;
  }

  read(table: Table, name: string): string | null {
    const rows = this.#sql
      .exec<{ doc: string }>(`SELECT doc FROM ${table} WHERE ${COLUMN[table]} = ?`, name)
      .toArray();
    return rows[0]?.doc ?? null;
  }

  write(table: Table, name: string, doc: string): void {
    const columns = `${COLUMN[table]}, doc`;
    this.#sql.exec(`INSERT OR REPLACE INTO ${table} (${columns}) VALUES (?, ?)`, name, doc);
  }

  clear(): void {
    for (const table of [...TABLES, "part", "settlement"]) this.#sql.exec(`DELETE FROM ${table}`);
  }

  #docs(table: Table): string[] {
    const rows = this.#sql.exec<{ doc: string }>(`SELECT doc FROM ${table}`).toArray();
    return rows.map(({ doc }) => doc);
  }
}

/** The name of the key column of each table. */
const COLUMN: Record<Table, "id" | "name"> = {
  payment: "id",
  token: "id",
  domain: "id",
  key: "name",
  setting: "name",
};

/**
 * The rows of the list of sales: each sale's published document as KV stores it, and the ids of
 * deleted sales, which are not used again.
 */
import type { OwnedSale } from "../../src/domain/sale/mirror.ts";
import {
  guardsUntil_ms,
  publishedText,
  type PublishedSale,
} from "../../src/sales/published-sale.ts";
import { upsert } from "../upsert.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sales (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, published TEXT NOT NULL,
    guards_until_ms INTEGER, ends_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS withdrawn (id TEXT PRIMARY KEY) WITHOUT ROWID;
`;

const PUT_SALE = upsert("sales", "id", "revision, published, guards_until_ms, ends_ms");

type SaleRow = { id: string; revision: number; guards_until_ms: number | null };

/** A document may be changed until its end; a day later nothing of it changes any more. */
const SETTLED_AFTER_MS = 24 * 60 * 60 * 1000;

export class SaleTables {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** True when the document is new or newer. */
  keep(published: PublishedSale): boolean {
    const { sale, revision } = published;
    if (this.isWithdrawn(sale.id) || revision <= this.#revision(sale.id)) return false;
    this.#sql.exec(
      PUT_SALE,
      sale.id,
      revision,
      publishedText(published),
      guardsUntil_ms(sale),
      Date.parse(sale.endsAt),
    );
    return true;
  }

  withdraw(id: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO withdrawn (id) VALUES (?)", id);
    this.#sql.exec("DELETE FROM sales WHERE id = ?", id);
  }

  isWithdrawn(id: string): boolean {
    return this.#sql.exec("SELECT id FROM withdrawn WHERE id = ?", id).toArray().length > 0;
  }

  #revision(id: string): number {
    const query = "SELECT revision FROM sales WHERE id = ?";
    return this.#sql.exec<{ revision: number }>(query, id).toArray()[0]?.revision ?? 0;
  }

  /** In the order of their ids. */
  owned(): OwnedSale[] {
    const query = "SELECT id, revision, guards_until_ms FROM sales ORDER BY id";
    return this.#sql
      .exec<SaleRow>(query)
      .toArray()
      .map(({ id, revision, guards_until_ms }) => ({
        id,
        revision,
        guardsUntil_ms: guards_until_ms,
      }));
  }

  text(id: string): string | null {
    const query = "SELECT published FROM sales WHERE id = ?";
    return this.#sql.exec<{ published: string }>(query, id).toArray()[0]?.published ?? null;
  }

  /** Whether any sale may still change, or lets shoppers in. */
  goesOn(now: number): boolean {
    const query = "SELECT id FROM sales WHERE ends_ms > ? LIMIT 1";
    return this.#sql.exec(query, now - SETTLED_AFTER_MS).toArray().length > 0;
  }
}

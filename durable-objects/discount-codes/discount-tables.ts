/**
 * The tables of one sale's discount codes.
 *
 * Guarantee: `write` stores a whole change in one synchronous transaction. Rules and uses are JSON
 * that is parsed when it is read, because an older version may have written it.
 */
import {
  NO_CHANGE,
  type DiscountChange,
  type DiscountCode,
  type DiscountUse,
} from "../../src/domain/discounts/uses.ts";
import { jsonText } from "../../src/encoding/json.ts";
import type { DiscountStore } from "./discount-core.ts";
import { upsert } from "../upsert.ts";
import { DISCOUNT_READERS } from "./discount-readers.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS settings (
    name TEXT PRIMARY KEY, value TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS codes (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, hint TEXT NOT NULL,
    enabled INTEGER NOT NULL, revision INTEGER NOT NULL, rule TEXT NOT NULL,
    reserved INTEGER NOT NULL, kept INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS uses (
    "order" TEXT PRIMARY KEY, standing TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS buyers (
    code INTEGER NOT NULL, buyer TEXT NOT NULL, uses INTEGER NOT NULL,
    PRIMARY KEY (code, buyer)
  ) WITHOUT ROWID;
`;

const PUT = {
  setting: upsert("settings", "name", "value"),
  use: upsert("uses", '"order"', "standing"),
  buyer: upsert("buyers", "code, buyer", "uses"),
  code: upsert(
    "codes",
    "id",
    "hash, hint, enabled, revision, rule, reserved, kept, created_ms, updated_ms",
  ),
};

type CodeRow = {
  id: number;
  hash: string;
  hint: string;
  enabled: number;
  revision: number;
  rule: string;
  reserved: number;
  kept: number;
  created_ms: number;
  updated_ms: number;
};

const ruleText = jsonText.pipe(DISCOUNT_READERS.rule);
const standingText = jsonText.pipe(DISCOUNT_READERS.standing);

function codeOf(row: CodeRow): DiscountCode {
  const { id, hash, hint, enabled, revision, rule, reserved, kept } = row;
  const times = { createdAt_ms: row.created_ms, updatedAt_ms: row.updated_ms };
  const parsed = ruleText.parse(rule);
  return {
    id,
    hash,
    hint,
    enabled: enabled === 1,
    revision,
    rule: parsed,
    reserved,
    kept,
    ...times,
  };
}

export class DiscountTables implements DiscountStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  #setting(name: "key" | "last_number"): string | null {
    const rows = this.#sql.exec<{ value: string }>(
      "SELECT value FROM settings WHERE name = ?",
      name,
    );
    return rows.toArray()[0]?.value ?? null;
  }

  #set(name: "key" | "last_number", value: string): void {
    this.#sql.exec(PUT.setting, name, value);
  }

  key(): string | null {
    return this.#setting("key");
  }

  saveKey(key: string): void {
    this.#set("key", key);
  }

  lastNumber(): number {
    return Number(this.#setting("last_number") ?? 0);
  }

  code(hash: string): DiscountCode | null {
    const row = this.#sql.exec<CodeRow>("SELECT * FROM codes WHERE hash = ?", hash).toArray()[0];
    return row === undefined ? null : codeOf(row);
  }

  codeById(id: number): DiscountCode | null {
    const row = this.#sql.exec<CodeRow>("SELECT * FROM codes WHERE id = ?", id).toArray()[0];
    return row === undefined ? null : codeOf(row);
  }

  codeCount(): number {
    return this.#sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM codes").one().count;
  }

  codes(after: number, limit: number): DiscountCode[] {
    return this.#sql
      .exec<CodeRow>("SELECT * FROM codes WHERE id > ? ORDER BY id LIMIT ?", after, limit)
      .toArray()
      .map(codeOf);
  }

  use(order: string): DiscountUse | null {
    const row = this.#sql
      .exec<{ standing: string }>('SELECT standing FROM uses WHERE "order" = ?', order)
      .toArray()[0];
    return row === undefined ? null : { order, standing: standingText.parse(row.standing) };
  }

  usesOf(code: number, buyer: string): number {
    const row = this.#sql
      .exec<{ uses: number }>("SELECT uses FROM buyers WHERE code = ? AND buyer = ?", code, buyer)
      .toArray()[0];
    return row?.uses ?? 0;
  }

  clear(): void {
    this.#storage.transactionSync(() => {
      for (const table of ["settings", "codes", "uses", "buyers"]) {
        this.#sql.exec(`DELETE FROM ${table}`);
      }
    });
  }

  write(change: DiscountChange): void {
    if (change === NO_CHANGE) return;
    this.#storage.transactionSync(() => {
      if (change.lastNumber !== null) this.#set("last_number", String(change.lastNumber));
      for (const code of change.codes) this.#putCode(code);
      for (const id of change.removed) this.#sql.exec("DELETE FROM codes WHERE id = ?", id);
      if (change.use !== null) {
        const { order, standing } = change.use;
        const text = JSON.stringify(standing);
        this.#sql.exec(PUT.use, order, text);
      }
      for (const { code, buyer, uses } of change.buyers) this.#putBuyer(code, buyer, uses);
    });
  }

  #putCode(code: DiscountCode): void {
    this.#sql.exec(
      PUT.code,
      code.id,
      code.hash,
      code.hint,
      code.enabled ? 1 : 0,
      code.revision,
      JSON.stringify(code.rule),
      code.reserved,
      code.kept,
      code.createdAt_ms,
      code.updatedAt_ms,
    );
  }

  #putBuyer(code: number, buyer: string, uses: number): void {
    if (uses === 0) {
      this.#sql.exec("DELETE FROM buyers WHERE code = ? AND buyer = ?", code, buyer);
    } else this.#sql.exec(PUT.buyer, code, buyer, uses);
  }
}

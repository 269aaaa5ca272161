/**
 * The rows of an object's database, read for a backup and written by a restore, whichever tables
 * it has.
 *
 * Guarantee: what one call reads is one state of the object, because nothing else runs meanwhile;
 * the stamp says whether the object was written to between two calls. A restored row has the values
 * of the row that was read.
 */
import type { BackupCell, BackupTable } from "../../src/domain/backup/backup-lines.ts";
import type { RowPlace } from "../../src/domain/backup/backup-place.ts";
import { BACKUP_LINE_BYTES_MAX } from "../../src/domain/limits.ts";

/** Remembers what an object was restored from; no part of a backup. */
export const RESTORED_FROM = "restored_from";

type Value = ArrayBuffer | string | number | null;

export interface RowsRead {
  /** Each fits into a line, unless one row does not. */
  readonly parts: readonly (readonly BackupTable[])[];
  /** Null: these were the last rows. */
  readonly next: RowPlace | null;
  readonly stamp: string;
}

/** The tables that have an object's state, in the order of their names. */
export function tablesOf(sql: SqlStorage): string[] {
  return sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .toArray()
    .map(({ name }) => name)
    .filter((name) => !/^(_cf|sqlite)_/.test(name) && name !== RESTORED_FROM);
}

export function isEmpty(sql: SqlStorage): boolean {
  return tablesOf(sql).every((table) => {
    return sql.exec(`SELECT 1 FROM "${table}" LIMIT 1`).toArray().length === 0;
  });
}

const instances = new WeakMap<SqlStorage, string>();

/** The same while this instance lives and nothing is written. */
function stampOf(sql: SqlStorage): string {
  const instance = instances.get(sql) ?? crypto.randomUUID();
  instances.set(sql, instance);
  const { changes } = sql.exec<{ changes: number }>("SELECT total_changes() AS changes").one();
  return `${instance}:${changes}`;
}

function cellOf(value: Value): BackupCell {
  return value instanceof ArrayBuffer ? { b64: new Uint8Array(value).toBase64() } : value;
}

function sizeOf(cells: readonly BackupCell[]): number {
  return cells.reduce<number>((sum, cell) => {
    if (typeof cell === "string") return sum + cell.length + 3;
    return sum + (cell === null || typeof cell === "number" ? 14 : cell.b64.length + 10);
  }, 2);
}

/** Reads rows from a place on, until `bytesMax` is reached. Writes nothing. */
export function readRows(sql: SqlStorage, from: RowPlace | null, bytesMax: number): RowsRead {
  const parts: BackupTable[][] = [];
  let [part, partBytes, bytes]: [BackupTable[], number, number] = [[], 0, 0];
  const stamp = stampOf(sql);
  for (const table of tablesOf(sql)) {
    if (from !== null && table < from.table) continue;
    let offset = from?.table === table ? from.offset : 0;
    const cursor = sql.exec(`SELECT * FROM "${table}" LIMIT -1 OFFSET ?`, offset);
    const columns = cursor.columnNames;
    for (const values of cursor.raw<Value[]>()) {
      if (bytes >= bytesMax) return { parts: [...parts, part], next: { table, offset }, stamp };
      const cells = values.map(cellOf);
      const size = sizeOf(cells);
      if (partBytes > 0 && partBytes + size > BACKUP_LINE_BYTES_MAX) {
        parts.push(part);
        [part, partBytes] = [[], 0];
      }
      let open = part.at(-1);
      if (open?.table !== table) part.push((open = { table, columns: [...columns], rows: [] }));
      open.rows.push(cells);
      [partBytes, bytes, offset] = [partBytes + size, bytes + size, offset + 1];
    }
  }
  return { parts: part.length > 0 ? [...parts, part] : parts, next: null, stamp };
}

/** The first table or column that this release does not have; null when it has all. */
export function unknownIn(sql: SqlStorage, tables: readonly BackupTable[]): string | null {
  for (const { table, columns } of tables) {
    const known = sql
      .exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", table)
      .toArray()
      .map(({ name }) => name);
    if (known.length === 0 || table === RESTORED_FROM || /^(_cf|sqlite)_/.test(table)) {
      return `table ${table}`;
    }
    const column = columns.find((name) => !known.includes(name));
    if (column !== undefined) return `column ${column} of table ${table}`;
  }
  return null;
}

/** In a transaction of the caller, after `unknownIn`. */
export function writeRows(sql: SqlStorage, tables: readonly BackupTable[]): void {
  for (const { table, columns, rows } of tables) {
    const names = columns.map((name) => `"${name}"`).join(", ");
    const marks = columns.map(() => "?").join(", ");
    const insert = `INSERT INTO "${table}" (${names}) VALUES (${marks})`;
    for (const row of rows) sql.exec(insert, ...row.map(valueOf));
  }
}

function valueOf(cell: BackupCell): Value {
  if (cell === null || typeof cell !== "object") return cell;
  return Uint8Array.fromBase64(cell.b64).buffer;
}

/**
 * Discount codes as CSV: reading a merchant's file, and writing the codes of a sale.
 *
 * Guarantee: a file is accepted whole or not at all, and every fault is named by its line and
 * column. The written file has no code in plain text, and no text that a spreadsheet runs.
 */
import {
  codeFaults,
  codeFieldsSchema,
  fieldsOf,
  ruleOf,
  type CodeFields,
} from "../domain/discounts/code-fields.ts";
import { normalizedCode, type DiscountRule } from "../domain/discounts/rule.ts";
import type { DiscountCode } from "../domain/discounts/uses.ts";
import { DISCOUNT_IMPORT_FAULTS_MAX, DISCOUNT_IMPORT_ROWS_MAX } from "../domain/limits.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { readCsv, type CsvRow } from "../encoding/csv-reading.ts";
import { csvText } from "../encoding/csv.ts";

/** The columns of a file, by the fields they hold. */
const COLUMNS = {
  code: "code",
  kind: "kind",
  value: "value",
  items: "items",
  from: "from",
  to: "to",
  uses: "uses",
  usesPerBuyer: "uses_per_buyer",
  lane: "lane",
  shopper: "shopper",
} as const satisfies Record<keyof CodeFields, string>;
type Column = (typeof COLUMNS)[keyof CodeFields];
const NAMES: readonly string[] = Object.values(COLUMNS);
const REQUIRED: readonly Column[] = ["code", "kind", "value"];

export interface FileFault {
  /** Such as `line 3, column value`. */
  readonly path: string;
  readonly message: string;
}

export interface FileCode {
  /** Normalized. */
  readonly code: string;
  readonly rule: DiscountRule;
}

export type FileRead =
  | { readonly kind: "codes"; readonly codes: readonly FileCode[] }
  | { readonly kind: "faults"; readonly faults: readonly FileFault[] };

function faultOn(line: number, column: string | null, message: string): FileFault {
  return { path: `line ${line}${column === null ? "" : `, column ${column}`}`, message };
}

function headerFaults({ line, cells }: CsvRow): FileFault[] {
  const unknown = cells.filter((name, index) => {
    return !NAMES.includes(name) || cells.indexOf(name) !== index;
  });
  if (unknown.length > 0) {
    const message = `the columns are ${NAMES.join(",")}, each once and separated by commas`;
    return unknown.map((name) => faultOn(line, name, message));
  }
  const missing = REQUIRED.filter((name) => !cells.includes(name));
  return missing.map((name) => faultOn(line, name, "is missing"));
}

/** A number if it is written as one, else the text, which the schema refuses. */
function numberIn(cell: string): number | string {
  return /^\d{1,15}(\.\d{1,15})?$/.test(cell) ? Number(cell) : cell;
}

/** The fields of a row before they are validated. An empty cell is a field that is left out. */
function fieldsIn(cell: (column: Column) => string): Readonly<Record<string, unknown>> {
  const given = (column: Column, read: (text: string) => unknown): object => {
    const text = cell(column);
    const field = Object.entries(COLUMNS).find(([, name]) => name === column)?.[0] ?? column;
    return text === "" ? {} : { [field]: read(text) };
  };
  const asText = (text: string): string => text;
  return {
    ...given("code", asText),
    ...given("kind", asText),
    ...given("value", numberIn),
    ...given("items", (text) => text.split(/\s+/)),
    ...given("from", asText),
    ...given("to", asText),
    ...given("uses", numberIn),
    ...given("uses_per_buyer", numberIn),
    ...given("lane", asText),
    ...given("shopper", asText),
  };
}

type RowRead = { readonly named: FileCode } | { readonly faults: readonly FileFault[] };

function readRow({ line, cells }: CsvRow, columns: readonly string[], sale: Sale): RowRead {
  if (cells.length !== columns.length) {
    const message = `has ${cells.length} cells; the header has ${columns.length}`;
    return { faults: [faultOn(line, null, message)] };
  }
  const cell = (column: Column): string => (cells[columns.indexOf(column)] ?? "").trim();
  const parsed = codeFieldsSchema.safeParse(fieldsIn(cell));
  const columnOf = (field: unknown): string => {
    return Object.entries(COLUMNS).find(([name]) => name === field)?.[1] ?? String(field);
  };
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path: [field], message }) => {
      return faultOn(line, columnOf(field), message);
    });
    return { faults };
  }
  const faults = codeFaults(parsed.data, sale).map(({ field, message }) => {
    return faultOn(line, columnOf(field), message);
  });
  const code = normalizedCode(parsed.data.code);
  return code === null || faults.length > 0
    ? { faults }
    : { named: { code, rule: ruleOf(parsed.data) } };
}

function faultsOnly(...faults: readonly FileFault[]): FileRead {
  return { kind: "faults", faults: faults.slice(0, DISCOUNT_IMPORT_FAULTS_MAX) };
}

export function readCodeFile(csv: string, sale: Sale): FileRead {
  const read = readCsv(csv, DISCOUNT_IMPORT_ROWS_MAX + 1);
  if (read.kind === "malformed") {
    const message = "a quote is not closed, or has text behind it; double quotes inside quotes";
    return faultsOnly(faultOn(read.line, null, message));
  }
  if (read.kind === "too_many_rows") {
    const message = `has more than ${DISCOUNT_IMPORT_ROWS_MAX} codes; send it in parts`;
    return faultsOnly({ path: "file", message });
  }
  const [header, ...rows] = read.rows;
  if (header === undefined || rows.length === 0) {
    const message = `needs a line ${NAMES.join(",")} and a line for each code`;
    return faultsOnly({ path: "file", message });
  }
  const columns = header.cells.map((name) => name.trim());
  const inHeader = headerFaults({ ...header, cells: columns });
  if (inHeader.length > 0) return faultsOnly(...inHeader);
  return readRows(rows, columns, sale);
}

function readRows(rows: readonly CsvRow[], columns: readonly string[], sale: Sale): FileRead {
  const codes: FileCode[] = [];
  const faults: FileFault[] = [];
  const lines = new Map<string, number>();
  for (const row of rows) {
    const read = readRow(row, columns, sale);
    if ("faults" in read) faults.push(...read.faults);
    else {
      const { code } = read.named;
      const earlier = lines.get(code);
      if (earlier === undefined) lines.set(code, row.line);
      else faults.push(faultOn(row.line, "code", `is the same code as on line ${earlier}`));
      codes.push(read.named);
    }
    if (faults.length >= DISCOUNT_IMPORT_FAULTS_MAX) break;
  }
  return faults.length > 0 ? faultsOnly(...faults) : { kind: "codes", codes };
}

const WRITTEN_HEADER = [
  "id",
  "hint",
  "hash",
  "enabled",
  ...NAMES.filter((name) => name !== COLUMNS.code),
  "reserved",
  "kept",
];

function rowOf({ id, hint, hash, enabled, rule, reserved, kept }: DiscountCode) {
  const { kind, value, items, from, to, uses, usesPerBuyer, lane, shopper } = fieldsOf(rule);
  const limits = [uses, usesPerBuyer, lane, shopper];
  return [
    id,
    hint,
    hash,
    enabled,
    kind,
    value,
    items.join(" "),
    from,
    to,
    ...limits,
    reserved,
    kept,
  ];
}

/** A part of the file; the first part has the header. */
export function codeFilePart(codes: readonly DiscountCode[], isFirst: boolean): string {
  return csvText([...(isFirst ? [WRITTEN_HEADER] : []), ...codes.map(rowOf)]);
}

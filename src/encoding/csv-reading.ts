/**
 * Reads CSV of RFC 4180, each row with the line it starts on, so that a fault can be named.
 *
 * Guarantee: a file with a malformed quote is refused whole, never read by guessing. Line ends may
 * be CRLF, LF or CR; a byte order mark, which spreadsheets write, is skipped; empty lines too.
 */
import Papa from "papaparse";

export interface CsvRow {
  /** From 1, as editors count; a quoted line break counts. */
  readonly line: number;
  readonly cells: readonly string[];
}

export type CsvRead =
  | { readonly kind: "rows"; readonly rows: readonly CsvRow[] }
  | { readonly kind: "malformed"; readonly line: number }
  | { readonly kind: "too_many_rows" };

const BYTE_ORDER_MARK = "\uFEFF";

function lineBreaksIn(text: string): number {
  return text.split("\n").length - 1;
}

/** @param rowsMax with the header */
export function readCsv(csv: string, rowsMax: number): CsvRead {
  const unmarked = csv.startsWith(BYTE_ORDER_MARK) ? csv.slice(1) : csv;
  const text = unmarked.replaceAll(/\r\n?/g, "\n");
  const rows: CsvRow[] = [];
  let malformed: number | null = null;
  let start = 0;
  let line = 1;
  Papa.parse<string[]>(text, {
    delimiter: ",",
    newline: "\n",
    step: ({ data, errors, meta }, parser) => {
      const index = errors[0]?.index;
      if (index !== undefined) {
        malformed = line + lineBreaksIn(text.slice(start, index));
        parser.abort();
        return;
      }
      if (data.length > 1 || data[0] !== "") rows.push({ line, cells: data });
      line += lineBreaksIn(text.slice(start, meta.cursor));
      start = meta.cursor;
      if (rows.length > rowsMax) parser.abort();
    },
  });
  if (malformed !== null) return { kind: "malformed", line: malformed };
  return rows.length > rowsMax ? { kind: "too_many_rows" } : { kind: "rows", rows };
}

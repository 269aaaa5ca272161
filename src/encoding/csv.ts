/**
 * CSV as programs and spreadsheets read it.
 *
 * RFC 4180: commas, CRLF, fields in double quotes with inner quotes doubled. Fields with a
 * semicolon or a tab are quoted too, because spreadsheets of many countries split at those.
 *
 * Guarantee: no text is a formula to a spreadsheet. A text that begins with `=`, `+`, `-`, `@`
 * (ASCII or full width), a tab or a line break gets an apostrophe before it, which spreadsheets
 * take as "text follows". Programs that read the file see the apostrophe. Numbers are written as
 * they are. Source: OWASP, "CSV Injection".
 */
export type CsvCell = string | number | boolean | null;

const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
const QUOTED = /[",;\t\r\n]/;

/** A cell as it is written; null is an empty cell. */
function fieldOf(cell: CsvCell): string {
  if (typeof cell !== "string") return cell === null ? "" : String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows, each ended by CRLF; the header is a row like the others. Parts may be concatenated. */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((cells) => `${cells.map(fieldOf).join(",")}\r\n`).join("");
}

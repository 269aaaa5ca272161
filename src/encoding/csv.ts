/**
 * CSV as programs and spreadsheets read it.
 *
 * RFC 4180: commas, CRLF, fields in double quotes with inner quotes doubled. Fields with a
 * semicolon or a tab are quoted too, because spreadsheets of many countries split at those.
 *
 * Guarantee: no text is a formula to a spreadsheet. A text that begins with `=`, `+`, `-`, `@`
 * (ASCII or full width), a tab or a line break gets an apostrophe before it, which spreadsheets
 * take as "text follows". Programs that read the file see the apostrophe. Numbers are written as
 * they are. The same is done inside a text after a semicolon, a tab or a line break, because where
 * a spreadsheet splits at those a new cell begins there: the quotes do not protect it, since it
 * takes the commas before them for text. Source: OWASP, "CSV Injection".
 */
export type CsvCell = string | number | boolean | null;

const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
/** Spaces and quotes before a formula do not stop it. */
const FORMULA_INSIDE = /([;\t\r\n][\s"']*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;
const QUOTED = /[",;\t\r\n]/;

/** A cell as it is written; null is an empty cell. */
function fieldOf(cell: CsvCell): string {
  if (typeof cell !== "string") return cell === null ? "" : String(cell);
  const inside = cell.replaceAll(FORMULA_INSIDE, "$1'");
  const text = FORMULA.test(cell) ? `'${inside}` : inside;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows, each ended by CRLF; the header is a row like the others. Parts may be concatenated. */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((cells) => `${cells.map(fieldOf).join(",")}\r\n`).join("");
}

/**
 * Reads the table of folders in docs/architecture.md, which states what each folder may import. The
 * document is the only source: the style test enforces exactly what it states.
 *
 * A row is `| folder | what is there | may import | packages |`, with every name as code, folders
 * with a slash at the end, and "nothing" for an empty cell. A row may name only rows above it, so
 * that there can be no circle. A folder's name includes all rows inside it.
 */
import type { Finding, SourceFile } from "./source-files.ts";

export interface FolderRow {
  /** A folder without the slash at its end, or a file; relative to the project's root. */
  readonly folder: string;
  readonly mayImport: readonly string[];
  /** `node:*` means all of Node's own modules. */
  readonly packages: readonly string[];
  /** The line in the document, counted from 1. */
  readonly line: number;
}

export interface FolderTable {
  readonly rows: readonly FolderRow[];
  readonly findings: readonly Finding[];
}

const HEADER = /^\| folder +\| what is there +\| may import +\| packages +\|$/;
const ROW_FORM = "| `folder/` | what is there | `folder/` … or nothing | `package` … or nothing |";

/** Not a folder, but every folder may import it, for the version. */
const MANIFEST = "package.json";

/**
 * Reads all tables of folders in the document, as one list in its order.
 * @param exists whether a path exists; it has no slash at its end
 */
export function readFolderTable(
  { path, text }: SourceFile,
  exists: (path: string) => boolean,
): FolderTable {
  const rows: FolderRow[] = [];
  const findings: Finding[] = [];
  let within = false;
  for (const [index, line] of text.split("\n").entries()) {
    if (!within || !line.startsWith("|")) {
      within = HEADER.test(line);
      continue;
    }
    if (/^[| -]+$/.test(line)) continue;
    const row = rowOf(line, index + 1);
    const wrong = row === null ? [`must be ${ROW_FORM}`] : faultsOf(row, rows, exists);
    findings.push(...wrong.map((what) => ({ path, line: index + 1, what: `the row ${what}` })));
    if (row !== null) rows.push(row);
  }
  if (rows.length === 0) findings.push({ path, line: 1, what: "has no table of folders" });
  return { rows, findings };
}

/** Null when the row has another form. */
function rowOf(text: string, line: number): FolderRow | null {
  const [before, first, about, second, third, after, ...more] = text.split("|");
  if (before !== "" || after !== "" || more.length > 0 || about?.trim() === "") return null;
  const [folders, mayImport, packages] = [first, second, third].map(namesIn);
  const [folder, ...others] = folders ?? [];
  if (folder === undefined || others.length > 0 || !mayImport || !packages) return null;
  return { folder: bare(folder), mayImport: mayImport.map(bare), packages, line };
}

/** Null when the cell has anything but names in code, or "nothing". */
function namesIn(cell: string | undefined): string[] | null {
  const text = cell?.trim() ?? "";
  if (text === "nothing") return [];
  return /^(`[^` ]+` ?)+$/.test(`${text} `)
    ? text.split(" ").map((name) => name.slice(1, -1))
    : null;
}

function bare(folder: string): string {
  return folder.replace(/\/$/, "");
}

function faultsOf(
  { folder, mayImport }: FolderRow,
  above: readonly FolderRow[],
  exists: (path: string) => boolean,
): string[] {
  const faults: string[] = [];
  if (!exists(folder)) faults.push(`names ${folder}, which does not exist`);
  if (above.some((row) => row.folder === folder)) faults.push(`names ${folder} a second time`);
  for (const name of mayImport) {
    const isAbove = above.some((row) => isWithin(row.folder, name));
    if (!isAbove && name !== MANIFEST) faults.push(`imports ${name}, which is not a row above it`);
    if (isWithin(folder, name)) faults.push(`imports ${name}, which it is inside of`);
  }
  return faults;
}

/** The row of the innermost folder that contains a file; undefined without one. */
export function rowFor(rows: readonly FolderRow[], path: string): FolderRow | undefined {
  return rows
    .filter(({ folder }) => isWithin(path, folder))
    .toSorted((a, b) => b.folder.length - a.folder.length)[0];
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

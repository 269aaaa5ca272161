/**
 * Finds imports that the table of folders does not allow, and permissions that no import needs.
 */
import { isWithin, rowFor, type FolderRow } from "./folder-table.ts";
import { type Finding, lineOf, type SourceFile } from "./source-files.ts";
import { readImports } from "./syntax.ts";

/** May import anything: tests, and configurations of tools. */
const FREE = /^[^/]+$|^(test|\.ci)\//;

interface Import {
  readonly specifier: string;
  /** The path relative to the project's root; null for a package. */
  readonly target: string | null;
  readonly position: number;
}

function importsOf(file: SourceFile): readonly Import[] {
  return readImports(file).map(({ specifier, start: position }) => {
    const isFile = specifier.startsWith(".");
    return { specifier, target: isFile ? resolveFrom(file.path, specifier) : null, position };
  });
}

/** The imports of one file that its row does not allow. */
export function checkImports(rows: readonly FolderRow[], file: SourceFile): Finding[] {
  const { path, text } = file;
  if (FREE.test(path)) return [];
  const row = rowFor(rows, path);
  if (row === undefined) {
    return [{ path, line: 1, what: "is in no folder of the table in docs/architecture.md" }];
  }
  return importsOf(file).flatMap(({ specifier, target, position }) => {
    const isOwn = target !== null && rowFor(rows, target) === row;
    if (isOwn || permissionFor(row, specifier, target) !== undefined) return [];
    const what = `${row.folder} may not import ${specifier}`;
    return [{ path, line: lineOf(text, position), what }];
  });
}

/** The permissions that no file of their folder uses, so that the table stays narrow. */
export function checkPermissions(
  rows: readonly FolderRow[],
  files: readonly SourceFile[],
): Finding[] {
  const used = new Set<string>();
  for (const file of files) {
    const row = rowFor(rows, file.path);
    if (row === undefined || FREE.test(file.path)) continue;
    for (const { specifier, target } of importsOf(file)) {
      if (target !== null && rowFor(rows, target) === row) continue;
      used.add(`${row.folder} ${permissionFor(row, specifier, target)}`);
    }
  }
  return rows.flatMap(({ folder, mayImport, packages, line }) => {
    return [...mayImport, ...packages]
      .filter((name) => !used.has(`${folder} ${name}`))
      .map((name) => {
        const what = `${folder} does not import ${name}; remove it from the row`;
        return { path: "docs/architecture.md", line, what };
      });
  });
}

function permissionFor(
  { mayImport, packages }: FolderRow,
  specifier: string,
  target: string | null,
): string | undefined {
  if (target !== null) return mayImport.find((folder) => isWithin(target, folder));
  return packages.find((name) => {
    return name === "node:*" ? specifier.startsWith("node:") : isWithin(specifier, name);
  });
}

function resolveFrom(importer: string, specifier: string): string {
  const url = new URL(specifier, `file:///${importer}`);
  return url.pathname.slice(1);
}

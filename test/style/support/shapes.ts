/**
 * Rules for files and functions: small enough to read, a comment at the start, consistent names.
 */
import { type Finding, lineOf, type SourceFile } from "./source-files.ts";
import { isReExport, listFunctions, listStatements } from "./syntax.ts";

export const FUNCTION_LINES_MAX = 70;
export const FILE_LINES_MAX = 400;
export const COLUMNS_MAX = 100;

/** Names that do not describe the contents. */
const EMPTY_NAMES = /^(utils?|helpers?|misc|common|shared|index)\.[a-z.]+$/;
/** `describe("…", () => { … })` is a chapter, not a function. */
const GROUP_OF_TESTS = /^(describe|suite)\b/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d|config))?\.[a-z]+$/;

export function checkFunctionLengths(file: SourceFile): Finding[] {
  return listFunctions(file).flatMap(({ start, end, calledBy }) => {
    if (GROUP_OF_TESTS.test(calledBy)) return [];
    const line = lineOf(file.text, start);
    const lines = lineOf(file.text, end) - line + 1;
    if (lines <= FUNCTION_LINES_MAX) return [];
    const what = `a function of ${lines} lines; at most ${FUNCTION_LINES_MAX} are allowed`;
    return [{ path: file.path, line, what }];
  });
}

/** A list under headings, not code: it is looked up, and nobody reads it from top to bottom. */
const LISTS: ReadonlySet<string> = new Set(["src/domain/limits.ts"]);

export function checkFileLength({ path, text }: SourceFile): Finding[] {
  if (LISTS.has(path)) return [];
  const lines = text.trimEnd().split("\n").length;
  if (lines <= FILE_LINES_MAX) return [];
  return [{ path, line: lines, what: `${lines} lines; at most ${FILE_LINES_MAX} are allowed` }];
}

/** The formatter keeps the title of a test on the line of its call, at any length. */
const TITLE_LINE = /^\s*(test|it|describe)(\.each|\.concurrent)?\(["'`]|^\s*\]\)\(["'`]/;

export function checkColumns({ path, text }: SourceFile): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const columns = Array.from(line).length;
    if (columns <= COLUMNS_MAX || TITLE_LINE.test(line)) return [];
    return [
      { path, line: index + 1, what: `${columns} columns; at most ${COLUMNS_MAX} are allowed` },
    ];
  });
}

export function checkOpeningComment({ path, text }: SourceFile): Finding[] {
  const opening = text.replace(/^#!.*\n/, "").trimStart();
  if (opening.startsWith("/*") || opening.startsWith("//")) return [];
  return [{ path, line: 1, what: "does not start with a comment about its purpose" }];
}

export function checkName({ path }: SourceFile): Finding[] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (EMPTY_NAMES.test(name))
    return [{ path, line: 1, what: "the name does not describe the contents" }];
  return KEBAB_CASE.test(name) ? [] : [{ path, line: 1, what: "the name is not kebab-case" }];
}

/** Reports a file with only re-exports, because it hides where things are. */
export function checkBarrel(file: SourceFile): Finding[] {
  const statements = listStatements(file);
  if (statements.length === 0 || !statements.every(isReExport)) return [];
  return [{ path: file.path, line: 1, what: "has only re-exports" }];
}

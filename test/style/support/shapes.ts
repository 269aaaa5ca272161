/**
 * Rules for files and functions: small enough to read, a comment at the start, consistent names.
 */
import ts from "typescript";
import { type Finding, lineOf, type SourceFile } from "./source-files.ts";

export const FUNCTION_LINES_MAX = 70;
export const FILE_LINES_MAX = 400;
export const COLUMNS_MAX = 100;

/** Names that do not describe the contents. */
const EMPTY_NAMES = /^(utils?|helpers?|misc|common|shared|index)\.[a-z.]+$/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d|config))?\.[a-z]+$/;

export function checkFunctionLengths({ path, text }: SourceFile): Finding[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && !isGroupOfTests(node)) {
      const first = lineOf(text, node.getStart(source));
      const lines = lineOf(text, node.getEnd()) - first + 1;
      if (lines > FUNCTION_LINES_MAX) {
        const what = `a function of ${lines} lines; at most ${FUNCTION_LINES_MAX} are allowed`;
        findings.push({ path, line: first, what });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

/** The function of `describe("…", () => { … })` is only a group, so it may be longer. */
function isGroupOfTests(node: ts.Node): boolean {
  const { parent } = node;
  if (!ts.isCallExpression(parent)) return false;
  return /^(describe|suite)\b/.test(parent.expression.getText());
}

export function checkFileLength({ path, text }: SourceFile): Finding[] {
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
export function checkBarrel({ path, text }: SourceFile): Finding[] {
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const isReExport = (node: ts.Statement): boolean => {
    return ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined;
  };
  if (statements.length === 0 || !statements.every(isReExport)) return [];
  return [{ path, line: 1, what: "has only re-exports" }];
}

/**
 * Files and functions have a readable size, a comment at the start, and a good name.
 */
import { expect, test } from "vitest";
import {
  checkBarrel,
  checkColumns,
  checkFileLength,
  checkFunctionLengths,
  checkName,
  checkOpeningComment,
  COLUMNS_MAX,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
} from "./support/shapes.ts";
import { listSourceFiles, printFindings } from "./support/source-files.ts";

const code = listSourceFiles(/\.(ts|mjs|js)$/);
const ownCode = code.filter(({ path }) => path.includes("/"));

test("every function fits a screen", () => {
  expect(printFindings(code.flatMap(checkFunctionLengths))).toEqual([]);
});

test("every file can be read in one sitting", () => {
  expect(printFindings(code.flatMap(checkFileLength))).toEqual([]);
});

test("no line is too long", () => {
  const files = listSourceFiles(/\.(ts|mjs|js|css|toml|sql)$/);
  expect(printFindings(files.flatMap(checkColumns))).toEqual([]);
});

test("every file starts with its purpose", () => {
  expect(printFindings(code.flatMap(checkOpeningComment))).toEqual([]);
});

test("every file has a specific name in kebab-case", () => {
  expect(printFindings(ownCode.flatMap(checkName))).toEqual([]);
});

test("no file only re-exports", () => {
  const files = ownCode.filter(({ path }) => !path.startsWith("test/"));
  expect(printFindings(files.flatMap(checkBarrel))).toEqual([]);
});

test("a function one line over the limit is reported, and one at the limit is not", () => {
  const functionOf = (lines: number) => `function f() {${"\n".repeat(lines - 1)}}`;
  const check = (lines: number) => checkFunctionLengths({ path: "a.ts", text: functionOf(lines) });
  expect(check(FUNCTION_LINES_MAX)).toEqual([]);
  expect(check(FUNCTION_LINES_MAX + 1)).toHaveLength(1);
});

test("a file and a line one over their limits are reported, and those at the limit are not", () => {
  const checkLines = (lines: number) =>
    checkFileLength({ path: "a.ts", text: "x\n".repeat(lines) });
  expect(checkLines(FILE_LINES_MAX)).toEqual([]);
  expect(checkLines(FILE_LINES_MAX + 1)).toHaveLength(1);
  const checkWidth = (columns: number) => checkColumns({ path: "a.ts", text: "x".repeat(columns) });
  expect(checkWidth(COLUMNS_MAX)).toEqual([]);
  expect(checkWidth(COLUMNS_MAX + 1)).toHaveLength(1);
});

test("a file without a comment, with a vague name, and with only re-exports is reported", () => {
  const file = { path: "src/domain/Utils.ts", text: 'export * from "./stock.ts";\n' };
  expect(checkOpeningComment(file)).toHaveLength(1);
  expect(checkBarrel(file)).toHaveLength(1);
  expect(checkName(file)).toHaveLength(1);
  expect(checkName({ path: "src/domain/utils.ts", text: "" })).toHaveLength(1);
});

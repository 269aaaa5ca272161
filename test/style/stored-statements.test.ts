/**
 * Statements that write stored rows name their columns, and replace no row as a whole: otherwise a
 * release could not go back once a newer one has added a column (docs/stored-shapes.md).
 */
import { expect, test } from "vitest";
import { listSourceFiles } from "./support/source-files.ts";

const FORBIDDEN = /INSERT OR REPLACE|REPLACE INTO|INTO\s+\w+\s+(?:VALUES|SELECT)\b/;

function findings(files: readonly { readonly path: string; readonly text: string }[]): string[] {
  return files.flatMap(({ path, text }) => {
    return text.split("\n").flatMap((line, index) => {
      const isComment = /^\s*(\*|\/\/)/.test(line);
      return !isComment && FORBIDDEN.test(line) ? [`${path}:${index + 1}`] : [];
    });
  });
}

test("no statement writes a row by position, nor replaces a whole row", () => {
  const files = listSourceFiles(/\.(ts|sql)$/).filter(({ path }) => {
    return /^(src|durable-objects|queues)\//.test(path);
  });
  expect(findings(files)).toEqual([]);
});

test.each(["INSERT INTO marks VALUES (?)", "INSERT OR REPLACE INTO marks (a) VALUES (?)"])(
  "%s is found",
  (text) => {
    expect(findings([{ path: "a.ts", text: `exec("${text}")` }])).toEqual(["a.ts:1"]);
  },
);

/**
 * Regular expressions on what anybody sends take no more steps than a multiple of its length.
 *
 * One that looks for a run of characters at the end of a text, and may begin anywhere in it, tries
 * anew at each character of a long run that ends before: of 100 kB of blanks in a cookie that was
 * ten thousand million steps. So such a run must follow `^`, or a character that is not in it.
 */
import { expect, test } from "vitest";
import { listSourceFiles } from "./support/source-files.ts";

const ATOM = String.raw`(?:\[(?:\\.|[^\]\\])*\]|\\.|[^\\[\]()|*+?{}^$/])`;
const CLASS = String.raw`\[(?:\\.|[^\]\\\n])*\]`;
/** After a sign that no division follows. */
const LITERAL = new RegExp(
  String.raw`(?<=[(,=:!&|?[{};\s])\/((?:${CLASS}|\\.|[^/\\\n[*])(?:${CLASS}|\\.|[^/\\\n[])*)` +
    String.raw`\/[dgimsuvy]*(?=[\s.,;)\]])`,
  "g",
);
const RUN_AT_END = new RegExp(
  `(${ATOM}|\\^|\\(|\\||[*+?}]|^)(${ATOM})(?:[+*]|\\{\\d+,\\})\\)*\\$`,
  "g",
);

/** Tied to the start as a whole: no alternative outside of its groups begins elsewhere. */
function isAnchored(source: string): boolean {
  return (
    source.startsWith("^") && !source.replaceAll(/\((?:[^()]|\([^()]*\))*\)/g, "").includes("|")
  );
}

/** Of keys, which have at most 128 characters. */
const BOUNDED = new Set(["src/domain/key-shape.ts"]);

/** The runs at the end of a regular expression that may begin within a longer one. */
function restartedRuns(source: string): string[] {
  if (isAnchored(source)) return [];
  return [...source.matchAll(RUN_AT_END)].flatMap(([, before = "", atom = ""]) => {
    // `.` runs to the end from wherever it begins.
    if (before === "^" || atom === ".") return [];
    const isTied = /^\\?[^[]$/.test(before) && !/^[(|*+?}]$/.test(before);
    const character = before.replace(/^\\/, "");
    return isTied && !new RegExp(`^${atom}$`).test(character) ? [] : [`${before}${atom}`];
  });
}

test("the rule finds what it is for", () => {
  expect(restartedRuns(String.raw`[ \t]+$`)).toHaveLength(1);
  expect(restartedRuns(String.raw`^[ \t]+|[ \t]+$`)).toHaveLength(1);
  expect(restartedRuns(String.raw`\.+$`)).toHaveLength(1);
  expect(restartedRuns(String.raw`a[^/]+$`)).toHaveLength(1);
  expect(restartedRuns(String.raw`\/[^/]+$`)).toEqual([]);
  expect(restartedRuns(String.raw`:\d*$`)).toEqual([]);
  expect(restartedRuns(String.raw`^[\x21-\x7e]+$`)).toEqual([]);
});

test("no run at the end of a text is looked for anew at each of its characters", () => {
  const files = listSourceFiles(/^(src|durable-objects|queues)\/.*\.ts$/);
  const found = files.flatMap(({ path, text }) => {
    return [...text.matchAll(LITERAL)].flatMap(([whole, source = ""]) => {
      return BOUNDED.has(path) || restartedRuns(source).length === 0 ? [] : [`${path}: ${whole}`];
    });
  });
  expect(found).toEqual([]);
});

/**
 * Nothing is left for later, and no test is switched off.
 */
import { expect, test } from "vitest";
import { findLeftovers, findSwitchedOffTests } from "./support/leftovers.ts";
import { listSourceFiles, printFindings } from "./support/source-files.ts";

test("no leftover marker stays in a file", () => {
  expect(printFindings(listSourceFiles().flatMap(findLeftovers))).toEqual([]);
});

test("no test is switched off or runs alone", () => {
  const files = listSourceFiles(/^test\/.*\.ts$/);
  expect(printFindings(files.flatMap(findSwitchedOffTests))).toEqual([]);
});

// Each marker is put together here, so that this file has none itself.
test.each([
  ["TO", "DO: later"],
  ["// works for", " now"],
  ["this is simp", "lified"],
  ["a place", "holder"],
])("“%s%s” is found", (...parts) => {
  expect(findLeftovers({ path: "a.ts", text: parts.join("") })).toHaveLength(1);
});

test.each(['<input placeholder="you@example.com">', "input::placeholder { color: #555 }"])(
  "%s is HTML's or CSS's own word",
  (text) => {
    expect(findLeftovers({ path: "a.ts", text })).toEqual([]);
  },
);

test("a test that runs alone is found", () => {
  const text = ["test", 'only("this one", () => {});'].join(".");
  expect(findSwitchedOffTests({ path: "a.test.ts", text })).toHaveLength(1);
});

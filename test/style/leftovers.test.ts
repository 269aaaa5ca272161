/**
 * No file has markers of unfinished work, and no test is switched off.
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

// The markers are composed of two parts, so that this file does not contain them.
test.each([
  ["TO", "DO: later"],
  ["// works for", " now"],
  ["this is simp", "lified"],
  ["a place", "holder"],
])("“%s%s” is reported", (...parts) => {
  expect(findLeftovers({ path: "a.ts", text: parts.join("") })).toHaveLength(1);
});

test.each(['<input placeholder="you@example.com">', "input::placeholder { color: #555 }"])(
  "%s is not reported, because it is HTML or CSS",
  (text) => {
    expect(findLeftovers({ path: "a.ts", text })).toEqual([]);
  },
);

test("a test that runs alone is reported", () => {
  const text = ["test", 'only("this one", () => {});'].join(".");
  expect(findSwitchedOffTests({ path: "a.test.ts", text })).toHaveLength(1);
});

/**
 * The page about OWASP ASVS has every requirement of its chapters once, and counts them rightly.
 * That the tests it names exist is checked with all other documents (`doc-references`).
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const PAGE = readFileSync(new URL("../../docs/security-asvs.md", import.meta.url), "utf8");

/** ASVS 5.0.0: the number of requirements in each section of the chapters. */
const SECTIONS: Readonly<Record<string, readonly number[]>> = {
  V2: [3, 3, 5, 2],
  V3: [1, 3, 5, 8, 8, 1, 5],
  V4: [5, 5, 2, 4],
  V7: [3, 4, 2, 5, 3, 2],
  V9: [3, 4],
  V11: [4, 5, 5, 4, 2, 2, 2],
  V12: [5, 2, 5],
  V13: [4, 6, 4, 7],
  V14: [2, 8, 3],
  V16: [1, 5, 4, 3, 4],
};
const STATES = ["met", "partly", "**not covered**", "platform", "not applicable"];

const rows = [
  ...PAGE.matchAll(/^\| (\d+\.\d+\.\d+) .*? \| L[123] +\| (.+?) +\| (.+?) +\| (.*?) *\|$/gm),
];

/** Met by what is written, or by what there is not: nothing can be run for these. */
const WITHOUT_TEST = ["3.5.6", "3.5.7", "3.7.1", "13.1.1", "16.2.3"];

test("every requirement of the chapters is there once, in order", () => {
  const ids = Object.entries(SECTIONS).flatMap(([chapter, sections]) => {
    return sections.flatMap((count, section) => {
      return Array.from({ length: count }, (_, nth) => {
        return `${chapter.slice(1)}.${section + 1}.${nth + 1}`;
      });
    });
  });
  expect(rows.map(([, id]) => id)).toEqual(ids);
});

test("every requirement has a state and says why", () => {
  for (const [, id, state = "", reason] of rows) {
    expect([id, STATES.includes(state), reason !== ""]).toEqual([id, true, true]);
  }
});

test("what is met has a test that shows it", () => {
  const untested = rows.filter(([, , state, , tests]) => state === "met" && tests === "");
  expect(untested.map(([, id]) => id)).toEqual(WITHOUT_TEST);
});

test("the summary counts the states of each chapter", () => {
  for (const chapter of Object.keys(SECTIONS)) {
    const states = rows
      .filter(([, id = ""]) => id.startsWith(`${chapter.slice(1)}.`))
      .map(([, , state]) => state);
    const counted = STATES.map((state) => states.filter((other) => other === state).length);
    const summary = new RegExp(`^\\| \\[${chapter} .*?\\)((?: +\\| \\d+){5}) +\\|$`, "m");
    const shown = summary.exec(PAGE)?.[1]?.split("|").slice(1).map(Number);
    expect([chapter, shown]).toEqual([chapter, counted]);
  }
});

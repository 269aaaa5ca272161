/**
 * Finds markers of unfinished work, and comments that switch a check off. Each pattern is written
 * so that it does not match its own line.
 */
import { type Finding, lineOf, type SourceFile } from "./source-files.ts";

const LEFTOVERS: readonly RegExp[] = [
  /\bT[O]DO\b/,
  /\bF[I]XME\b/,
  /\bX[X]X\b/,
  /\bH[A]CK\b/,
  /\bn[o]t (yet )?implemented\b/i,
  /\bf[o]r now\b/i,
  /\bs[i]mplified\b/i,
  /\bi[n] a real\b/i,
  /\bt[e]mporar(y|ily) (fix|solution|code)\b/i,
  /\bl[o]rem ipsum\b/i,
  /\bc[o]ming soon\b/i,
  // Not the HTML attribute, the CSS selector and the DOM property.
  /(?<!::?|"|')\bp[l]aceholders?\b(?!\s*=|"|')/i,
  /@ts-(i)gnore|@ts-(e)xpect-error|@ts-(n)ocheck/,
  /\b(o)xlint-disable|\b(e)slint-disable|\b(o)xfmt-ignore/,
];

const SWITCHED_OFF_TESTS = /\b(?:test|it|describe|suite)\.(?:only|skip|todo|fails|skipIf|runIf)\b/g;

export function findLeftovers({ path, text }: SourceFile): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const found = LEFTOVERS.map((pattern) => pattern.exec(line)?.[0]).find(Boolean);
    return found === undefined
      ? []
      : [{ path, line: index + 1, what: `"${found}" is a marker of unfinished work` }];
  });
}

export function findSwitchedOffTests({ path, text }: SourceFile): Finding[] {
  return [...text.matchAll(SWITCHED_OFF_TESTS)].map((match) => {
    return { path, line: lineOf(text, match.index), what: `${match[0]} hides tests` };
  });
}

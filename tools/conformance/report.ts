/** The findings of a conformance run as lines for a terminal, and its exit code. */
import type { Finding } from "./checks.ts";

/** One line: what was expected, and after a failure also what was seen and how to fix it. */
export function lineOf(finding: Finding): string {
  const { name, expected } = finding;
  switch (finding.kind) {
    case "passed":
      return `✓ ${name}: ${expected}`;
    case "failed":
      return `✗ ${name}: expected ${expected} · seen: ${finding.seen} · fix: ${finding.fix}`;
    case "not_offered":
      return `– ${name}: not tried, ${finding.why} · ${expected}`;
  }
}

/** `N of M checks passed`, without the checks that were not tried; their number follows. */
export function sumOf(findings: readonly Finding[]): string {
  const tried = findings.filter(({ kind }) => kind !== "not_offered");
  const passed = tried.filter(({ kind }) => kind === "passed");
  const sum = `${passed.length} of ${tried.length} checks passed`;
  const left = findings.length - tried.length;
  return left === 0 ? sum : `${sum}, ${left} not tried`;
}

export function exitCodeOf(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ kind }) => kind === "failed") ? 1 : 0;
}

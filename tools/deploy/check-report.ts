/**
 * Checks of a deployment as text for the operator.
 */
import type { Check } from "../../src/domain/readiness/check.ts";

const WIDTH = 78;
const INDENT = " ".repeat(10);

/** One paragraph a check; those that failed come first, the gravest before the others. */
export function printChecks(checks: readonly Check[]): readonly string[] {
  return checks.toSorted((a, b) => rank(a) - rank(b)).flatMap(printCheck);
}

/** @param secrets by their names; none where all that matters is known */
export function printUnknown(secrets: readonly string[]): readonly string[] {
  if (secrets.length === 0) return [];
  const names = secrets.join(", ");
  return [`  ${"?".padEnd(INDENT.length - 2)}unknown: ${names} (no account was asked)`];
}

function rank({ ok, severity }: Check): number {
  if (ok) return 3;
  return ["error", "warning", "info"].indexOf(severity);
}

function printCheck({ name, ok, severity, detail }: Check): string[] {
  const sign = (ok ? "ok" : severity).padEnd(INDENT.length - 2);
  const lines = [`${name}:`];
  for (const word of detail.split(" ")) {
    const line = `${lines.at(-1) ?? ""} ${word}`;
    if (line.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.map((line, index) => (index === 0 ? `  ${sign}${line}` : `${INDENT}${line}`));
}

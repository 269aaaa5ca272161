/** The findings about a draw as text for a terminal, and the exit code they come to. */
import type { DrawEvidence } from "./collect.ts";
import type { Finding } from "./checks.ts";

const MARKS = { agrees: "✓", broken: "✗", open: "…" } as const;

export type Verdict = "verified" | "broken" | "not_yet";

export const EXIT_CODES: Readonly<Record<Verdict, number>> = { verified: 0, broken: 1, not_yet: 3 };

export function verdictOn(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === "broken")) return "broken";
  return findings.some(({ verdict }) => verdict === "open") ? "not_yet" : "verified";
}

const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  verified: "Verified: the draw is what the commitment fixed.",
  broken: "Broken: what is marked ✗ does not agree. Keep this output, and the answers behind it.",
  not_yet: "Not yet checkable: nothing disagrees, and what is marked … cannot be told yet.",
};

export function writeReport(
  url: string,
  evidence: Pick<DrawEvidence, "sale" | "phase">,
  findings: readonly Finding[],
): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(({ what, verdict, words }) => {
    return `  ${MARKS[verdict]} ${what.padEnd(width)}  ${words}`;
  });
  const head = `The draw of sale ${evidence.sale} at ${url} (${evidence.phase})`;
  return `${head}\n\n${lines.join("\n")}\n\n${VERDICT_TEXT[verdictOn(findings)]}\n`;
}

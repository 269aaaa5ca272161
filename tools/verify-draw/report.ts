/** The findings about a draw as text for a terminal, and the exit code. */
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
  verified: "Verified: the draw follows from the commitment.",
  broken: "Broken: the lines marked ✗ do not agree. Keep this output and the gate's answers.",
  not_yet: "Not yet verified: nothing disagrees, but the lines marked … cannot be checked yet.",
};

export function writeReport(
  url: string,
  evidence: Pick<DrawEvidence, "sale" | "phase">,
  findings: readonly Finding[],
): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(({ what, verdict, detail }) => {
    return `  ${MARKS[verdict]} ${what.padEnd(width)}  ${detail}`;
  });
  const head = `The draw of sale ${evidence.sale} at ${url} (${evidence.phase})`;
  return `${head}\n\n${lines.join("\n")}\n\n${VERDICT_TEXT[verdictOn(findings)]}\n`;
}

/** The findings about a draw as text for a terminal, and the exit code. */
import type { DrawEvidence } from "./collect.ts";
import type { Finding } from "./finding.ts";
import { NOT_PROVEN, provenBy } from "./receipts.ts";

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
  evidence: Pick<DrawEvidence, "sale" | "phase" | "receipts">,
  findings: readonly Finding[],
): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(({ what, verdict, detail }) => {
    return `  ${MARKS[verdict]} ${what.padEnd(width)}  ${detail}`;
  });
  const head = `The draw of sale ${evidence.sale} at ${url} (${evidence.phase})`;
  const verdict = verdictOn(findings);
  const proven = verdict === "broken" ? [] : provenText(evidence);
  return [head, lines.join("\n"), ...proven, VERDICT_TEXT[verdict]].join("\n\n").concat("\n");
}

/** What the receipts show, and what no receipt does. */
function provenText({ receipts }: Pick<DrawEvidence, "receipts">): string[] {
  if (receipts.length === 0) return [];
  const sentences = receipts.flatMap((receipt, index) => provenBy(receipt, index + 1));
  return [[...sentences, NOT_PROVEN].join("\n")];
}

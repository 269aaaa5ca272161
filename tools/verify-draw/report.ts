/** The findings about a draw as text for a terminal, and the exit code. */
import type { DrawEvidence } from "./collect.ts";
import type { Finding } from "./finding.ts";
import { NOT_PROVEN, provenBy } from "./receipts.ts";

const MARKS = { agrees: "✓", broken: "✗", open: "…", doubt: "!", skipped: "-" } as const;

/** `receipts`: those given are verified, and the draw cannot be checked as a whole yet. */
export type Verdict = "verified" | "receipts" | "doubtful" | "broken" | "not_yet";

export const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  verified: 0,
  receipts: 0,
  broken: 1,
  not_yet: 3,
  doubtful: 4,
};

export function verdictOn(findings: readonly Finding[]): Exclude<Verdict, "receipts"> {
  if (findings.some(({ verdict }) => verdict === "broken")) return "broken";
  if (findings.some(({ verdict }) => verdict === "open")) return "not_yet";
  return findings.some(({ verdict }) => verdict === "doubt") ? "doubtful" : "verified";
}

/**
 * The verdict for those who want to know about their receipts only: what cannot be checked of the
 * draw before the sale's end is no reason to doubt them, but anything that is broken is.
 *
 * @param given the findings about the receipts, and the tickets given with them
 */
export function verdictOnReceipts(
  findings: readonly Finding[],
  given: readonly Finding[],
): Verdict {
  const verdict = verdictOn(findings);
  return verdict === "not_yet" && verdictOn(given) === "verified" ? "receipts" : verdict;
}

const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  verified: "Verified: the draw follows from the commitment.",
  receipts: `Receipts verified: signed by the gate, their amounts add up, and their places are those
that the published seeds give. The lines marked … are about the draw: whether the seeds follow from
the commitment can be checked when the sale is over and its secret published. Run this again then,
or name the sale with --sale to get exit code 3 until it can be checked.`,
  doubtful:
    "Not proven to be by chance: nothing disagrees, but the lines marked ! rest on the operator.",
  broken: "Broken: the lines marked ✗ do not agree. Keep this output and the gate's answers.",
  not_yet: "Not yet verified: nothing disagrees, but the lines marked … cannot be checked yet.",
};

export function writeReport(
  url: string,
  evidence: Pick<DrawEvidence, "sale" | "phase" | "receipts">,
  findings: readonly Finding[],
  verdict: Verdict,
): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(({ what, verdict, detail }) => {
    return `  ${MARKS[verdict]} ${what.padEnd(width)}  ${detail}`;
  });
  const head = `The draw of sale ${evidence.sale} at ${url} (${evidence.phase})`;
  const proven = verdict === "broken" ? [] : provenText(evidence);
  return [head, lines.join("\n"), ...proven, VERDICT_TEXT[verdict]].join("\n\n").concat("\n");
}

/** What the receipts show, and what no receipt does. */
function provenText({ receipts }: Pick<DrawEvidence, "receipts">): string[] {
  if (receipts.length === 0) return [];
  const sentences = receipts.flatMap((receipt, index) => provenBy(receipt, index + 1));
  return [[...sentences, NOT_PROVEN].join("\n")];
}

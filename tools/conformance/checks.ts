/**
 * What a check is, how checks are run one after the other, and what they come to.
 *
 * Guarantee: a check that could not be finished has not passed. Not for judging a server beyond the
 * contract: each check names one sentence of it.
 */

/** The server did something else than the contract says; the message tells what was seen. */
export class Unmet extends Error {
  override readonly name = "Unmet";
}

/** The server says that it has no such test method, and need not have one. */
export class NotOffered extends Error {
  override readonly name = "NotOffered";
}

export interface Check {
  /** Stable, for example `capture-after-void`. */
  readonly name: string;
  /** What the contract says, as one sentence. */
  readonly expected: string;
  readonly fix: string;
  /** Throws `Unmet` or `NotOffered`. */
  readonly run: () => Promise<void>;
}

export type Finding = Pick<Check, "name" | "expected" | "fix"> &
  (
    | { readonly kind: "passed" }
    | { readonly kind: "failed"; readonly seen: string }
    | { readonly kind: "not_offered"; readonly why: string }
  );

interface Watch {
  readonly begun: (check: Check) => void;
  readonly found: (finding: Finding) => void;
}

/**
 * Runs them in order. The first check is whether the server answers at all; where it does not, the
 * others are not tried.
 */
export async function runChecks(
  checks: readonly Check[],
  { begun, found }: Watch,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    begun(check);
    const finding =
      findings[0]?.kind === "failed" ? leftOut(check, "nobody answers") : await runCheck(check);
    found(finding);
    findings.push(finding);
  }
  return findings;
}

function leftOut({ name, expected, fix }: Check, why: string): Finding {
  return { name, expected, fix, kind: "not_offered", why };
}

async function runCheck({ name, expected, fix, run }: Check): Promise<Finding> {
  const about = { name, expected, fix };
  try {
    await run();
    return { ...about, kind: "passed" };
  } catch (error) {
    if (error instanceof Unmet) return { ...about, kind: "failed", seen: error.message };
    if (error instanceof NotOffered) return { ...about, kind: "not_offered", why: error.message };
    throw error;
  }
}

const SHOWN_LENGTH_MAX = 160;

export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > SHOWN_LENGTH_MAX ? `${line.slice(0, SHOWN_LENGTH_MAX)}…` : line;
}

/** Throws `Unmet` unless the outcome is of this kind; says what was asked when it is not. */
export function mustBe<Outcome extends { readonly kind: string }, Kind extends Outcome["kind"]>(
  outcome: Outcome,
  kind: Kind,
  asked: string,
): Extract<Outcome, { readonly kind: Kind }> {
  if (isKind(outcome, kind)) return outcome;
  throw new Unmet(`${asked} came to ${shown(outcome)}`);
}

function isKind<Outcome extends { readonly kind: string }, Kind extends Outcome["kind"]>(
  outcome: Outcome,
  kind: Kind,
): outcome is Extract<Outcome, { readonly kind: Kind }> {
  return outcome.kind === kind;
}

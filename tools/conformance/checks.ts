/**
 * Checks and findings of a conformance run, and how checks are run in sequence.
 *
 * Guarantee: a check that could not be finished has not passed. Each check tests one rule of the
 * contract, and nothing beyond it.
 */

/** The server did not follow the contract; the message describes its behaviour. */
export class Unmet extends Error {
  override readonly name = "Unmet";
}

/** The server does not have an optional test method. */
export class NotOffered extends Error {
  override readonly name = "NotOffered";
}

export interface Check {
  /** Stable, for example `capture-after-void`. */
  readonly name: string;
  /** The rule of the contract, as one sentence. */
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
      findings[0]?.kind === "failed"
        ? notTried(check, "the server does not answer")
        : await runCheck(check);
    found(finding);
    findings.push(finding);
  }
  return findings;
}

function notTried({ name, expected, fix }: Check, why: string): Finding {
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

/** Throws `Unmet` unless the outcome is of this kind; `request` describes the request. */
export function mustBe<Outcome extends { readonly kind: string }, Kind extends Outcome["kind"]>(
  outcome: Outcome,
  kind: Kind,
  request: string,
): Extract<Outcome, { readonly kind: Kind }> {
  if (isKind(outcome, kind)) return outcome;
  throw new Unmet(`${request} gave ${shown(outcome)}`);
}

function isKind<Outcome extends { readonly kind: string }, Kind extends Outcome["kind"]>(
  outcome: Outcome,
  kind: Kind,
): outcome is Extract<Outcome, { readonly kind: Kind }> {
  return outcome.kind === kind;
}

/**
 * One question about a deployment, and what to do where the answer is no.
 */
export interface Check {
  /** Stable, for programs. */
  readonly name: string;
  readonly ok: boolean;
  /** Of a failed check: `error` if money cannot be taken, or a part does not answer. */
  readonly severity: "error" | "warning" | "info";
  /** Sentences for the operator; never a value of a secret. */
  readonly detail: string;
}

export type Severity = Check["severity"];

export function good(name: string, detail: string): Check {
  return { name, ok: true, severity: "info", detail };
}

export function bad(name: string, severity: Severity, detail: string): Check {
  return { name, ok: false, severity, detail };
}

/** Whether no check found a reason why the deployment could not take money. */
export function isReady(checks: readonly Check[]): boolean {
  return checks.every(({ ok, severity }) => ok || severity !== "error");
}

/**
 * The verdict: which promises were kept, by the evidence.
 *
 * A promise is `kept` only when there was evidence to check it; `broken` lists the violations. The
 * functions are pure, so that a test can give them every kind of violation.
 */
import type { Evidence, Finding } from "./evidence.ts";
import { judgeCalls, judgeDraw } from "./line-verdict.ts";
import { judgeOrders, judgePayments, judgeRecovery } from "./order-verdict.ts";
import { judgeStock } from "./stock-verdict.ts";

export function judge(evidence: Evidence): Finding[] {
  return [
    judgeStock(evidence),
    judgeOrders(evidence),
    judgePayments(evidence),
    judgeDraw(evidence),
    judgeCalls(evidence),
    ...judgeRecovery(evidence),
  ];
}

export function anyBroken(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.result.kind === "broken");
}

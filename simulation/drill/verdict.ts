/**
 * The verdict: which promises the evidence bears out.
 *
 * A promise is `kept` only when something was there to check it by; `broken` comes with the
 * evidence. The functions behind it are pure, so that a test can plant each violation.
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

/**
 * P10, a dead part degrades and does not spread: after an outage of the payment provider every
 * order reaches its end in time, by the history the books keep of it.
 */
import { type Evidence, FINAL_STATES, type Finding, resultOf } from "./evidence.ts";

/** From the end of the outage, or from the order's placing when that came later. */
const SETTLED_WITHIN_MS = 120_000;

/** Nothing when there was no outage to recover from. */
export function judgeRecovery({ outage, orders }: Evidence): Finding[] {
  if (outage === null) return [];
  const violations: string[] = [];
  let slowest_ms = 0;
  let caught = 0;
  for (const { id, history } of orders) {
    const placedAt_ms = Date.parse(history[0]?.at ?? "");
    const end = history.find((entry) => FINAL_STATES.has(entry.state));
    if (end === undefined || Number.isNaN(placedAt_ms)) {
      violations.push(`order ${id}: no end`);
      continue;
    }
    const endedAt_ms = Date.parse(end.at);
    if (placedAt_ms < outage.until_ms && endedAt_ms > outage.from_ms) caught += 1;
    const took_ms = endedAt_ms - Math.max(placedAt_ms, outage.until_ms);
    slowest_ms = Math.max(slowest_ms, took_ms);
    if (took_ms <= SETTLED_WITHIN_MS) continue;
    violations.push(`order ${id}: '${end.state}' only ${Math.round(took_ms / 1000)} s after`);
  }
  const down_s = Math.round((outage.until_ms - outage.from_ms) / 1000);
  const slowest = `the last settled ${(slowest_ms / 1000).toFixed(1)} s after it`;
  return [
    {
      promise: "P10",
      claim: "settled after outage",
      checked: `${down_s} s without payments, ${caught} orders caught in it, ${slowest}`,
      result: resultOf(violations),
    },
  ];
}

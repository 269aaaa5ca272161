/**
 * Giving back: what a consumer found when it voided, refunded or looked up an order being undone.
 *
 * Guarantee: the order ends only when it is known that no money is reserved or kept (P3), and
 * nothing is given back a second time on a guess.
 */
import { fruitless, putOff, triedAgain } from "./retry.ts";
import { MOVED, type ReportOutcome } from "./step-outcomes.ts";
import { moveTo, type OrderDecision } from "./transition.ts";
import type { OrderRecord, OrderStanding } from "./order.ts";
import type { PaymentStanding, SettleOutcome } from "./payment-backend.ts";

export function voided(
  record: OrderRecord,
  outcome: SettleOutcome,
  now: number,
): OrderDecision<ReportOutcome> {
  const { standing } = record;
  if (standing.state !== "voiding") return { record, effects: [], outcome: { kind: "stale" } };
  switch (outcome.kind) {
    case "approved": {
      const { end, reason } = standing;
      return moveTo(record, { state: end, reason }, now, MOVED);
    }
    case "declined":
    case "unknown":
      // Neither tells whether money is left: look, and never give back twice on a guess.
      return moveTo(record, { ...standing, how: "lookup" }, now, MOVED, fruitless(record, now));
    case "retry":
      return putOff(record, outcome.after_s, now);
  }
}

/** What was reserved is let go, what was taken is given back, and nothing is done a second time. */
export function stillToUndo(
  record: OrderRecord,
  standing: Extract<OrderStanding, { state: "voiding" }>,
  found: PaymentStanding,
  now: number,
): OrderDecision<ReportOutcome> {
  const { end, reason } = standing;
  switch (found.kind) {
    case "prepared":
    case "action_required":
    case "authorized":
      return moveTo(record, { ...standing, how: "void" }, now, MOVED, triedAgain(record, now));
    case "captured":
      return moveTo(record, { ...standing, how: "refund" }, now, MOVED, triedAgain(record, now));
    case "voided":
    case "refunded":
    case "declined":
      return moveTo(record, { state: end, reason }, now, MOVED);
  }
}

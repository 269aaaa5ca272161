/**
 * Bugs planted in the rules of a simulated world: how buyers are erased.
 */
import { PRODUCT_RULES, type Rules } from "../../../simulation/faults/rules.ts";
import { isAtRest, isFinal } from "../../../src/domain/order/order.ts";
import { withDiscounts, withOrder } from "./faults-rules.ts";

const { order, discounts } = PRODUCT_RULES;

export const ERASURE_MUTANTS: readonly (readonly [name: string, rules: Rules])[] = [
  [
    "a buyer is erased while a refund is on its way",
    withOrder({
      erasureDue_ms: (record) => {
        const isDue = isFinal(record.standing) && record.erasure?.at_ms === null;
        return isDue ? (record.erasure?.asked_ms ?? null) : null;
      },
      erase: (record, now) => {
        const erasure = { asked_ms: 0, at_ms: null, version: 0 };
        const settled = { ...record, refunds: [], settlementDue_ms: null, erasure };
        return order.erase(settled, now);
      },
    }),
  ],
  [
    "a request to erase an order in progress is forgotten",
    withOrder({
      askErasure: (record, now) => {
        const decision = order.askErasure(record, now);
        return isAtRest(record) ? decision : { ...decision, record };
      },
    }),
  ],
  [
    "erasing a buyer releases the units of the order",
    withOrder({
      erase: (record, now) => {
        const decision = order.erase(record, now);
        if (decision.outcome !== "erased") return decision;
        const state = record.standing.state === "confirmed" ? "cancelled" : "failed";
        const erased = { ...decision.record, standing: { state, reason: "erased" } as const };
        return { ...decision, record: erased };
      },
    }),
  ],
  [
    "an erased order tells nobody",
    withOrder({ erase: (record, now) => ({ ...order.erase(record, now), effects: [] }) }),
  ],
  [
    "the uses of a discount code keep their buyer",
    withDiscounts({
      forgetBuyer: (reads, id) => ({
        ...discounts.forgetBuyer(reads, id),
        change: discounts.forgetBuyer(reads, "nobody").change,
      }),
    }),
  ],
];

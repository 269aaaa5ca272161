/**
 * Placing an order: the seat first, then the units of every line.
 *
 * Guarantee: each call carries the order's id and may be repeated, so placing that crashed half-way
 * is simply done again. Units taken before a refusal are released by the rejection's outbox.
 * Weak: when the room does not answer, the order is placed without checking whether this admission
 * has another order in progress. Admitted shoppers go on buying; each SkuStock still enforces the
 * limit per buyer.
 */
import type { BeginOrderOutcome } from "../../src/domain/room/admission.ts";
import type { OrderIntent, Rejection } from "../../src/domain/order/order.ts";
import type { OrderCommand, OrderOutcome } from "../../src/domain/stock/stock.ts";

/** The objects that placing calls. Null: no answer. */
export interface PlacingParts {
  beginOrder(intent: OrderIntent): Promise<BeginOrderOutcome | null>;
  order(sku: string, command: OrderCommand): Promise<OrderOutcome | null>;
}

export type TakeOutcome =
  | { readonly kind: "taken" }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "try_again"; readonly part: string };

export async function takeUnits(
  parts: PlacingParts,
  intent: OrderIntent,
  now: number,
): Promise<TakeOutcome> {
  if (now >= intent.holdUntil_ms) {
    return { kind: "rejected", rejection: { code: "admission_required" } };
  }
  const begun = await parts.beginOrder(intent);
  switch (begun?.kind) {
    case "order_in_progress":
      return { kind: "rejected", rejection: { code: "order_in_progress", order: begun.order } };
    case "admission_spent":
    case "admission_required":
      return { kind: "rejected", rejection: { code: begun.kind } };
    case "begun":
    case undefined:
      return takeLines(parts, intent);
  }
}

/** Line after line, so that a refusal leaves as little as possible to give back. */
async function takeLines(parts: PlacingParts, intent: OrderIntent): Promise<TakeOutcome> {
  const { sale, buyer, id, admission } = intent;
  for (const { sku, quantity, limitPerBuyer } of intent.lines) {
    const command = { sale, buyer, id, holdId: admission, quantity, limitPerBuyer };
    const outcome = await parts.order(sku, command);
    if (outcome === null) return { kind: "try_again", part: sku };
    switch (outcome.kind) {
      case "ordered":
      case "already_ordered":
        break;
      case "limit_reached": {
        const { limit, taken } = outcome;
        return { kind: "rejected", rejection: { code: "limit_reached", sku, limit, taken } };
      }
      case "sold_out": {
        const { available } = outcome;
        return { kind: "rejected", rejection: { code: "sold_out", sku, available } };
      }
      case "conflict":
        return { kind: "rejected", rejection: { code: "sold_out", sku, available: 0 } };
    }
  }
  return { kind: "taken" };
}

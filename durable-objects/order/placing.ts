/**
 * Placing an order: the seat first, then its discount code's use, then the units of every line.
 *
 * Guarantee: each call carries the order's id and is idempotent, so a placing that crashed half-way
 * is repeated from the start. Units taken before a refusal are released by the rejection's outbox.
 * Weak: when the room does not answer, the order is placed without its check that this admission
 * has no other order in progress, because admitted shoppers must be able to buy. Each SkuStock
 * still bounds the units of one buyer.
 */
import type { TakeCommand, TakeOutcome } from "../../src/domain/discounts/uses.ts";
import type { BeginOrderOutcome } from "../../src/domain/room/admission.ts";
import type { OrderIntent, Rejection } from "../../src/domain/order/order.ts";
import type { OrderCommand, OrderOutcome } from "../../src/domain/stock/stock.ts";

/** The calls that placing makes. Null: no answer. */
export interface PlacingBindings {
  beginOrder(intent: OrderIntent): Promise<BeginOrderOutcome | null>;
  takeDiscount(sale: string, command: TakeCommand): Promise<TakeOutcome | null>;
  order(sku: string, command: OrderCommand): Promise<OrderOutcome | null>;
}

export type TakenOutcome =
  /** `until_ms`: when the first of the holds ends that the units came from. */
  | { readonly kind: "taken"; readonly until_ms: number }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "try_again"; readonly part: string };

export async function takeUnits(
  bindings: PlacingBindings,
  intent: OrderIntent,
  now: number,
): Promise<TakenOutcome> {
  if (now >= intent.holdUntil_ms) {
    return { kind: "rejected", rejection: { code: "admission_required" } };
  }
  const begun = await bindings.beginOrder(intent);
  switch (begun?.kind) {
    case "order_in_progress":
      return { kind: "rejected", rejection: { code: "order_in_progress", order: begun.order } };
    case "admission_spent":
    case "admission_required":
      return { kind: "rejected", rejection: { code: begun.kind } };
    case "too_many_declines": {
      const { declines } = begun;
      return { kind: "rejected", rejection: { code: "admission_required", declines } };
    }
    case "begun":
    case undefined:
      return (await takeDiscount(bindings, intent)) ?? takeLines(bindings, intent);
  }
}

/** Null when the order has no code, or its use is counted. */
async function takeDiscount(
  bindings: PlacingBindings,
  { id, sale, buyer: subject, identities, lane, discount }: OrderIntent,
): Promise<TakenOutcome | null> {
  if (discount === null) return null;
  const { code, revision } = discount;
  const command = { order: id, code, revision, subject, identities, lane: lane ?? "" };
  const outcome = await bindings.takeDiscount(sale, command);
  switch (outcome?.kind) {
    case undefined:
      return { kind: "try_again", part: "discount" };
    case "taken":
    case "already_taken":
      return null;
    case "refused": {
      const rejection = { code: "admission_required", discount: outcome.reason } as const;
      return { kind: "rejected", rejection };
    }
    case "conflict":
      throw new Error(`order ${id}: has the use of another discount code`);
  }
}

/** One line after the other, so that a refusal leaves as few units as possible to release. */
async function takeLines(bindings: PlacingBindings, intent: OrderIntent): Promise<TakenOutcome> {
  const { sale, buyer, id, admission, identities, holdUntil_ms, unpaid } = intent;
  const counted = unpaid === undefined ? {} : { unpaid };
  let until_ms = holdUntil_ms;
  for (const { sku, quantity, limitPerBuyer } of intent.lines) {
    const key = { sale, buyer, id, holdId: admission };
    const command = { ...key, quantity, limitPerBuyer, identities, holdUntil_ms, ...counted };
    const outcome = await bindings.order(sku, command);
    if (outcome === null) return { kind: "try_again", part: sku };
    switch (outcome.kind) {
      case "ordered":
      case "already_ordered":
        until_ms = Math.min(until_ms, outcome.until_ms ?? until_ms);
        break;
      case "limit_reached": {
        const { limit, taken } = outcome;
        return { kind: "rejected", rejection: { code: "limit_reached", sku, limit, taken } };
      }
      case "unpaid_limit_reached": {
        const { limit, taken } = outcome;
        const rejection = { code: "limit_reached", sku, limit, taken } as const;
        return { kind: "rejected", rejection: { ...rejection, unpaid: { coolsUntil_ms: null } } };
      }
      case "cooling_off": {
        const rejection = { code: "limit_reached", sku, limit: 0, taken: 0 } as const;
        const coolsUntil_ms = outcome.until_ms;
        return { kind: "rejected", rejection: { ...rejection, unpaid: { coolsUntil_ms } } };
      }
      case "sold_out": {
        const { available } = outcome;
        return { kind: "rejected", rejection: { code: "sold_out", sku, available } };
      }
      case "conflict":
        return { kind: "rejected", rejection: { code: "sold_out", sku, available: 0 } };
    }
  }
  return { kind: "taken", until_ms };
}

/**
 * What a mail says of an order: the part of the order's record that its buyer may read.
 *
 * Guarantee: what the facts say of a final order does not change, except for its refunds, so a mail
 * that is tried again says the same.
 */
import type { Amounts, OrderIntent, OrderRecord } from "../order/order.ts";
import { reasonOf } from "../order/messages.ts";
import type { Refund } from "../order/refund.ts";
import { bookingOf } from "../order/transition.ts";

export interface MailFacts {
  readonly order: string;
  /** The shop's reference of a confirmed order. */
  readonly booking: string | null;
  readonly sale: string;
  readonly state: string;
  readonly reason: string | null;
  readonly email: string;
  readonly lines: readonly {
    readonly sku: string;
    readonly name: string;
    readonly quantity: number;
    /** Per unit, minor units. */
    readonly price: number;
  }[];
  readonly total: number;
  readonly currency: string;
  /** Null in orders of the first versions: then the total is the sum of the lines. */
  readonly amounts: Amounts | null;
  readonly delivery: { readonly id: string; readonly name: string } | null;
  readonly discountHint: string | null;
  readonly name: string | null;
  readonly shipTo: OrderIntent["shipTo"];
  readonly placedAt_ms: number;
  /** Until then the units of a declined order are in the buyer's cart. */
  readonly holdUntil_ms: number;
  readonly viewKey: string;
  readonly returnUrl: string;
  readonly refunds: readonly Pick<Refund, "id" | "amount" | "state" | "updatedAt_ms">[];
}

export function mailFactsOf({ intent, standing, refunds }: OrderRecord): MailFacts {
  return {
    order: intent.id,
    booking: bookingOf(standing),
    sale: intent.sale,
    state: standing.state,
    reason: reasonOf(standing),
    email: intent.email,
    lines: intent.lines.map(({ sku, name, quantity, price }) => ({ sku, name, quantity, price })),
    total: intent.total,
    currency: intent.currency,
    amounts: intent.amounts,
    delivery: intent.delivery,
    discountHint: intent.discount?.hint ?? null,
    name: intent.name,
    shipTo: intent.shipTo,
    placedAt_ms: intent.placedAt_ms,
    holdUntil_ms: intent.holdUntil_ms,
    viewKey: intent.viewKey,
    returnUrl: intent.returnUrl,
    refunds: refunds.map(({ id, amount, state, updatedAt_ms }) => {
      return { id, amount, state, updatedAt_ms };
    }),
  };
}

/**
 * An order as its merchant reads it: everything that was ordered and what became of it, with the
 * provider's own reason where the buyer is shown a coarse one.
 *
 * Not in it: what only the buyer may use (the key of the status URL, the way to their bank), and
 * the digests by which buyers and cards are counted.
 */
import { reasonOf, viewOf, type OrderView } from "./messages.ts";
import type { OrderIntent, OrderLine, OrderRecord, OrderStanding } from "./order.ts";
import type { Refund, StoredDispute } from "./refund.ts";

export interface MerchantOrderView extends Omit<
  OrderView,
  "lines" | "refunds" | "action" | "mayGiveUp"
> {
  readonly lines: readonly Omit<OrderLine, "limitPerBuyer">[];
  readonly buyer: {
    readonly email: string;
    readonly name: string | null;
    readonly phone: string | null;
  };
  readonly shipTo: OrderIntent["shipTo"];
  readonly billTo: OrderIntent["billTo"];
  readonly acceptedTerms: OrderIntent["acceptedTerms"];
  readonly lane: string | null;
  /** Null before the provider has one. */
  readonly payment: {
    readonly id: string;
    readonly card: { readonly brand: string | null; readonly last4: string | null } | null;
  } | null;
  /** The order backend's reference; null before it is booked and after the booking is cancelled. */
  readonly booking: string | null;
  /** The provider's code, where the shop's settings kept the payment from being made. */
  readonly providerCode: string | null;
  readonly refunds: readonly Refund[];
  readonly dispute: StoredDispute | null;
}

export function merchantViewOf(record: OrderRecord): MerchantOrderView {
  const { intent, standing, card, paymentId, providerCode, refunds, dispute } = record;
  const { action: _action, mayGiveUp: _mayGiveUp, ...view } = viewOf(record);
  const { email, name, phone, shipTo, billTo, acceptedTerms, lane } = intent;
  const shownCard = card === null ? null : { brand: card.brand, last4: card.last4 };
  return {
    ...view,
    reason: reasonOf(standing),
    lines: intent.lines.map(({ limitPerBuyer: _limit, ...line }) => line),
    buyer: { email, name, phone },
    shipTo,
    billTo,
    acceptedTerms,
    lane,
    payment: paymentId === null ? null : { id: paymentId, card: shownCard },
    booking: bookingOf(standing),
    providerCode,
    refunds,
    dispute,
  };
}

function bookingOf(standing: OrderStanding): string | null {
  return "booking" in standing ? standing.booking : null;
}

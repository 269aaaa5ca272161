/**
 * What the order book must have of an order, computed from the order's own record: so the book can
 * be rebuilt, and compared, without anything that it had before.
 *
 * Guarantee: the entry of a newer record replaces that of an older one and never the reverse, by
 * the order's version; a booking is wanted while the order has one, and none once it is undone.
 */
import { bookingOf } from "./transition.ts";
import { eventOf, type OrderEvent } from "./messages.ts";
import { isFinal, type OrderIntent, type OrderRecord } from "./order.ts";

/** The shop's reference of an order that is booked in the embedded order book. */
export function bookReferenceOf(order: string): string {
  return `B-${order.slice(4, 16).toUpperCase()}`;
}

/** What a booking has of an order. */
export type BookedOrder = Pick<
  OrderIntent,
  | "id"
  | "sale"
  | "total"
  | "currency"
  | "lines"
  | "email"
  | "name"
  | "phone"
  | "shipTo"
  | "billTo"
  | "delivery"
>;

export interface BookEntry {
  /** The order as it is now. */
  readonly event: OrderEvent;
  /** There was such an event, so the log of events may have it. */
  readonly isEvent: boolean;
  readonly dispute: { readonly status: string; readonly version: number } | null;
  readonly erasedAt_ms: number | null;
  readonly booking: {
    readonly status: "booked" | "cancelled";
    readonly order: BookedOrder;
  } | null;
  /** Whose units they are. Not for the book. */
  readonly buyer: string;
}

const STATES_WITH_EVENTS: ReadonlySet<string> = new Set([
  "accepted",
  "action_required",
  "in_doubt",
]);

/** Null while it is being placed: the book knows no such orders. */
export function bookEntryOf(record: OrderRecord): BookEntry | null {
  const { intent, standing, dispute, erasure } = record;
  if (standing.state === "placing") return null;
  return {
    event: eventOf(record),
    isEvent: isFinal(standing) || STATES_WITH_EVENTS.has(standing.state),
    dispute: dispute === null ? null : { status: dispute.status, version: dispute.version },
    erasedAt_ms: erasure?.at_ms ?? null,
    booking: bookingWanted(record),
    buyer: intent.buyer,
  };
}

/**
 * An order with a payment that is undone was cancelled at the order backend: that stays, so that a
 * booking that comes late finds it. A server of the shop's own gives other references.
 */
function bookingWanted({ intent, standing, paymentId }: OrderRecord): BookEntry["booking"] {
  const { id, sale, total, currency, lines, email, name, phone, shipTo, billTo, delivery } = intent;
  const where = { name, phone, shipTo, billTo, delivery };
  const order = { id, sale, total, currency, lines, email, ...where };
  const endedUnsold = isFinal(standing) && standing.state !== "confirmed";
  if (standing.state === "voiding" || endedUnsold) {
    return paymentId === null ? null : { status: "cancelled", order };
  }
  return bookingOf(standing) === bookReferenceOf(id) ? { status: "booked", order } : null;
}

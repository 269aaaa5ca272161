/**
 * What Sluice asks of the system that fulfils orders.
 *
 * Guarantee asked of every adapter: `book` and `cancel` are idempotent by the order's id; an
 * answer the adapter cannot read is `unknown`, never `refused`.
 */
import type { BookOutcome } from "./step-outcomes.ts";
import type { OrderIntent } from "./order.ts";

export type CancelBookingOutcome =
  | { readonly kind: "cancelled" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface OrderBackend {
  readonly name: string;
  book(intent: OrderIntent, now: number): Promise<BookOutcome>;
  /** Of an order that was never booked it remembers that it must not be. */
  cancel(intent: OrderIntent, now: number): Promise<CancelBookingOutcome>;
}

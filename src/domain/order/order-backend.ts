/**
 * The contract of the system that fulfils orders.
 *
 * Required of every adapter: `book` and `cancel` are idempotent by the order's id; an
 * answer the adapter cannot read is `unknown`, never `refused`.
 */
import type { OrderIntent } from "./order.ts";

/** What an order backend answers to `book`. */
export type BookOutcome =
  | { readonly kind: "booked"; readonly booking: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "retry"; readonly after_s: number }
  | { readonly kind: "unknown"; readonly reason: string };

export type CancelBookingOutcome =
  | { readonly kind: "cancelled" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface OrderBackend {
  readonly name: string;
  book(intent: OrderIntent, now: number): Promise<BookOutcome>;
  /** For an order that was never booked it remembers that it must not be booked. */
  cancel(intent: OrderIntent, now: number): Promise<CancelBookingOutcome>;
}

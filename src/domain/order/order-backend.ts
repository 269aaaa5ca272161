/**
 * The contract of an order backend: the system that fulfils orders.
 *
 * Every adapter must guarantee: `book` and `cancel` are idempotent by the order's id, and an answer
 * the adapter cannot read is `unknown`, never `refused`.
 */
import type { OrderIntent } from "./order.ts";

/** What an order backend answers to `book`. */
export type BookOutcome =
  | { readonly kind: "booked"; readonly booking: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "retry"; readonly after_s: number; readonly throttled?: boolean }
  | { readonly kind: "unknown"; readonly reason: string };

export type CancelBookingOutcome =
  | { readonly kind: "cancelled" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface OrderBackend {
  readonly name: string;
  book(intent: OrderIntent, now: number): Promise<BookOutcome>;
  /** Also of an order that was never booked: a `book` that arrives later must then be refused. */
  cancel(intent: OrderIntent, now: number): Promise<CancelBookingOutcome>;
}

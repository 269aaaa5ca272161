/**
 * What every simulated payment provider tells the world, whatever its habits.
 *
 * Guarantee: the facts are the provider's own books, which no fault touches.
 */
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";

export interface PaymentFacts {
  readonly id: string;
  readonly order: string;
  /** `none`: nothing was ever reserved, or it was let go or given back in full. */
  readonly money: "none" | "reserved" | "taken";
  /** How often money was taken for it. */
  readonly captures: number;
}

export interface SimulatedPayments {
  backend(now: () => number): PaymentBackend;
  of(order: string): readonly PaymentFacts[];
  /** The shopper at their bank. */
  authenticate(paymentId: string, agreed: boolean): void;
}

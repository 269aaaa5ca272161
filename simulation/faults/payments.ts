/**
 * What every simulated payment provider shows to the world.
 *
 * Guarantee: the facts are the provider's own books, which no fault touches.
 */
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import type { Conditions } from "./faults.ts";

/** `none`: nothing was ever reserved, or it was let go or given back in full. */
export type Money = "none" | "reserved" | "taken";

export interface PaymentFacts {
  readonly id: string;
  readonly order: string;
  readonly money: Money;
  /** How often money was taken for it. */
  readonly captures: number;
}

export interface SimulatedPayments {
  backend(now: () => number): PaymentBackend;
  of(order: string): readonly PaymentFacts[];
  /** The shopper at their bank. */
  authenticate(paymentId: string, agreed: boolean): void;
}

/** What a provider uses of its world. */
export interface ProviderParts extends Conditions {
  readonly promises: {
    moneyMoved(order: string, payment: string, was: Money, is: Money): void;
  };
  isPaymentOut(): boolean;
  /** Sends the shop a webhook about a payment of the order, or loses it. */
  webhook(order: string): void;
}

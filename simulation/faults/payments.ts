/**
 * What every simulated payment provider shows to the world.
 *
 * Guarantee: the facts are the provider's own books, which no fault touches.
 */
import type { PaymentBackend, ProviderRefund } from "../../src/domain/order/payment-backend.ts";
import type { Conditions } from "./faults.ts";

/** `none`: nothing was ever reserved, or it was let go or given back in full. */
export type Money = "none" | "reserved" | "taken";

export interface PaymentFacts {
  readonly id: string;
  readonly order: string;
  readonly money: Money;
  /** Minor units. */
  readonly amount: number;
  /** How often money was taken for it. */
  readonly captures: number;
  /** What was taken in all, minor units; refunds are not subtracted. */
  readonly captured: number;
  readonly refunds: readonly ProviderRefund[];
  /** The provider's state of the buyer's objection; null when there is none. */
  readonly dispute: string | null;
}

export interface SimulatedPayments {
  backend(now: () => number): PaymentBackend;
  of(order: string): readonly PaymentFacts[];
  /** The shopper at their bank. */
  authenticate(paymentId: string, agreed: boolean): void;
  /** In the provider's dashboard: gives back up to `amount` of what is left of the payment. */
  refundAtProvider(order: string, amount: number): void;
  /** The buyer objects to the payment, or their bank decides. */
  /** @param isConfirmed the order waits for nothing from its end */
  moveDispute(order: string, isConfirmed: boolean): void;
}

/** How a refund that Sluice asks for goes on at the provider. */
export interface RefundCourse {
  readonly kind: "succeeds" | "pending_then_succeeds" | "pending_then_fails" | "fails_later";
  readonly settles_ms: number;
}

/** What a provider uses of its world. */
export interface ProviderParts extends Conditions {
  readonly promises: {
    look(order: string): void;
    moneyMoved(order: string, payment: string, was: Money, is: Money): void;
  };
  isPaymentOut(): boolean;
  /** No news of refunds reaches the shop. */
  readonly isSilent: boolean;
  readonly events: ProviderEvents;
}

/** The provider's webhooks. */
export interface ProviderEvents {
  /** About a changed payment of the order. @param isReserved money is reserved for it now */
  payment(order: string, isReserved: boolean): void;
  /** About a refund or the dispute of a payment of the order. */
  settlement(order: string): void;
}

const SETTLES_MAX_MS = 20 * 60_000;

/** A refund that is known to have succeeded fails only where the shop can learn of it. */
export function drawCourse({ faults, isSilent }: ProviderParts): RefundCourse {
  const isPending = faults.strikesOften("refund_pending");
  const fails = faults.strikesOften("refund_fails");
  const settles_ms = faults.between(1000, SETTLES_MAX_MS);
  if (isPending)
    return { kind: fails ? "pending_then_fails" : "pending_then_succeeds", settles_ms };
  return { kind: fails && !isSilent ? "fails_later" : "succeeds", settles_ms };
}

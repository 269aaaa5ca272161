/**
 * Refunds of a payment.
 *
 * Guarantee: for any refunds in any order, no more is refunded than was captured, where pending
 * refunds count and failed ones do not. A refund that is refused leaves the payment unchanged.
 * Pure: ids and time are arguments.
 *
 * Source: https://docs.stripe.com/refunds.
 */
import { amountFault } from "../../src/domain/money/amounts.ts";
import type { Account } from "./account.ts";
import { invalidRequest } from "./api-error.ts";
import { isChargedBack } from "./disputes.ts";
import { instrumentNamed, testCardOf } from "./instrument.ts";
import type { Applied } from "./payment.ts";
import type { Payment, Refund } from "./payment-schema.ts";

/** A new refund; `amount` null refunds all that is left. */
export interface WantedRefund {
  readonly id: string;
  readonly amount: number | null;
  readonly reason: Refund["reason"];
  readonly metadata: Refund["metadata"];
}

export type Refunded = Applied & { readonly refund: Refund | null };

/** The reason that Stripe gives for the test card whose refunds fail. */
const FAILED_LATER = "expired_or_canceled_card";

export function refundPayment(
  payment: Payment,
  wanted: WantedRefund,
  account: Account,
  now: number,
): Refunded {
  const { standing } = payment;
  const refused = (message: string, code?: string, param?: string): Refunded => {
    return { payment, error: invalidRequest(message, code, param), refund: null };
  };
  if (standing.status === "requires_capture") {
    const message = `Charge ${standing.charge} has not been captured. Cancel the PaymentIntent.`;
    return refused(message);
  }
  if (standing.status !== "succeeded") {
    return refused(
      `This PaymentIntent (${payment.id}) does not have a successful charge to refund.`,
    );
  }
  const { charge } = standing;
  const left = standing.captured - standing.refunded;
  if (isChargedBack(payment)) {
    const message = `Charge ${charge} has been charged back; cannot issue a refund.`;
    return refused(message, "charge_disputed");
  }
  if (left === 0) {
    return refused(`Charge ${charge} has already been refunded.`, "charge_already_refunded");
  }
  const amount = wanted.amount ?? left;
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than the unrefunded amount (${left}).`;
    return refused(message, undefined, "amount");
  }
  const fault = amountFault(amount, payment.currency.toUpperCase());
  if (fault?.kind === "step") {
    const message = `Refund amount (${amount}) must be a multiple of ${fault.step}.`;
    return refused(message, "invalid_amount", "amount");
  }
  if (account.balance === "insufficient") {
    const message = "Insufficient funds in your Stripe balance to refund this amount.";
    return refused(message, "insufficient_funds");
  }
  const { id, reason, metadata } = wanted;
  const facts = { id, amount, reason, metadata, failureReason: null, createdAt_ms: now };
  const refund: Refund = { ...facts, ...courseOf(payment, account, now) };
  return { payment: withRefunds(payment, [...payment.refunds, refund]), error: null, refund };
}

type Course = Pick<Refund, "status" | "next">;

function courseOf(payment: Payment, account: Account, now: number): Course {
  const at_ms = now + account.refundSettles_ms;
  switch (account.refunds === "by_card" ? refundsOfCard(payment) : account.refunds) {
    case "succeed":
      return { status: "succeeded", next: null };
    case "pending":
      return { status: "pending", next: null };
    case "pending_then_succeeds":
      return { status: "pending", next: { status: "succeeded", at_ms } };
    case "pending_then_fails":
      return { status: "pending", next: { status: "failed", at_ms } };
    case "fails_later":
      return { status: "succeeded", next: { status: "failed", at_ms } };
  }
}

function refundsOfCard({ instrument, method }: Payment) {
  const used = instrument ?? instrumentNamed(method ?? "");
  return (used === null ? null : testCardOf(used))?.refunds ?? "succeed";
}

/**
 * A refund reaches its end. Null when the payment has no such refund, or when its end is reached:
 * a failed refund stays failed, and one that succeeded can only fail later.
 */
export function settleRefund(
  payment: Payment,
  id: string,
  status: "succeeded" | "failed",
  failureReason: string | null = null,
): Payment | null {
  const refund = payment.refunds.find((each) => each.id === id);
  if (refund === undefined || refund.status === "failed" || refund.status === status) return null;
  const reason = status === "failed" ? (failureReason ?? FAILED_LATER) : null;
  const settled: Refund = { ...refund, status, failureReason: reason, next: null };
  return withRefunds(
    payment,
    payment.refunds.map((each) => (each.id === id ? settled : each)),
  );
}

/** Applies what the refunds change to by themselves until now. */
export function settleDueRefunds(payment: Payment, now: number): Payment {
  let settled = payment;
  for (const { id, next } of payment.refunds) {
    if (next !== null && next.at_ms <= now) {
      settled = settleRefund(settled, id, next.status) ?? settled;
    }
  }
  return settled;
}

/** When the next refund changes by itself; null when none does. */
export function nextSettlement_ms(payment: Payment): number | null {
  const times = payment.refunds.flatMap(({ next }) => (next === null ? [] : [next.at_ms]));
  return times.length === 0 ? null : Math.min(...times);
}

function withRefunds(payment: Payment, refunds: Refund[]): Payment {
  if (payment.standing.status !== "succeeded") return payment;
  // Payments of earlier sandboxes count refunds that are not in the list.
  const unlisted = payment.standing.refunded - sumOf(payment.refunds);
  const refunded = unlisted + sumOf(refunds);
  return { ...payment, refunds, standing: { ...payment.standing, refunded } };
}

function sumOf(refunds: readonly Refund[]): number {
  const counted = refunds.filter(({ status }) => status !== "failed");
  return counted.reduce((sum, { amount }) => sum + amount, 0);
}

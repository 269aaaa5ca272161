/**
 * The dispute of a payment. A payment has at most one, for its whole captured amount by default.
 *
 * Guarantee: a dispute that is closed stays closed. Pure: ids and time are arguments.
 *
 * Source: https://docs.stripe.com/disputes/how-disputes-work.
 */
import { instrumentNamed, testCardOf } from "./instrument.ts";
import type { Dispute, Payment } from "./payment-schema.ts";

export interface WantedDispute {
  readonly id: string;
  readonly reason: string;
  /** True: the bank only asks; no money is taken back until a dispute follows. */
  readonly isInquiry: boolean;
  /** Null: all that was captured. */
  readonly amount: number | null;
}

const CLOSED = new Set<Dispute["status"]>(["warning_closed", "won", "lost"]);

/** Null when nothing was captured, or when there is a dispute already. */
export function openDispute(payment: Payment, wanted: WantedDispute, now: number): Payment | null {
  const { standing } = payment;
  if (standing.status !== "succeeded" || payment.dispute !== null) return null;
  const { id, reason, isInquiry } = wanted;
  const amount = Math.min(wanted.amount ?? standing.captured, standing.captured);
  const status = isInquiry ? "warning_needs_response" : "needs_response";
  return { ...payment, dispute: { id, reason, amount, status, createdAt_ms: now } };
}

/** Null when there is no dispute, when it is closed, or when it is in this state already. */
export function moveDispute(payment: Payment, status: Dispute["status"]): Payment | null {
  const { dispute } = payment;
  if (dispute === null || isClosed(dispute) || dispute.status === status) return null;
  return { ...payment, dispute: { ...dispute, status } };
}

/** The dispute that follows the capture of a test card such as 4000 0000 0000 0259. */
export function disputeOfCard(payment: Payment, id: string, now: number): Payment {
  const used = payment.instrument ?? instrumentNamed(payment.method ?? "");
  const wanted = used === null ? null : (testCardOf(used)?.dispute ?? null);
  if (wanted === null) return payment;
  return openDispute(payment, { id, amount: null, ...wanted }, now) ?? payment;
}

export function isClosed({ status }: Dispute): boolean {
  return CLOSED.has(status);
}

/** True while the bank has the money, or keeps it; then nothing can be refunded. */
export function isChargedBack({ dispute }: Payment): boolean {
  if (dispute === null) return false;
  return !dispute.status.startsWith("warning_") && dispute.status !== "won";
}

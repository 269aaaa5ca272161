/**
 * Charges, refunds and disputes as JSON objects of Stripe's API.
 *
 * Guarantee: metadata is where Stripe has it. A charge has that of its payment intent; a refund
 * has its own, a dispute has none, and both name their payment intent. Pure.
 *
 * Sources: https://docs.stripe.com/api/charges/object, https://docs.stripe.com/api/refunds/object
 * and https://docs.stripe.com/api/disputes/object.
 */
import { isChargedBack } from "./disputes.ts";
import { cardFactsOf, instrumentNamed } from "./instrument.ts";
import type { Payment, Refund } from "./payment-schema.ts";

const EVIDENCE_MS = 9 * 24 * 60 * 60 * 1000;

/** The charge of an authorized payment; null when there is none. */
export function chargeObject(payment: Payment, withRefunds = false) {
  const { standing } = payment;
  if (standing.status === "requires_payment_method" || standing.status === "requires_action") {
    return null;
  }
  if (standing.charge === null) return null;
  const captured = standing.status === "succeeded" ? standing.captured : 0;
  const refunded = standing.status === "succeeded" ? standing.refunded : 0;
  return {
    id: standing.charge,
    object: "charge",
    amount: payment.amount,
    amount_captured: captured,
    amount_refunded: refunded,
    balance_transaction: null,
    billing_details: payment.billing ?? NO_BILLING_DETAILS,
    captured: captured > 0,
    created: seconds(payment.chargedAt_ms ?? payment.createdAt_ms),
    currency: payment.currency,
    description: payment.description,
    disputed: payment.dispute !== null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: payment.metadata,
    paid: true,
    payment_intent: payment.id,
    payment_method: payment.method,
    payment_method_details: methodDetails(payment),
    receipt_email: payment.receiptEmail,
    refunded: standing.status === "canceled" || (captured > 0 && refunded === captured),
    ...(withRefunds ? { refunds: refundsOf(payment, standing.charge) } : {}),
    shipping: payment.shipping,
    statement_descriptor: null,
    statement_descriptor_suffix: payment.statementSuffix,
    status: "succeeded",
  };
}

const NO_ADDRESS = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};
const NO_BILLING_DETAILS = { address: NO_ADDRESS, email: null, name: null, phone: null };

function refundsOf(payment: Payment, charge: string) {
  const data = payment.refunds.toReversed().map((refund) => refundObject(payment, refund));
  return { object: "list", data, has_more: false, url: `/v1/charges/${charge}/refunds` };
}

function methodDetails({ instrument, method, amount }: Payment) {
  const used = instrument ?? instrumentNamed(method ?? "");
  if (used === null) return null;
  const card = cardFactsOf(used);
  if (card === null) return { type: used.type, [used.type]: {} };
  const { brand, last4, fingerprint, wallet, expMonth, expYear } = card;
  return {
    type: "card",
    card: {
      amount_authorized: amount,
      brand,
      checks: {
        address_line1_check: null,
        address_postal_code_check: null,
        cvc_check: "pass",
      },
      country: "US",
      exp_month: expMonth,
      exp_year: expYear,
      fingerprint,
      funding: "credit",
      last4,
      network: brand,
      three_d_secure: null,
      wallet: wallet === null ? null : { type: wallet, dynamic_last4: null, [wallet]: {} },
    },
  };
}

export function refundObject(payment: Payment, refund: Refund) {
  const { standing } = payment;
  const { failureReason } = refund;
  return {
    id: refund.id,
    object: "refund",
    amount: refund.amount,
    balance_transaction: null,
    charge: standing.status === "succeeded" ? standing.charge : null,
    created: seconds(refund.createdAt_ms),
    currency: payment.currency,
    ...(failureReason === null ? {} : { failure_reason: failureReason }),
    metadata: refund.metadata,
    payment_intent: payment.id,
    ...(refund.status === "pending" ? { pending_reason: "processing" } : {}),
    reason: refund.reason,
    receipt_number: null,
    status: refund.status,
  };
}

/** Null when the payment is not disputed. */
export function disputeObject(payment: Payment) {
  const { dispute, standing } = payment;
  if (dispute === null || standing.status !== "succeeded") return null;
  const due_by = seconds(dispute.createdAt_ms + EVIDENCE_MS);
  return {
    id: dispute.id,
    object: "dispute",
    amount: dispute.amount,
    balance_transactions: [],
    charge: standing.charge,
    created: seconds(dispute.createdAt_ms),
    currency: payment.currency,
    evidence_details: { due_by, has_evidence: false, past_due: false, submission_count: 0 },
    is_charge_refundable: !isChargedBack(payment),
    livemode: false,
    metadata: {},
    payment_intent: payment.id,
    reason: dispute.reason,
    status: dispute.status,
  };
}

function seconds(at_ms: number): number {
  return Math.floor(at_ms / 1000);
}

/**
 * The ledger: the amounts authorized, captured, voided and refunded, payment by payment.
 *
 * Guarantee, for every payment: authorized = captured + voided + still reserved, and
 * refunded <= captured. Amounts are in the currency's minor unit, as the provider received them;
 * 0 where there was no such step. Pure.
 */
import { z } from "zod";
import { METHOD_TYPES } from "./account.ts";
import { cardFactsOf } from "./instrument.ts";
import { Dispute, Metadata, Payment, Refund, Shipping } from "./payment-schema.ts";

const Amount = z.int().min(0);

const Moved = z.object({
  authorized: Amount,
  captured: Amount,
  voided: Amount,
  refunded: Amount,
});

type Moved = z.infer<typeof Moved>;

const LedgerRow = Moved.extend({
  id: z.string(),
  order: z.string().nullable(),
  amount: Amount,
  /** ISO 4217, upper case. */
  currency: z.string(),
  status: z.enum(Payment.shape.standing.options.map(({ shape }) => shape.status.value)),
  method: z.string().nullable(),
  /** Null until the first confirmation. */
  methodType: z.enum(METHOD_TYPES).nullable(),
  /** As Stripe shows it: never the number. */
  card: z.object({ brand: z.string(), last4: z.string(), fingerprint: z.string() }).nullable(),
  description: z.string().nullable(),
  receiptEmail: z.string().nullable(),
  shipping: Shipping.nullable(),
  metadata: Metadata,
  statementSuffix: z.string().nullable(),
  refunds: z.array(
    Refund.pick({ id: true, amount: true, status: true, reason: true, metadata: true }),
  ),
  dispute: Dispute.pick({ id: true, amount: true, reason: true, status: true }).nullable(),
  createdAt: z.iso.datetime(),
});

export type LedgerRow = z.infer<typeof LedgerRow>;

/** The answer of `GET /sandbox/ledger`. */
export const Ledger = z.object({
  payments: z.array(LedgerRow),
  summary: z.object({
    payments: z.int(),
    byStatus: z.record(z.string(), z.int()),
    /** Sums by currency. */
    amounts: z.record(z.string(), Moved),
    /** Orders with more than one payment that was captured and not fully refunded. */
    ordersPaidTwice: z.array(z.string()),
  }),
});

export type Ledger = z.infer<typeof Ledger>;

export function ledgerOf(payments: readonly Payment[]): Ledger {
  const rows = payments.map(ledgerRow);
  const byStatus: Record<string, number> = {};
  const amounts: Record<string, Moved> = {};
  const paid = new Map<string, number>();
  for (const row of rows) {
    byStatus[row.status] = (byStatus[row.status] ?? 0) + 1;
    amounts[row.currency] = add(amounts[row.currency], row);
    if (row.order !== null && row.captured > row.refunded) {
      paid.set(row.order, (paid.get(row.order) ?? 0) + 1);
    }
  }
  const ordersPaidTwice = [...paid].filter(([, times]) => times > 1).map(([order]) => order);
  return { payments: rows, summary: { payments: rows.length, byStatus, amounts, ordersPaidTwice } };
}

export function ledgerRow(payment: Payment): LedgerRow {
  return {
    id: payment.id,
    order: payment.order,
    amount: payment.amount,
    currency: payment.currency.toUpperCase(),
    status: payment.standing.status,
    method: payment.method,
    ...moved(payment),
    ...details(payment),
    createdAt: new Date(payment.createdAt_ms).toISOString(),
  };
}

function details(payment: Payment) {
  const { instrument, description, receiptEmail, shipping, metadata, statementSuffix } = payment;
  const card = instrument === null ? null : cardFactsOf(instrument);
  return {
    methodType: instrument?.type ?? null,
    card:
      card === null
        ? null
        : { brand: card.brand, last4: card.last4, fingerprint: card.fingerprint },
    description,
    receiptEmail,
    shipping,
    metadata,
    statementSuffix,
    refunds: payment.refunds.map(({ id, amount, status, reason, metadata }) => {
      return { id, amount, status, reason, metadata };
    }),
    dispute:
      payment.dispute === null
        ? null
        : {
            id: payment.dispute.id,
            amount: payment.dispute.amount,
            reason: payment.dispute.reason,
            status: payment.dispute.status,
          },
  };
}

function moved({ amount, standing }: Payment): Moved {
  const nothing = { authorized: 0, captured: 0, voided: 0, refunded: 0 };
  switch (standing.status) {
    case "requires_payment_method":
    case "requires_action":
      return nothing;
    case "requires_capture":
      return { ...nothing, authorized: amount };
    case "succeeded": {
      const { captured, refunded } = standing;
      return { authorized: amount, captured, voided: amount - captured, refunded };
    }
    case "canceled":
      return standing.charge === null
        ? nothing
        : { ...nothing, authorized: amount, voided: amount };
  }
}

function add(sum: Moved | undefined, row: Moved): Moved {
  return {
    authorized: (sum?.authorized ?? 0) + row.authorized,
    captured: (sum?.captured ?? 0) + row.captured,
    voided: (sum?.voided ?? 0) + row.voided,
    refunded: (sum?.refunded ?? 0) + row.refunded,
  };
}

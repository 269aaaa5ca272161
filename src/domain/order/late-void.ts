/**
 * Voids money that was reserved for an order after it ended without a sale.
 *
 * A browser that has the secret of a payment can confirm it until it is voided, so the news of
 * a reservation is acted upon also after the end. Guarantee: the order's standing and version stay
 * as they were; only its payment is voided, until the provider says that this is done.
 */
import { isFinal, type OrderRecord } from "./order.ts";
import type { Declined, Unknown } from "./payment-backend.ts";
import type { ReportOutcome } from "./step-outcomes.ts";
import { delay_s, type OrderDecision } from "./transition.ts";

/** The provider knows a payment of it, so something may be reserved for it. */
export function mayBeReservedLate({ standing, paymentId }: OrderRecord): boolean {
  return isFinal(standing) && standing.state !== "confirmed" && paymentId !== null;
}

/** Under a new key, because the provider would repeat what it answered to an earlier void. */
export function withLateVoid(record: OrderRecord, now: number): OrderRecord {
  if (record.isReservedLate === true) return record;
  return { ...record, isReservedLate: true, ...nextAttempt(record, now) };
}

export function reportLateVoid(
  record: OrderRecord,
  outcome: { readonly kind: "approved" } | Declined | Unknown,
  now: number,
): OrderDecision<ReportOutcome> {
  const held = { ...record, lease: null, updatedAt_ms: now };
  if (outcome.kind !== "unknown") {
    const rested = { ...held, isReservedLate: false, tries: 0 };
    return { record: rested, effects: [], outcome: { kind: "moved" } };
  }
  const until_ms = now + delay_s(record.tries) * 1000;
  const later: OrderRecord = {
    ...held,
    tries: record.tries + 1,
    notBefore_ms: until_ms,
    wakeAt_ms: until_ms,
    ...nextAttempt(record, now),
  };
  return { record: later, effects: [], outcome: { kind: "put_off", until_ms } };
}

function nextAttempt({ attempt }: OrderRecord, now: number): Partial<OrderRecord> {
  return { attempt: attempt + 1, attemptAt_ms: now };
}

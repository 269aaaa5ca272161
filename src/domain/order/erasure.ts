/**
 * Erasing the buyer of an order: what is taken out of it, what stays, and when it is due.
 *
 * Guarantee: erasing changes neither the order's state nor its money nor its units. It happens when
 * the order is at rest, never before, because a payment and a booking need the address. A request
 * is durable before anything is erased, so an erasure that was interrupted is continued.
 * Stays: number, times, state, lines, amounts, currency, payment, booking, refunds and dispute,
 * because a merchant must keep its accounts (docs/privacy.md).
 */
import { RETENTION_DAYS_DEFAULT } from "../limits.ts";
import { isAtRest, type OrderIntent, type OrderRecord } from "./order.ts";
import type { OrderDecision } from "./transition.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Instead of the subject, so that the units of an order can still be put back on sale. */
export function erasedBuyerOf(order: string): string {
  return `erased:${order}`;
}

export function isErased({ erasure }: OrderRecord): boolean {
  return erasure?.at_ms != null;
}

/** When the buyer is due to be erased; null when that is not known yet, or was done. */
export function erasureDue_ms(record: OrderRecord): number | null {
  if (isErased(record) || !isAtRest(record)) return null;
  const asked_ms = record.erasure?.asked_ms ?? null;
  if (asked_ms !== null) return asked_ms;
  const { retentionDays = RETENTION_DAYS_DEFAULT } = record.intent;
  return (record.final_ms ?? record.updatedAt_ms) + retentionDays * DAY_MS;
}

export type AskErasureOutcome =
  | { readonly kind: "already_erased" }
  /** It is erased as soon as it is at rest. */
  | { readonly kind: "asked"; readonly atRest: boolean };

/** Safe to repeat: the first request counts. */
export function askErasure(record: OrderRecord, now: number): OrderDecision<AskErasureOutcome> {
  if (isErased(record)) return { record, effects: [], outcome: { kind: "already_erased" } };
  const outcome: AskErasureOutcome = { kind: "asked", atRest: isAtRest(record) };
  if (record.erasure !== undefined) return { record, effects: [], outcome };
  const asked = { asked_ms: now, at_ms: null, version: 0 };
  return { record: { ...record, erasure: asked }, effects: [], outcome };
}

/** @param now an order that is not due then stays as it is */
export function erase(record: OrderRecord, now: number): OrderDecision<"erased" | "not_due"> {
  const due_ms = erasureDue_ms(record);
  if (due_ms === null || due_ms > now) return { record, effects: [], outcome: "not_due" };
  const version = record.version + 1;
  const erased: OrderRecord = {
    ...record,
    intent: intentWithoutBuyer(record.intent),
    version,
    card: null,
    refunds: record.refunds.map((refund) => ({ ...refund, reason: null })),
    erasure: { asked_ms: record.erasure?.asked_ms ?? null, at_ms: now, version },
    updatedAt_ms: now,
  };
  return { record: erased, effects: [{ kind: "event" }], outcome: "erased" };
}

/**
 * The subject goes too, because a merchant's pass may name a customer in it; so does the digest of
 * the request, which contains the address.
 */
function intentWithoutBuyer(intent: OrderIntent): OrderIntent {
  return {
    ...intent,
    buyer: erasedBuyerOf(intent.id),
    email: "",
    name: null,
    phone: null,
    shipTo: null,
    billTo: null,
    identities: [],
    paymentMethod: "",
    returnUrl: "",
    fingerprint: "",
  };
}

/**
 * Whether a request is the one that the order was placed with. Of an erased order that is not known
 * any more; its key alone names it then.
 */
export function isSameRequest(record: OrderRecord, fingerprint: string): boolean {
  return isErased(record) || record.intent.fingerprint === fingerprint;
}

/** A line or a message that was stored before the order was erased, without the buyer. */
export function eventWithoutBuyer<
  Event extends { readonly email: string; readonly buyer: string | null },
>(event: Event): Event {
  return event.email === "" ? event : { ...event, email: "", buyer: null };
}

/** The merchant's own words about a refund may name the buyer. */
export function lineWithoutReason<Line extends { readonly state: string; reason: string | null }>(
  line: Line,
): Line {
  if (!line.state.startsWith("refund_")) return line;
  return { ...line, reason: line.reason?.split(",")[0] ?? null };
}

/**
 * The refunds and the dispute of a confirmed order, beside its standing, which stays `confirmed`.
 *
 * A refund goes `requested` → `pending` or `succeeded`, or `failed`; it is `unclear` after an
 * answer that did not show what happened, until the provider's list of refunds shows it. Guarantee:
 * a refund is made once. Only a list that still does not have it `REFUND_NEW_KEY_MS` later leads to
 * another try, with a new key, because no call is on its way for so long. Refunds that have not
 * failed never add up to more than the total.
 *
 * Every change gets a version of the order of its own; history lines and events follow from it.
 */
import { digestOf } from "../../encoding/json.ts";
import {
  PENDING_REFUND_LOOK_MS,
  PENDING_REFUND_MAX_MS,
  PROGRESS_WATCHDOG_MS,
  REFUND_NEW_KEY_MS,
  REFUNDS_PER_ORDER_MAX,
  SAME_KEY_RETRY_MAX_MS,
} from "../limits.ts";
import { amountFault, type AmountFault } from "../money/amounts.ts";
import type { OrderRecord } from "./order.ts";
import type {
  Dispute,
  ProviderRefund,
  RefundOutcome,
  SettlementOutcome,
} from "./payment-backend.ts";
import { refundedOf, type Refund } from "./refund.ts";
import type { ReportOutcome } from "./step-outcomes.ts";
import { delay_s, type OrderDecision, type OrderEffect } from "./transition.ts";

/** The merchant's request, once validated. `amount: null`: all that is left. */
export interface RefundRequest {
  readonly id: string;
  readonly amount: number | null;
  readonly reason: string | null;
  readonly restock: readonly { readonly sku: string; readonly quantity: number }[];
}

export type RequestRefundOutcome =
  | { readonly kind: "requested" | "already_requested"; readonly refund: Refund }
  /** The same id was used for another request. */
  | { readonly kind: "idempotency_conflict" }
  | { readonly kind: "not_refundable"; readonly state: string }
  | { readonly kind: "too_much"; readonly left: number }
  /** The currency has no such amount. */
  | { readonly kind: "not_of_currency"; readonly fault: AmountFault; readonly currency: string }
  | { readonly kind: "too_many"; readonly limit: number }
  | { readonly kind: "restock_too_many"; readonly sku: string; readonly left: number };

/** The id of a refund: the same key of the same order always names the same refund. */
export function refundIdOf(order: string, idempotencyKey: string): string {
  return `rf_${digestOf([order, idempotencyKey]).slice(0, 32)}`;
}

/** The outcomes are in the order of their precedence. */
export function requestRefund(
  record: OrderRecord,
  request: RefundRequest,
  now: number,
): OrderDecision<RequestRefundOutcome> {
  const same = (outcome: RequestRefundOutcome): OrderDecision<RequestRefundOutcome> => {
    return { record, effects: [], outcome };
  };
  const { standing, refunds, intent } = record;
  if (standing.state !== "confirmed" || record.paymentId === null) {
    return same({ kind: "not_refundable", state: standing.state });
  }
  const known = refunds.find(({ id }) => id === request.id);
  if (known !== undefined) {
    const isSame = sameRequest(known, request);
    return same(
      isSame ? { kind: "already_requested", refund: known } : { kind: "idempotency_conflict" },
    );
  }
  if (refunds.length >= REFUNDS_PER_ORDER_MAX) {
    return same({ kind: "too_many", limit: REFUNDS_PER_ORDER_MAX });
  }
  const left = intent.total - refundedOf(refunds);
  const amount = request.amount ?? left;
  if (amount > left || amount <= 0) return same({ kind: "too_much", left });
  const fault = amountFault(amount, intent.currency);
  // A part may be below the least that can be charged, but not between two amounts.
  if (fault?.kind === "step") {
    return same({ kind: "not_of_currency", fault, currency: intent.currency });
  }
  const over = request.restock.find(({ sku, quantity }) => quantity > restockable(record, sku));
  if (over !== undefined) {
    const { sku } = over;
    return same({ kind: "restock_too_many", sku, left: restockable(record, sku) });
  }
  const { id, reason } = request;
  const refund: Refund = {
    id,
    amount,
    reason,
    restock: [...request.restock],
    by: "merchant",
    state: "requested",
    providerId: null,
    failure: null,
    attempt: 1,
    attemptAt_ms: now,
    unclearSince_ms: 0,
    isRestocked: false,
    requestedAt_ms: now,
    updatedAt_ms: now,
    version: record.version + 1,
  };
  const next: OrderRecord = {
    ...record,
    refunds: [...refunds, refund],
    version: record.version + 1,
    wakeAt_ms: now + PROGRESS_WATCHDOG_MS,
    updatedAt_ms: now,
  };
  return { record: next, effects: [{ kind: "queue" }], outcome: { kind: "requested", refund } };
}

/** `amount: null` stood for what was left then; it is the same request. */
function sameRequest({ amount, reason, restock }: Refund, request: RefundRequest): boolean {
  const wanted = request.amount ?? amount;
  return (
    wanted === amount &&
    request.reason === reason &&
    JSON.stringify(request.restock) === JSON.stringify(restock)
  );
}

/** Units of the SKU that no refund has put back on sale, or will. */
function restockable({ intent, refunds }: OrderRecord, sku: string): number {
  const count = (lines: readonly { readonly sku: string; readonly quantity: number }[]): number =>
    lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
  const counted = refunds.filter(({ state, isRestocked }) => state !== "failed" || isRestocked);
  return count(intent.lines) - count(counted.flatMap(({ restock }) => restock));
}

/** The refund that the step `refund_part` makes: the oldest that is requested. */
export function refundToMake({ refunds }: OrderRecord): Refund | null {
  return refunds.find(({ state }) => state === "requested") ?? null;
}

/** The idempotency key of a refund, the same for every repetition of the same attempt. */
export function refundKey({ intent }: OrderRecord, { id, attempt }: Refund): string {
  return `${intent.id}:${id}:${attempt}`;
}

/** A change of one refund, with the version and the effects it brings. */
function changed(
  { record, effects }: { readonly record: OrderRecord; readonly effects: readonly OrderEffect[] },
  refund: Refund,
  change: Partial<Refund>,
  now: number,
): { readonly record: OrderRecord; readonly effects: readonly OrderEffect[] } {
  const version = record.version + 1;
  const isSucceeded = (change.state ?? refund.state) === "succeeded";
  const isRestocked = refund.isRestocked || isSucceeded;
  const next: Refund = { ...refund, ...change, isRestocked, updatedAt_ms: now, version };
  const isNew = !record.refunds.some(({ id }) => id === refund.id);
  const refunds = isNew
    ? [...record.refunds, next]
    : record.refunds.map((each) => (each.id === refund.id ? next : each));
  const restocked: OrderEffect[] =
    isSucceeded && !refund.isRestocked
      ? next.restock.map(({ sku, quantity }) => ({
          kind: "restock",
          sku,
          quantity,
          refund: next.id,
        }))
      : [];
  return {
    record: { ...record, refunds, version, updatedAt_ms: now },
    effects: [...effects, ...restocked, { kind: "event", version }],
  };
}

/** Ends the lease and sets when the order continues: at once, later, or with nothing to do. */
function continued(
  { record, effects }: { readonly record: OrderRecord; readonly effects: readonly OrderEffect[] },
  change: Partial<OrderRecord>,
  now: number,
): OrderDecision<ReportOutcome> {
  const next: OrderRecord = { ...record, lease: null, tries: 0, notBefore_ms: 0, ...change };
  const due_ms = nextDue_ms(next, now);
  next.settlementDue_ms = due_ms;
  const hasRefund = refundToMake(next) !== null;
  const watchdog_ms = now + PROGRESS_WATCHDOG_MS;
  next.wakeAt_ms = Math.max(next.notBefore_ms, hasRefund ? watchdog_ms : (due_ms ?? watchdog_ms));
  return { record: next, effects, outcome: { kind: "moved" } };
}

/**
 * When the provider is asked next: soon after an unclear answer, rarely while one is pending, and
 * no later than is due already because of news.
 */
function nextDue_ms({ refunds, settlementDue_ms, tries }: OrderRecord, now: number): number | null {
  const isUnclear = refunds.some(({ state }) => state === "unclear");
  const isPending = refunds.some(({ state, requestedAt_ms }) => {
    return state === "pending" && now - requestedAt_ms < PENDING_REFUND_MAX_MS;
  });
  const rarely_ms = isPending ? now + PENDING_REFUND_LOOK_MS : null;
  const own_ms = isUnclear ? now + delay_s(tries) * 1000 : rarely_ms;
  if (settlementDue_ms === null || own_ms === null) return settlementDue_ms ?? own_ms;
  return Math.min(settlementDue_ms, own_ms);
}

/** Applies the outcome of `refund_part`. `retry` is handled by the caller. */
export function reportRefund(
  record: OrderRecord,
  outcome: Exclude<RefundOutcome, { readonly kind: "retry" }>,
  now: number,
): OrderDecision<ReportOutcome> {
  const refund = refundToMake(record);
  if (refund === null) return { record, effects: [], outcome: { kind: "stale" } };
  const from = { record, effects: [] };
  switch (outcome.kind) {
    case "refunded": {
      const { providerId, state } = outcome;
      return continued(changed(from, refund, { providerId, state }, now), {}, now);
    }
    case "declined": {
      const failure = outcome.reason;
      return continued(changed(from, refund, { state: "failed", failure }, now), {}, now);
    }
    case "unknown": {
      const tries = record.tries + 1;
      const refunds = record.refunds.map((each) =>
        each.id === refund.id ? unclearSince(each, now) : each,
      );
      const unclear = { record: { ...record, refunds, tries }, effects: [] };
      return continued(unclear, { tries }, now);
    }
  }
}

/** Applies what the provider has: its refunds, also those made there, and the dispute. */
export function reportSettlement(
  record: OrderRecord,
  found: Extract<SettlementOutcome, { readonly kind: "found" }>,
  now: number,
): OrderDecision<ReportOutcome> {
  let state: { readonly record: OrderRecord; readonly effects: readonly OrderEffect[] } = {
    record: { ...record, settlementDue_ms: null },
    effects: [],
  };
  for (const theirs of found.refunds) {
    const ours = refundOf(state.record, theirs) ?? foundAtProvider(theirs, now);
    const { providerId, state: now_is, failure } = theirs;
    const isNews = ours.state !== now_is || ours.version === 0;
    if (isNews) state = changed(state, ours, { providerId, state: now_is, failure }, now);
  }
  const dispute = found.dispute;
  if (dispute !== null && isNewsOf(state.record, dispute)) {
    const version = state.record.version + 1;
    const stored = { ...dispute, updatedAt_ms: now, version };
    const next = { ...state.record, dispute: stored, version, updatedAt_ms: now };
    state = { record: next, effects: [...state.effects, { kind: "event", version }] };
  }
  const refunds = state.record.refunds.map((refund) => askedAgain(refund, now));
  const isMissing = refunds.some(({ state: is }) => is === "unclear");
  const tries = isMissing ? record.tries + 1 : 0;
  const decision = continued(state, { refunds, tries }, now);
  if (!hasNewsSince(record)) return decision;
  const wakeAt_ms = now + PROGRESS_WATCHDOG_MS;
  return { ...decision, record: { ...decision.record, settlementDue_ms: now, wakeAt_ms } };
}

/** `nudge` came while the provider was read: it is read again. */
function hasNewsSince({ settlementDue_ms, lease }: OrderRecord): boolean {
  return settlementDue_ms !== null && lease !== null && settlementDue_ms >= lease.until_ms;
}

function refundOf({ refunds }: OrderRecord, theirs: ProviderRefund): Refund | null {
  const { providerId, refundId } = theirs;
  const same = refunds.find((each) => each.providerId === providerId || each.id === refundId);
  return same ?? null;
}

function foundAtProvider({ providerId, amount }: ProviderRefund, now: number): Refund {
  return {
    id: refundIdOf("provider", providerId),
    amount,
    reason: null,
    restock: [],
    by: "provider",
    state: "requested",
    providerId,
    failure: null,
    attempt: 1,
    attemptAt_ms: now,
    unclearSince_ms: 0,
    isRestocked: false,
    requestedAt_ms: now,
    updatedAt_ms: now,
    version: 0,
  };
}

function isNewsOf({ dispute: known }: OrderRecord, { id, status, amount }: Dispute): boolean {
  return known === null || known.id !== id || known.status !== status || known.amount !== amount;
}

function unclearSince(refund: Refund, now: number): Refund {
  return { ...refund, state: "unclear", unclearSince_ms: now };
}

/**
 * The provider does not have it. A call may still be on its way, also that of a consumer which died
 * before its key became too old to be repeated.
 */
function askedAgain(refund: Refund, now: number): Refund {
  const { state, attempt, attemptAt_ms, unclearSince_ms } = refund;
  if (state === "requested" && now - attemptAt_ms > SAME_KEY_RETRY_MAX_MS) {
    return unclearSince(refund, now);
  }
  if (state !== "unclear" || now - unclearSince_ms < REFUND_NEW_KEY_MS) return refund;
  return { ...refund, state: "requested", attempt: attempt + 1, attemptAt_ms: now };
}

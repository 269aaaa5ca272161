/**
 * Refunds in part at Stripe, and what became of a captured payment: its refunds and its dispute.
 *
 * Guarantee: a refund is `declined` only if Stripe does not have it, and a list is complete or
 * `unknown`, because a refund that it lacks is made again.
 */
import { REFUND_PAGES_MAX } from "../../src/domain/limits.ts";
import type {
  PaymentBackend,
  ProviderRefund,
  RefundOutcome,
  RetryLater,
  SettlementOutcome,
  Unknown,
} from "../../src/domain/order/payment-backend.ts";
import { partOf, readDispute, readPart, readRefundPage } from "./stripe-answers.ts";
import { afterMistake, ask, type Calls, unread } from "./stripe-calls.ts";
import { unknown } from "./stripe-errors.ts";
import { disputeParams, partParams, refundPageParams } from "./stripe-requests.ts";

/**
 * A refusal is final only if Stripe's list of refunds does not have this one: an earlier call,
 * under another key, may have made it, and what is left is then too little for a second one.
 */
export async function refundPart(
  calls: Calls,
  { paymentId, refundId, money, key }: Parameters<PaymentBackend["refundPart"]>[0],
): Promise<RefundOutcome> {
  const answer = await ask(calls, () => {
    const options = { ...calls.left(), idempotencyKey: key };
    return calls.client.refunds.create(partParams(paymentId, refundId, money), options);
  });
  if (answer.kind === "answer") return readPart(answer.body);
  const refusal = answer.kind === "mistake" ? afterMistake(calls, answer) : answer;
  if (refusal.kind === "retry" || refusal.kind === "unknown") return refusal;
  if (refusal.kind === "contested" && refusal.by === "key") return unknown(refusal.reason);
  const listed = await listRefunds(calls, paymentId);
  if (listed.kind !== "listed") return listed;
  const made = listed.refunds.find((each) => each.refundId === refundId);
  return made === undefined ? { kind: "declined", reason: refusal.reason } : partOf(made);
}

/** Newest first, all of them: one that is missing from the list would be made a second time. */
async function listRefunds(
  calls: Calls,
  paymentId: string,
): Promise<
  { readonly kind: "listed"; readonly refunds: readonly ProviderRefund[] } | RetryLater | Unknown
> {
  const refunds: ProviderRefund[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < REFUND_PAGES_MAX; pages += 1) {
    const params = refundPageParams(paymentId, after);
    const answer = await ask(calls, () => calls.client.refunds.list(params, calls.left()));
    if (answer.kind !== "answer") return unread(calls, answer);
    const page = readRefundPage(answer.body);
    if (page.kind === "unknown") return page;
    refunds.push(...page.refunds);
    if (page.next === null) return { kind: "listed", refunds };
    after = page.next;
  }
  return unknown(`more than ${REFUND_PAGES_MAX} pages of refunds`);
}

export async function settlement(calls: Calls, paymentId: string): Promise<SettlementOutcome> {
  const listed = await listRefunds(calls, paymentId);
  if (listed.kind !== "listed") return listed;
  const refunds = listed.refunds.toReversed();
  const answer = await ask(calls, () => {
    return calls.client.disputes.list(disputeParams(paymentId), calls.left());
  });
  if (answer.kind === "mistake" && answer.isKey) {
    // A key that may not read disputes must not keep refunds from becoming known.
    calls.onMistake(answer);
    return { kind: "found", refunds, dispute: null };
  }
  if (answer.kind !== "answer") return unread(calls, answer);
  const read = readDispute(answer.body);
  return read.kind === "unknown" ? read : { kind: "found", refunds, dispute: read.dispute };
}

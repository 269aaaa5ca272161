/**
 * What a merchant reads of orders, as documents of the API.
 */
import type { MerchantOrderView } from "../domain/order/merchant-view.ts";
import type { Refund } from "../domain/order/refund.ts";
import type { HistoryLine, ListedOrder, OrderMail } from "../merchant/orders.ts";
import { timeOf } from "./shopper-answers.ts";

export function listedOrderAnswer(order: ListedOrder) {
  const { placed_ms, updated_ms, provider_code: providerCode, ...rest } = order;
  return { ...rest, providerCode, placedAt: timeOf(placed_ms), updatedAt: timeOf(updated_ms) };
}

export function refundAnswer(refund: Refund) {
  return {
    id: refund.id,
    amount: refund.amount,
    state: refund.state,
    by: refund.by,
    reason: refund.reason,
    failure: refund.failure,
    restock: [...refund.restock],
    providerId: refund.providerId,
    requestedAt: timeOf(refund.requestedAt_ms),
    updatedAt: timeOf(refund.updatedAt_ms),
  };
}

interface OrderRead {
  readonly order: MerchantOrderView;
  readonly history: readonly HistoryLine[];
  readonly mails: readonly OrderMail[] | null;
}

export function merchantOrderAnswer({ order, history, mails }: OrderRead) {
  const { placedAt_ms, updatedAt_ms, delayed, reason, acceptedTerms, dispute, ...rest } = order;
  return {
    ...rest,
    lines: [...order.lines],
    refunds: order.refunds.map(refundAnswer),
    placedAt: timeOf(placedAt_ms),
    updatedAt: timeOf(updatedAt_ms),
    acceptedTerms:
      acceptedTerms === null ? null : { url: acceptedTerms.url, at: timeOf(acceptedTerms.at_ms) },
    dispute: dispute === null ? null : disputeAnswer(dispute),
    ...(delayed ? { delayed } : {}),
    ...(reason === null ? {} : { reason }),
    history: history.map(({ at_ms, ...line }) => ({ ...line, at: timeOf(at_ms) })),
    mails: mails?.map(({ updated_ms, ...mail }) => ({ ...mail, at: timeOf(updated_ms) })) ?? null,
  };
}

function disputeAnswer(dispute: NonNullable<MerchantOrderView["dispute"]>) {
  const { id, status, isClosed: closed, amount, reason, updatedAt_ms } = dispute;
  return { id, status, closed, amount, reason, updatedAt: timeOf(updatedAt_ms) };
}

/**
 * A merchant's refunds. The Order object owns them: it makes a refund durable before the payment
 * provider is called, and the orders Worker makes it (`src/domain/order/refunds.ts`).
 */
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { refundIdOf, type RequestRefundOutcome } from "../domain/order/refunds.ts";
import { normalizeLines, type Line } from "../domain/stock/cart.ts";
import { orderOf } from "../platform/objects.ts";
import type { MerchantContext } from "./sales.ts";

export interface RefundWanted {
  /** Minor units; absent: all that is left. */
  readonly amount?: number | undefined;
  readonly reason?: string | undefined;
  /** Units that go back on sale. */
  readonly restock: readonly Line[];
}

export type RefundOrderOutcome = RequestRefundOutcome | { readonly kind: "order_not_found" };

/** @param key the same with every repetition of one refund */
export async function refundOrder(
  { env }: MerchantContext,
  order: string,
  key: string,
  { amount, reason, restock }: RefundWanted,
): Promise<RefundOrderOutcome> {
  if (!ORDER_ID_PATTERN.test(order)) return { kind: "order_not_found" };
  const request = {
    id: refundIdOf(order, key),
    amount: amount ?? null,
    reason: reason ?? null,
    restock: normalizeLines(restock),
  };
  const outcome = await orderOf(env, order).requestRefund(request);
  return outcome.kind === "unknown" ? { kind: "order_not_found" } : outcome;
}

/**
 * The signed receipt of an order, for its buyer, and the check of a receipt, for anybody.
 *
 * Guarantee: only a request that may read an order gets its receipt. Nothing that a receipt says
 * counts before its signature is verified, nor its rank unless the draw gives the same.
 */
import type { CheckedRank, CheckedReceipt, Receipt } from "../domain/order/receipt.ts";
import { orderOf } from "../platform/objects.ts";
import { signReceipt, verifyReceipt } from "../tokens/receipts.ts";
import type { Carried, GateContext } from "./gate-context.ts";
import { viewOrder } from "./order.ts";

export type ReadReceiptOutcome =
  | { readonly kind: "receipt"; readonly token: string; readonly receipt: Receipt }
  | { readonly kind: "order_not_found" | "order_not_confirmed" };

/** As `viewOrder`: by the admission's subject, or by the key of the status URL. */
export async function readReceipt(
  gate: GateContext,
  order: string,
  key: string | null,
  carriedFor: (sale: string) => Carried,
): Promise<ReadReceiptOutcome> {
  const seen = await viewOrder(gate, order, key, carriedFor);
  if (seen.kind === "order_not_found") return seen;
  const receipt = await orderOf(gate.env, order).receipt();
  if (receipt === null) return { kind: "order_not_confirmed" };
  const token = await signReceipt(gate.keys, gate.env.ISSUER, receipt);
  return { kind: "receipt", token, receipt };
}

/** Checks the signature, and the place against the draw, for a reader whose browser cannot. */
export async function checkReceipt(
  { keys, env, snapshots }: GateContext,
  sale: string,
  token: string,
): Promise<CheckedReceipt> {
  const verified = await verifyReceipt(keys, env.ISSUER, token);
  if (verified.kind === "invalid") return verified;
  const { receipt } = verified;
  if (receipt.sale !== sale) return { kind: "other_sale", sale: receipt.sale };
  const { place } = receipt;
  if (place === null) return { kind: "valid", receipt, rank: { kind: "none" } };
  const drawn = await snapshots.rank(sale, place);
  if (drawn.kind === "not_closed") return { kind: "valid", receipt, rank: { kind: "unknown" } };
  const rank = drawn.kind === "ranked" ? drawn.rank : null;
  const checked: CheckedRank =
    rank === place.rank ? { kind: "agrees" } : { kind: "differs", drawn: rank };
  return { kind: "valid", receipt, rank: checked };
}

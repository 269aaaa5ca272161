/**
 * Units that a merchant moves between their Redis and the edge: allotments, returns, and what
 * became of each.
 *
 * Guarantee: the SKU's RedisBridge finishes what it has begun, whether or not the caller waits; the
 * same request again returns how far it is.
 */
import {
  isSettled,
  type Refusal,
  type Transfer,
  type TransferCommand,
} from "../domain/stock/allotment.ts";
import { redisBridgeOf } from "../platform/objects.ts";
import type { MerchantContext } from "./sales.ts";

export type TransferOutcome =
  | { readonly kind: "done"; readonly transfer: Transfer; readonly repeated: boolean }
  /** Redis or the stock has not answered yet; it goes on by itself. */
  | { readonly kind: "pending"; readonly transfer: Transfer }
  /** Nothing moved, and with this id nothing ever will. */
  | { readonly kind: "refused"; readonly reason: Refusal; readonly available: number | null }
  | { readonly kind: "conflict"; readonly earlier: Transfer }
  | { readonly kind: "too_many"; readonly limit: number }
  | { readonly kind: "redis_off"; readonly what: string | null };

export async function moveUnits(
  { env }: MerchantContext,
  command: TransferCommand,
): Promise<TransferOutcome> {
  const outcome = await redisBridgeOf(env, command.sku).move(command);
  if (outcome.kind !== "transfer") return outcome;
  const { transfer, repeated } = outcome;
  const { standing } = transfer;
  if (standing.state === "refused") {
    return { kind: "refused", reason: standing.reason, available: standing.available };
  }
  return isSettled(transfer) ? { kind: "done", transfer, repeated } : { kind: "pending", transfer };
}

/** With `comparing`, also what Redis remembers of each. Reads only. */
export function readTransfers({ env }: MerchantContext, sku: string, comparing: boolean) {
  return redisBridgeOf(env, sku).read(comparing);
}

/**
 * Units that a merchant moves between their Redis and the edge: allotments and returns.
 *
 * Guarantee: the SKU's RedisBridge finishes a transfer that it has begun, whether or not the caller
 * waits; repeating the request with the same id returns its progress.
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
  /** Redis or the stock has not answered yet; the bridge retries by itself. */
  | { readonly kind: "pending"; readonly transfer: Transfer }
  /** No unit moved, and none ever will with this id. */
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

/** All transfers of a SKU; with `comparing` each is compared with its seal in Redis. Read only. */
export function readTransfers({ env }: MerchantContext, sku: string, comparing: boolean) {
  return redisBridgeOf(env, sku).read(comparing);
}

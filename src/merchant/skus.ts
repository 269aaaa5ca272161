/**
 * A merchant's SKUs: levels, movements, and the sales that share the units.
 */
import type { MovementOutcome } from "../domain/stock/stock.ts";
import type { Movement, StockLevel } from "../domain/stock/stock-ledger.ts";
import { stockOf } from "../platform/objects.ts";
import type { MerchantContext } from "./sales.ts";

export interface SkuFacts extends StockLevel {
  /** The sales that name the SKU; they share its units. */
  readonly sales: readonly string[];
}

export async function readSku({ env }: MerchantContext, sku: string): Promise<SkuFacts> {
  const stock = stockOf(env, sku);
  const [level, { sales }] = await Promise.all([stock.levels(sku), stock.naming()]);
  return { ...level, sales };
}

export type MoveOutcome =
  | { readonly kind: "moved" | "already_moved"; readonly facts: SkuFacts }
  | Exclude<MovementOutcome, { readonly kind: "moved" | "already_moved" }>
  /** No sale names the SKU, and it never had units: it is likely misspelt. */
  | { readonly kind: "sku_not_found" };

export async function moveStock(
  context: MerchantContext,
  sku: string,
  movement: Movement,
): Promise<MoveOutcome> {
  const stock = stockOf(context.env, sku);
  const { sales, hadUnits } = await stock.naming();
  if (sales.length === 0 && !hadUnits) return { kind: "sku_not_found" };
  const outcome = await stock.move(movement);
  if (outcome.kind !== "moved" && outcome.kind !== "already_moved") return outcome;
  return { kind: outcome.kind, facts: await readSku(context, sku) };
}

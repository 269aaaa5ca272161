/**
 * What a merchant's use case has to work with. Only requests with the admin token get here.
 */

export interface MerchantContext {
  readonly env: GateEnv;
  readonly now: number;
}

export function roomOf(env: GateEnv, sale: string): ReturnType<GateEnv["WAITING_ROOM"]["get"]> {
  return env.WAITING_ROOM.get(env.WAITING_ROOM.idFromName(sale));
}

export function stockOf(env: GateEnv, sku: string): ReturnType<GateEnv["SKU_STOCK"]["get"]> {
  return env.SKU_STOCK.get(env.SKU_STOCK.idFromName(sku));
}

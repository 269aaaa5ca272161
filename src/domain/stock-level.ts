/** How much is left, in words that a shopper may be told; the count itself is the stock's. */
import type { StockCounters } from "./stock/stock-ledger.ts";

export type Level = "plenty" | "low" | "out";

/** `low` from a fifth of what was received downwards. */
export function levelOf({ available, received }: StockCounters): Level {
  if (available <= 0) return "out";
  return available * 5 <= received ? "low" : "plenty";
}

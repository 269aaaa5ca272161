/**
 * What the sales and units of the fuzz run are called.
 */

/** A sale in each phase; only `live` has shoppers inside. */
export const FUZZ_SALES = {
  live: "fuzz-live",
  prequeue: "fuzz-prequeue",
  later: "fuzz-later",
  over: "fuzz-over",
} as const;

export function skuOf(sale: string): string {
  return `${sale}-shoe`;
}

/**
 * What the sales and units of the fuzz run are called.
 */
import { createHash } from "node:crypto";

/**
 * A sale in each phase, and one for each proof of being human; only `live` and `proven` have
 * shoppers inside.
 */
export const FUZZ_SALES = {
  live: "fuzz-live",
  prequeue: "fuzz-prequeue",
  later: "fuzz-later",
  over: "fuzz-over",
  /** Asks for a proof of work. */
  proven: "fuzz-proven",
  /** Asks for Turnstile, and refuses an admission of another device. */
  checked: "fuzz-checked",
} as const;

/** Of the shop behind the gate: what is in them is guarded by the sale. */
export const GUARDED_FOLDERS = {
  live: "/guarded",
  prequeue: "/waiting",
  later: "/countdown",
  proven: "/proven",
  checked: "/checked",
} as const;

const BYPASS_TOKEN = "fuzz-bypass-6f2a91c04be7d3";

/** Opens every guarded folder to whoever sends the token, which nobody does. */
export const BYPASS = {
  token: BYPASS_TOKEN,
  sha256: createHash("sha256").update(BYPASS_TOKEN).digest("hex"),
} as const;

export function skuOf(sale: string): string {
  return `${sale}-shoe`;
}

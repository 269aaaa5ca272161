/**
 * The names of the sales, SKUs, folders and bypass token of the fuzz run.
 */
import { createHash } from "node:crypto";

/**
 * A sale in each phase, and one for each kind of protection. Only `live` and `proven` have admitted
 * shoppers.
 */
export const FUZZ_SALES = {
  live: "fuzz-live",
  prequeue: "fuzz-prequeue",
  later: "fuzz-later",
  over: "fuzz-over",
  /** Requires a proof of work. */
  proven: "fuzz-proven",
  /** Requires Turnstile, and refuses an admission from another device. */
  checked: "fuzz-checked",
  /** Sells many items, which a cart asks one by one. */
  wide: "fuzz-wide",
} as const;

export const WIDE_ITEMS = 12;

export function wideSku(at: number): string {
  return at === 0 ? skuOf(FUZZ_SALES.wide) : `${skuOf(FUZZ_SALES.wide)}-${at}`;
}

/** As random as a key must be; the fuzz run repeats its requests with it. */
export const IDEMPOTENCY_KEY = "7d0f6c1e-93b4-4a58-8e27-c15f0a9d3b62";

/** Folders of the shop behind the gate, by the sale that guards them. */
export const GUARDED_FOLDERS = {
  live: "/guarded",
  prequeue: "/waiting",
  later: "/countdown",
  proven: "/proven",
  checked: "/checked",
} as const;

/** A page that a guard of the live sale names, without what is below it. */
export const GUARDED_PAGE = "/drops/air";
/** What the live sale guards at one host alone. */
export const GUARDED_HOST = { host: "drops.example", folder: "/only" } as const;

/** The forms of a sale's pages, as their paths end. */
export const FORMS = [
  "join",
  "enter",
  "leave",
  "cart",
  "order",
  "receipt",
  "reminder",
  "reminder/stop",
] as const;

const BYPASS_TOKEN = "fuzz-bypass-6f2a91c04be7d3";

/** A request with this token passes every guard; no input has it. */
export const BYPASS = {
  token: BYPASS_TOKEN,
  sha256: createHash("sha256").update(BYPASS_TOKEN).digest("hex"),
} as const;

export function skuOf(sale: string): string {
  return `${sale}-shoe`;
}

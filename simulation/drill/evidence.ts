/**
 * The evidence, which is the only input of the verdicts, and the findings, which are their output:
 * plain data. `collect.ts` collects the evidence.
 */
import type {
  Audit,
  Fairness,
  LedgerRow,
  Manifest,
  OrderWithHistory,
  PublishedKey,
} from "../crowd/gate-answers.ts";
import type { LedgerAnswer } from "../crowd/sandbox-client.ts";
import type { ShopperRecord } from "../crowd/shopper-record.ts";

/** An audit and when it was requested; it describes that moment or one soon after. */
export interface TimedAudit extends Audit {
  readonly requestedAt_ms: number;
}

export interface Evidence {
  readonly sale: string;
  /** The drill created the sale and its SKUs, so all their units belong to this drill. */
  readonly ownSale: boolean;
  readonly shoppers: readonly ShopperRecord[];
  /** Taken throughout the drill; the last one after every order was final. */
  readonly audits: readonly TimedAudit[];
  /** All rows by SKU, in their order. */
  readonly ledgers: ReadonlyMap<string, readonly LedgerRow[]>;
  /** Every order of the sale. */
  readonly orders: readonly OrderWithHistory[];
  /** Null without a sandbox. */
  readonly payments: LedgerAnswer | null;
  readonly fairnessBefore: Fairness;
  /** Read after the end of the sale; if the drill did not create the sale, while it still runs. */
  readonly fairnessAfter: Fairness;
  readonly manifests: readonly Manifest[];
  /** The gate's public keys. */
  readonly keys: readonly PublishedKey[];
  /** Null when there was none. */
  readonly outage: Outage | null;
}

/** The time in which every call to the payment provider failed. */
export interface Outage {
  readonly from_ms: number;
  readonly until_ms: number;
}

export type PromiseId = "P1" | "P2" | "P3" | "P7" | "P8" | "P10" | "P14";

export interface Finding {
  readonly promise: PromiseId;
  readonly claim: string;
  /** What was checked, in numbers. */
  readonly checked: string;
  readonly result:
    | { readonly kind: "kept" }
    | { readonly kind: "unchecked"; readonly reason: string }
    | { readonly kind: "broken"; readonly violations: readonly string[] };
}

/** `broken` if there are violations, otherwise `kept`. */
export function resultOf(violations: readonly string[]): Finding["result"] {
  return violations.length === 0 ? { kind: "kept" } : { kind: "broken", violations };
}

export const FINAL_STATES: ReadonlySet<string> = new Set([
  "confirmed",
  "declined",
  "failed",
  "rejected",
  "cancelled",
]);

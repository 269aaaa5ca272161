/**
 * The data that verdicts are made from, and the shape of a finding: plain data, gathered by
 * `collect.ts` and judged by the verdicts, which read nothing else.
 */
import type {
  Audit,
  Fairness,
  LedgerRow,
  Manifest,
  OrderWithHistory,
} from "../crowd/gate-answers.ts";
import type { LedgerAnswer } from "../crowd/sandbox-client.ts";
import type { ShopperRecord } from "../crowd/shopper-record.ts";

/** An audit and the time of its request: it was true then or soon after. */
export interface TimedAudit extends Audit {
  readonly asked_ms: number;
}

export interface Evidence {
  readonly sale: string;
  /** The drill made the sale and its SKUs, so every unit in the books is of this drill. */
  readonly ownSale: boolean;
  readonly shoppers: readonly ShopperRecord[];
  /** Taken all along the drill; the last one after every order was final. */
  readonly audits: readonly TimedAudit[];
  /** By SKU, complete, in order. */
  readonly ledgers: ReadonlyMap<string, readonly LedgerRow[]>;
  /** Every order of the sale. */
  readonly orders: readonly OrderWithHistory[];
  /** Null when no sandbox was named. */
  readonly payments: LedgerAnswer | null;
  readonly fairnessBefore: Fairness;
  /** Read after the end of the sale, or while it still runs when it is not the drill's to end. */
  readonly fairnessAfter: Fairness;
  readonly manifests: readonly Manifest[];
  /** Null when the drill caused none. */
  readonly outage: Outage | null;
}

/** While every call of the payment provider failed. */
export interface Outage {
  readonly from_ms: number;
  readonly until_ms: number;
}

export type PromiseId = "P1" | "P2" | "P3" | "P7" | "P8" | "P10";

export interface Finding {
  readonly promise: PromiseId;
  readonly claim: string;
  /** What was looked at, in numbers. */
  readonly checked: string;
  readonly result:
    | { readonly kind: "kept" }
    | { readonly kind: "unchecked"; readonly reason: string }
    | { readonly kind: "broken"; readonly violations: readonly string[] };
}

/** Kept unless something was found. */
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

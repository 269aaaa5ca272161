/**
 * What a consumer reports about a step of an order, and what the order answers.
 */
import type { BookOutcome } from "./order-backend.ts";
import type {
  AuthorizeOutcome,
  LookupOutcome,
  RefundOutcome,
  SettlementOutcome,
  SettleOutcome,
} from "./payment-backend.ts";

/** The card that was authorized has already bought all that one buyer may (`limitPerBuyer`). */
export interface OverLimit {
  readonly kind: "over_limit";
}

/** The step a consumer took under its lease, and what the backend answered. */
export type StepReport =
  | { readonly step: "authorize"; readonly outcome: AuthorizeOutcome | OverLimit }
  | { readonly step: "book"; readonly outcome: BookOutcome }
  | { readonly step: "capture"; readonly outcome: SettleOutcome }
  | { readonly step: "lookup"; readonly outcome: LookupOutcome | OverLimit }
  | { readonly step: "refund_part"; readonly outcome: RefundOutcome }
  | { readonly step: "settlement"; readonly outcome: SettlementOutcome }
  | { readonly step: "void" | "refund"; readonly outcome: SettleOutcome };

/**
 * The step was not taken, or had no result to report.
 * `newKey`: the provider may have stored a failure under the key; the next try needs a new one.
 * `tried`: false when no call was made (breaker open, no free slot), so that waiting for a breaker
 * to close does not lengthen the back-off.
 */
export interface PutOff {
  readonly kind: "put_off";
  readonly after_s: number;
  readonly newKey: boolean;
  readonly tried: boolean;
}

export type ReportOutcome =
  | { readonly kind: "moved" }
  | { readonly kind: "put_off"; readonly until_ms: number }
  /** Another consumer holds the lease, or the order is final. The report changed nothing. */
  | { readonly kind: "stale" };

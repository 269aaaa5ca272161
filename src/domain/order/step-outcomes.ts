/**
 * What a consumer reports about a step of an order, and what the order answers.
 */
import type { BookOutcome } from "./order-backend.ts";
import type { AuthorizeOutcome, LookupOutcome, SettleOutcome } from "./payment-backend.ts";

/** The step a consumer took under its lease, and what the backend answered. */
export type StepReport =
  | { readonly step: "authorize"; readonly outcome: AuthorizeOutcome }
  | { readonly step: "book"; readonly outcome: BookOutcome }
  | { readonly step: "capture"; readonly outcome: SettleOutcome }
  | { readonly step: "lookup"; readonly outcome: LookupOutcome }
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

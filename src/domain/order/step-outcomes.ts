/**
 * What a consumer reports about one step of an order, and what became of the report.
 */
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
 * `newKey`: the provider may have stored a failure under the key; the next try needs another.
 * `tried`: false when no call left (breaker open, no free slot), so that waiting for a closed
 * breaker does not make the order wait longer afterwards.
 */
export interface PutOff {
  readonly kind: "put_off";
  readonly after_s: number;
  readonly newKey: boolean;
  readonly tried: boolean;
}

/** What an order backend answers to `book`. */
export type BookOutcome =
  | { readonly kind: "booked"; readonly booking: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "retry"; readonly after_s: number }
  | { readonly kind: "unknown"; readonly reason: string };

export type ReportOutcome =
  | { readonly kind: "moved" }
  | { readonly kind: "put_off"; readonly until_ms: number }
  /** The lease went to another, or the order went on; a step is repeated with the same key. */
  | { readonly kind: "stale" };

export const MOVED: ReportOutcome = { kind: "moved" };

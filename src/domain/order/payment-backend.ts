/**
 * The contract of a payment backend: its operations, and every answer that Sluice understands.
 *
 * A payment is *prepared* before it is *authorized*: preparing yields the provider's id of the
 * payment without moving money, and the Order object stores that id durably before anything is
 * charged. Every later doubt is resolved by looking up that id, never by a search, and an order can
 * never own two payments.
 *
 * Every adapter must guarantee: each operation is idempotent by its `key`, and an answer the
 * adapter cannot read is `unknown`, never `declined`.
 */

/** An amount of money: `amount` in the currency's minor unit, `currency` as ISO 4217 upper case. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** A final refusal by the provider; repeating the request cannot succeed. */
export interface Declined {
  readonly kind: "declined";
  /** A stable code, for example `card_declined`, `insufficient_funds`, `invalid_request`. */
  readonly reason: string;
}

/** Nothing happened at the provider; retry with the same key, no sooner than `after_s`. */
export interface RetryLater {
  readonly kind: "retry";
  readonly after_s: number;
  readonly reason: string;
}

/** The provider may or may not have acted: time-out, lost connection, 5xx, unreadable answer. */
export interface Unknown {
  readonly kind: "unknown";
  readonly reason: string;
}

export type PrepareOutcome =
  | { readonly kind: "prepared"; readonly paymentId: string }
  | Declined
  | RetryLater
  | Unknown;

export type AuthorizeOutcome =
  | { readonly kind: "approved" }
  | { readonly kind: "action_required"; readonly url: string }
  | Declined
  | RetryLater
  | Unknown;

/** Of `capture`, `void` and `refund`. `declined`: this payment can never be settled that way. */
export type SettleOutcome = { readonly kind: "approved" } | Declined | RetryLater | Unknown;

/**
 * The state of the payment at the provider.
 * `prepared`: nothing charged, may be authorized. `authorized`: money reserved, not taken.
 * `captured`: money taken. `voided`: the reservation was cancelled. `refunded`: refunded in full.
 */
export type PaymentStanding =
  | { readonly kind: "prepared" }
  | { readonly kind: "action_required"; readonly url: string }
  | { readonly kind: "authorized" }
  | { readonly kind: "captured" }
  | { readonly kind: "voided" }
  | { readonly kind: "refunded" }
  | Declined;

export type LookupOutcome =
  | { readonly kind: "found"; readonly standing: PaymentStanding }
  | RetryLater
  | Unknown;

export interface PaymentBackend {
  /** Breaker and log name, for example `stripe`. */
  readonly name: string;
  prepare(request: {
    readonly orderId: string;
    readonly money: Money;
    readonly key: string;
  }): Promise<PrepareOutcome>;
  authorize(request: {
    readonly paymentId: string;
    /** The provider's token of the shopper's means of payment, for example `pm_card_visa`. */
    readonly method: string;
    /** Where the shopper comes back to after an action such as 3-D Secure. */
    readonly returnUrl: string;
    readonly key: string;
  }): Promise<AuthorizeOutcome>;
  capture(request: {
    readonly paymentId: string;
    readonly money: Money;
    readonly key: string;
  }): Promise<SettleOutcome>;
  void(request: { readonly paymentId: string; readonly key: string }): Promise<SettleOutcome>;
  refund(request: { readonly paymentId: string; readonly key: string }): Promise<SettleOutcome>;
  lookup(request: { readonly paymentId: string }): Promise<LookupOutcome>;
}

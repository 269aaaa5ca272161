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

/**
 * An amount of money: `amount` in the minor unit of `money/currencies.ts`, `currency` as ISO 4217
 * upper case.
 */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/**
 * What the provider is told about the order that is paid: for its dashboard, its receipt, the
 * buyer's statement, and its checks for fraud.
 */
export interface PaidOrder {
  readonly id: string;
  readonly sale: string;
  /** What is sold, in a few words: the sale's title. */
  readonly description: string;
  readonly email: string;
  readonly shipping: Shipping | null;
  readonly statementSuffix: string | null;
  /** The provider's names of the means of payment that are allowed; empty: all that it offers. */
  readonly methods: readonly string[];
}

export interface Shipping {
  readonly name: string;
  readonly phone: string | null;
  readonly address: Readonly<Partial<Record<AddressField, string>>>;
}
export type AddressField = "line1" | "line2" | "city" | "region" | "postalCode" | "country";

/** A final refusal by the provider; repeating the request cannot succeed. */
export interface Declined {
  readonly kind: "declined";
  /** A stable code, for example `card_declined`, `insufficient_funds`, `payment_voided`. */
  readonly reason: string;
  /** Money is reserved all the same, such as a part of the amount, and must be voided. */
  readonly mustVoid?: boolean;
  /** The payment can still be paid by a browser that has its secret, until it is voided. */
  readonly mayReopen?: boolean;
  /** Nothing was sent, so it says nothing about the provider: it counts for no breaker. */
  readonly unsent?: boolean;
}

/**
 * The provider refused because of the shop's own settings: its key, the amount, the currency, a
 * means of payment that is not enabled. Nothing happened, and repeating cannot succeed.
 */
export interface Misconfigured {
  readonly kind: "misconfigured";
  /** The provider's own code, for the operator. */
  readonly code: string;
  /** The parameter that it refused, and its id of the request. */
  readonly param?: string | null;
  readonly requestId?: string | null;
  /** The key was refused, so this says nothing about what an earlier call did. */
  readonly isKeyRefused?: boolean;
  /** As of `Declined`. */
  readonly unsent?: boolean;
}

/** Nothing happened at the provider; retry with the same key, no sooner than `after_s`. */
export interface RetryLater {
  readonly kind: "retry";
  readonly after_s: number;
  readonly reason: string;
  /** It answered "too many requests" (429): it is well, and calls are to be fewer. */
  readonly throttled?: boolean;
  /** As of `Declined`. */
  readonly unsent?: boolean;
}

/** The provider may or may not have acted: time-out, lost connection, 5xx, unreadable answer. */
export interface Unknown {
  readonly kind: "unknown";
  readonly reason: string;
}

export type PrepareOutcome =
  | { readonly kind: "prepared"; readonly paymentId: string }
  | Declined
  | Misconfigured
  | RetryLater
  | Unknown;

/** The card that pays, as far as it is known. `fingerprint` is the same for the same card. */
export interface Card {
  readonly fingerprint: string;
  readonly brand: string | null;
  readonly last4: string | null;
}

/**
 * What the shopper must do: go to `url`, or where there is none let the provider's script do it
 * in the page with `clientSecret`.
 */
export interface ActionRequired {
  readonly kind: "action_required";
  readonly url: string | null;
  readonly clientSecret?: string | null;
}

export type AuthorizeOutcome =
  | { readonly kind: "approved"; readonly card?: Card | null }
  | ActionRequired
  | Declined
  | Misconfigured
  | RetryLater
  | Unknown;

/** Of `capture`, `void` and `refund`. `declined`: this payment can never be settled that way. */
export type SettleOutcome = { readonly kind: "approved" } | Declined | RetryLater | Unknown;

/** Of one refund. `pending`: the provider has accepted it, and it may still fail. */
export type RefundOutcome =
  | {
      readonly kind: "refunded";
      readonly providerId: string;
      readonly state: "pending" | "succeeded";
    }
  | Declined
  | RetryLater
  | Unknown;

/** A refund as the provider has it. */
export interface ProviderRefund {
  readonly providerId: string;
  /** The id that Sluice gave it; null for one that was made at the provider. */
  readonly refundId: string | null;
  readonly amount: number;
  readonly state: "pending" | "succeeded" | "failed";
  /** Why it failed. */
  readonly failure: string | null;
}

/** A buyer's objection to a payment, which their bank decides. */
export interface Dispute {
  readonly id: string;
  /** The provider's own state, such as `needs_response`, `won`, `lost`. */
  readonly status: string;
  readonly isClosed: boolean;
  readonly amount: number;
  readonly reason: string;
}

/** What became of a captured payment: its refunds, all of them, and its dispute. */
export type SettlementOutcome =
  | {
      readonly kind: "found";
      readonly refunds: readonly ProviderRefund[];
      readonly dispute: Dispute | null;
    }
  | RetryLater
  | Unknown;

/**
 * The state of the payment at the provider.
 * `prepared`: nothing charged, may be authorized. `authorized`: money reserved, not taken.
 * `captured`: money taken. `voided`: the reservation was cancelled. `refunded`: all of it is back
 * with the buyer, by refunds or by a lost dispute.
 */
export type PaymentStanding =
  | { readonly kind: "prepared" }
  | ActionRequired
  | { readonly kind: "authorized"; readonly card?: Card | null }
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
    readonly order: PaidOrder;
    readonly money: Money;
    readonly key: string;
  }): Promise<PrepareOutcome>;
  authorize(request: {
    readonly paymentId: string;
    /**
     * The provider's token of the shopper's means of payment, for example `pm_card_visa`, or of
     * Stripe's confirmation token, `ctoken_…`.
     */
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
  /** Everything, of a payment whose order is undone. */
  refund(request: { readonly paymentId: string; readonly key: string }): Promise<SettleOutcome>;
  /** A part, or the rest, of a payment whose order is confirmed. */
  refundPart(request: {
    readonly paymentId: string;
    /** Sluice's id of the refund, which the provider keeps with it. */
    readonly refundId: string;
    readonly money: Money;
    readonly key: string;
  }): Promise<RefundOutcome>;
  settlement(request: {
    readonly paymentId: string;
    /** `money.currency` of amounts that the provider tells. */
    readonly currency: string;
  }): Promise<SettlementOutcome>;
  lookup(request: { readonly paymentId: string }): Promise<LookupOutcome>;
}

/**
 * How the Stripe adapter calls the SDK: the methods that it uses, the time that the calls of one
 * operation share, and what a refused call means for a payment that exists.
 */
import type Stripe from "stripe";
import type {
  Declined,
  PaymentBackend,
  RetryLater,
  Unknown,
} from "../../src/domain/order/payment-backend.ts";
import {
  KEY_TROUBLE_AFTER_S,
  type Mistake,
  readError,
  type Refusal,
  unknown,
  UNSENT_AFTER_S,
  type Unsent,
} from "./stripe-errors.ts";

/** The SDK's methods that this adapter calls; a simulation implements them without a network. */
export interface StripeCalls {
  readonly paymentIntents: {
    create(params: Stripe.PaymentIntentCreateParams, options: CallOptions): Promise<unknown>;
    confirm(
      id: string,
      params: Stripe.PaymentIntentConfirmParams,
      options: CallOptions,
    ): Promise<unknown>;
    capture(
      id: string,
      params: Stripe.PaymentIntentCaptureParams,
      options: CallOptions,
    ): Promise<unknown>;
    cancel(
      id: string,
      params: Stripe.PaymentIntentCancelParams,
      options: CallOptions,
    ): Promise<unknown>;
    retrieve(
      id: string,
      params: Stripe.PaymentIntentRetrieveParams,
      options: CallOptions,
    ): Promise<unknown>;
  };
  readonly refunds: {
    create(params: Stripe.RefundCreateParams, options: CallOptions): Promise<unknown>;
    list(params: Stripe.RefundListParams, options: CallOptions): Promise<unknown>;
  };
  readonly disputes: {
    list(params: Stripe.DisputeListParams, options: CallOptions): Promise<unknown>;
  };
}

/** Options of the SDK; `timeout` in milliseconds. */
export interface CallOptions {
  readonly timeout: number;
  readonly idempotencyKey?: string;
}

/** Stripe refused the key in a call about a payment that exists. */
export interface KeyRefusal {
  readonly operation: keyof PaymentBackend;
  readonly payment: string;
  readonly code: string;
  readonly request: string | null;
}

export type Answer = { readonly kind: "answer"; readonly body: unknown };

/** The calls of one operation, which share its time. */
export interface Calls {
  readonly client: StripeCalls;
  readonly now: () => number;
  /** What is left of the time, as an option of the SDK's calls. */
  readonly left: () => { readonly timeout: number };
  /** The key is refused in a call about a payment that exists. */
  readonly onMistake: (mistake: Mistake) => void;
}

export async function ask({ now }: Calls, call: () => Promise<unknown>): Promise<Answer | Refusal> {
  try {
    return { kind: "answer", body: await call() };
  } catch (error) {
    return readError(error, now());
  }
}

/** Of a payment that exists: nothing is undone because of a key, and anything else is final. */
export function afterMistake({ onMistake }: Calls, mistake: Mistake): Declined | RetryLater {
  if (!mistake.isKey) return { kind: "declined", reason: mistake.code };
  onMistake(mistake);
  const reason = `${mistake.code}: Stripe refuses the API key`;
  return { kind: "retry", after_s: KEY_TROUBLE_AFTER_S, reason };
}

/** Of a payment that exists: a request that cannot be written says nothing about it. */
export function notSent({ reason }: Unsent): RetryLater {
  return { kind: "retry", after_s: UNSENT_AFTER_S, reason, unsent: true };
}

/** A refused look-up is never `declined`, because it reveals nothing about the payment. */
export function unread(calls: Calls, refusal: Refusal): RetryLater | Unknown {
  if (refusal.kind === "retry" || refusal.kind === "unknown") return refusal;
  if (refusal.kind === "mistake") {
    const outcome = afterMistake(calls, refusal);
    if (outcome.kind === "retry") return outcome;
  }
  if (refusal.kind === "unsent") return notSent(refusal);
  const why = refusal.kind === "mistake" ? refusal.code : refusal.reason;
  return unknown(`look-up refused: ${why}`);
}

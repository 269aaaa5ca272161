/**
 * The state machine of a payment: Stripe's PaymentIntent with manual capture.
 *
 * Guarantee: for any commands in any order, a payment is captured at most once. A refused command
 * leaves the payment unchanged, except that the refusal of a card is stored. Pure: ids and time are
 * arguments. Refunds and disputes are in `refunds.ts` and `disputes.ts`.
 *
 * Source: https://docs.stripe.com/payments/paymentintents/lifecycle.
 */
import { type ApiError, cardError, type CardRefusal, invalidRequest } from "./api-error.ts";
import { type Instrument, instrumentNamed, outcomeOf } from "./instrument.ts";
import { type BillingDetails, Payment, type Standing } from "./payment-schema.ts";

export interface Confirmation {
  readonly kind: "confirm";
  readonly method: string | null;
  /** What the method is; by default that of the test method with this id. */
  readonly instrument?: Instrument | undefined;
  readonly billing?: BillingDetails | null;
  readonly returnUrl: string | null;
  /** True: Stripe.js authenticates in the shop's page where the method can (`use_stripe_sdk`). */
  readonly useStripeSdk?: boolean;
}

export type Command =
  | Confirmation
  | { readonly kind: "capture"; readonly amount: number | null }
  | { readonly kind: "cancel"; readonly reason?: string | null }
  | { readonly kind: "authenticate"; readonly accepted: boolean };

/** An `error` can come with a changed `payment`. */
export interface Applied {
  readonly payment: Payment;
  readonly error: ApiError | null;
}

/** What a command may use: the id of a charge, if it makes one, and the time. */
export interface Moment {
  readonly charge: string;
  readonly now: number;
}

export type WantedPayment = Pick<Payment, "amount" | "currency" | "order"> &
  Partial<
    Pick<
      Payment,
      | "types"
      | "isAutomatic"
      | "description"
      | "receiptEmail"
      | "statementSuffix"
      | "shipping"
      | "metadata"
    >
  >;

const AUTHENTICATION_REFUSED: CardRefusal = {
  code: "payment_intent_authentication_failure",
  decline_code: null,
  message:
    "We are unable to authenticate your payment method. " +
    "Please choose a different payment method and try again.",
};

export function createPayment(
  wanted: WantedPayment,
  ids: { readonly id: string; readonly clientSecret: string },
  now: number,
): Payment {
  return Payment.parse({
    version: 1,
    ...wanted,
    ...ids,
    method: null,
    createdAt_ms: now,
    standing: { status: "requires_payment_method", refusal: null },
  });
}

export function applyCommand(payment: Payment, command: Command, moment: Moment): Applied {
  switch (command.kind) {
    case "confirm":
      return confirm(payment, command, moment);
    case "capture":
      return capture(payment, command.amount);
    case "cancel":
      return cancel(payment, command.reason ?? null);
    case "authenticate":
      return authenticate(payment, command.accepted, moment);
  }
}

function became(payment: Payment, standing: Standing): Applied {
  return { payment: { ...payment, standing }, error: null };
}

function refused(payment: Payment, error: ApiError): Applied {
  return { payment, error };
}

function unexpectedState(payment: Payment, done: string, allowed: string): Applied {
  const { status } = payment.standing;
  return refused(
    payment,
    invalidRequest(
      `This PaymentIntent could not be ${done} because it has a status of ${status}. ` +
        `Only a PaymentIntent with one of the following statuses may be ${done}: ${allowed}.`,
      "payment_intent_unexpected_state",
    ),
  );
}

function confirm(payment: Payment, confirmation: Confirmation, moment: Moment): Applied {
  const { status } = payment.standing;
  if (status !== "requires_payment_method" && status !== "requires_action") {
    return unexpectedState(payment, "confirmed", "requires_payment_method, requires_action");
  }
  const { method, returnUrl, billing = null } = confirmation;
  if (method === null) {
    const message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
    return refused(payment, invalidRequest(message, "payment_intent_unexpected_state"));
  }
  const instrument = confirmation.instrument ?? instrumentNamed(method);
  if (instrument === null) {
    const message = `No such PaymentMethod: '${method}'`;
    return refused(payment, invalidRequest(message, "resource_missing", "payment_method"));
  }
  const error = incompatible(payment, instrument) ?? missingReturnUrl(payment, confirmation);
  if (error !== null) return refused(payment, error);
  const tried = { ...payment, method, instrument, billing };
  const outcome = outcomeOf(instrument);
  switch (outcome.kind) {
    case "authorizes":
    case "authorizes_but_cannot_be_captured":
      return authorized(tried, moment);
    case "refuses":
      return declined(tried, outcome.refusal);
    case "asks_shopper": {
      const hasDialog = confirmation.useStripeSdk === true && instrument.type === "card";
      if (!hasDialog && returnUrl === null) return refused(payment, RETURN_URL_MISSING);
      const where = hasDialog ? "dialog" : "redirect";
      return became(tried, { status: "requires_action", returnUrl, where });
    }
  }
}

const RETURN_URL_MISSING = invalidRequest(
  "A `return_url` must be provided, because this payment method redirects the customer.",
  "parameter_missing",
  "return_url",
);

function incompatible({ types }: Payment, { type }: Instrument): ApiError | null {
  if (types.includes(type)) return null;
  const message =
    `The PaymentMethod provided (${type}) is not allowed for this PaymentIntent. Please attach a ` +
    `PaymentMethod of one of the following types: ${types.join(", ")}.`;
  return invalidRequest(message, "payment_intent_incompatible_payment_method", "payment_method");
}

/** Stripe asks for it whatever the method is, because any method of the dashboard may redirect. */
function missingReturnUrl(payment: Payment, confirmation: Confirmation): ApiError | null {
  if (!payment.isAutomatic || confirmation.returnUrl !== null) return null;
  const message =
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. " +
    "Because some of these payment methods might redirect your customer off of your page, you " +
    "must provide a `return_url`.";
  return invalidRequest(message, undefined, "return_url");
}

function authorized(payment: Payment, { charge, now }: Moment): Applied {
  return became({ ...payment, chargedAt_ms: now }, { status: "requires_capture", charge });
}

function declined(payment: Payment, refusal: CardRefusal): Applied {
  const after = became(payment, { status: "requires_payment_method", refusal });
  return { ...after, error: cardError(refusal) };
}

function capture(payment: Payment, amount: number | null): Applied {
  const { standing } = payment;
  if (standing.status !== "requires_capture") {
    return unexpectedState(payment, "captured", "requires_capture");
  }
  const captured = amount ?? payment.amount;
  if (captured > payment.amount) {
    const message = `The capture amount exceeds the authorized amount of ${payment.amount}.`;
    return refused(payment, invalidRequest(message, "amount_too_large", "amount_to_capture"));
  }
  if (cannotBeCaptured(payment)) {
    const message = "The authorization has expired and can no longer be captured.";
    return refused(payment, invalidRequest(message, "charge_expired_for_capture"));
  }
  return became(payment, { status: "succeeded", charge: standing.charge, captured, refunded: 0 });
}

function cannotBeCaptured({ method, instrument }: Payment): boolean {
  const used = instrument ?? instrumentNamed(method ?? "");
  return used !== null && outcomeOf(used).kind === "authorizes_but_cannot_be_captured";
}

function cancel(payment: Payment, reason: string | null): Applied {
  const { standing } = payment;
  if (standing.status === "succeeded" || standing.status === "canceled") {
    const allowed = "requires_payment_method, requires_capture, requires_action";
    return unexpectedState(payment, "canceled", allowed);
  }
  const charge = standing.status === "requires_capture" ? standing.charge : null;
  return became(payment, { status: "canceled", charge, reason });
}

function authenticate(payment: Payment, accepted: boolean, moment: Moment): Applied {
  if (payment.standing.status !== "requires_action") {
    return unexpectedState(payment, "authenticated", "requires_action");
  }
  const used = payment.instrument ?? instrumentNamed(payment.method ?? "");
  const outcome = used === null ? null : outcomeOf(used);
  const refusal = outcome?.kind === "asks_shopper" ? outcome.refusal : null;
  if (accepted && refusal === null) return authorized(payment, moment);
  const because = accepted && refusal !== null ? refusal : AUTHENTICATION_REFUSED;
  return became(payment, { status: "requires_payment_method", refusal: because });
}

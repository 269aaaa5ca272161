/**
 * A payment and its state machine: Stripe's PaymentIntent with manual capture.
 *
 * Guarantee: for any commands in any order, a payment is captured at most once and no more is
 * refunded than was captured. A refused command leaves the payment unchanged, except that the
 * refusal of a card is stored. Pure: ids are arguments.
 *
 * Source: https://docs.stripe.com/payments/paymentintents/lifecycle.
 */
import { z } from "zod";
import { type ApiError, cardError, type CardRefusal, invalidRequest } from "./api-error.ts";
import { type Outcome, outcomeOf } from "./test-methods.ts";

const Refusal = z.strictObject({
  code: z.string(),
  decline_code: z.string().nullable(),
  message: z.string(),
});

const Standing = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("requires_payment_method"), refusal: Refusal.nullable() }),
  z.strictObject({ status: z.literal("requires_action"), returnUrl: z.string() }),
  z.strictObject({ status: z.literal("requires_capture"), charge: z.string() }),
  z.strictObject({
    status: z.literal("succeeded"),
    charge: z.string(),
    captured: z.int().min(1),
    refunded: z.int().min(0),
  }),
  /** `charge` is null when the payment was cancelled before it was authorized. */
  z.strictObject({ status: z.literal("canceled"), charge: z.string().nullable() }),
]);

/** The stored form; `version` changes with its shape. */
export const Payment = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  order: z.string().nullable(),
  amount: z.int().min(1),
  /** ISO 4217, lower case, as Stripe writes it. */
  currency: z.string(),
  /** The payment method of the last confirmation. */
  method: z.string().nullable(),
  createdAt_ms: z.int(),
  standing: Standing,
});

export type Payment = z.infer<typeof Payment>;
export type Standing = Payment["standing"];

export type Command =
  | { readonly kind: "confirm"; readonly method: string | null; readonly returnUrl: string | null }
  | { readonly kind: "capture"; readonly amount: number | null }
  | { readonly kind: "cancel" }
  | { readonly kind: "refund"; readonly amount: number | null }
  | { readonly kind: "authenticate"; readonly accepted: boolean };

/** `refunded`: the amount that this command refunded. An `error` can come with a new `payment`. */
export interface Applied {
  readonly payment: Payment;
  readonly error: ApiError | null;
  readonly refunded: number;
}

const AUTHENTICATION_REFUSED: CardRefusal = {
  code: "payment_intent_authentication_failure",
  decline_code: null,
  message: "The shopper refused to authenticate the payment.",
};

export function createPayment(
  wanted: { readonly amount: number; readonly currency: string; readonly order: string | null },
  id: string,
  now: number,
): Payment {
  const standing: Standing = { status: "requires_payment_method", refusal: null };
  return { version: 1, id, ...wanted, method: null, createdAt_ms: now, standing };
}

/** `newCharge` becomes the id of the charge if the command authorizes the payment. */
export function applyCommand(payment: Payment, command: Command, newCharge: string): Applied {
  switch (command.kind) {
    case "confirm":
      return confirm(payment, command, newCharge);
    case "capture":
      return capture(payment, command.amount);
    case "cancel":
      return cancel(payment);
    case "refund":
      return refund(payment, command.amount);
    case "authenticate":
      return authenticate(payment, command.accepted, newCharge);
  }
}

function became(payment: Payment, standing: Standing): Applied {
  return { payment: { ...payment, standing }, error: null, refunded: 0 };
}

function refused(payment: Payment, error: ApiError): Applied {
  return { payment, error, refunded: 0 };
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

function confirm(
  payment: Payment,
  command: { readonly method: string | null; readonly returnUrl: string | null },
  newCharge: string,
): Applied {
  const { status } = payment.standing;
  if (status !== "requires_payment_method" && status !== "requires_action") {
    return unexpectedState(payment, "confirmed", "requires_payment_method, requires_action");
  }
  if (command.method === null) {
    const message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
    return refused(payment, invalidRequest(message, "payment_intent_unexpected_state"));
  }
  const outcome = outcomeOf(command.method);
  if (outcome === null) {
    const message = `No such PaymentMethod: '${command.method}'`;
    return refused(payment, invalidRequest(message, "resource_missing", "payment_method"));
  }
  if (outcome.kind === "asks_shopper" && command.returnUrl === null) {
    const message = "The sandbox can only authenticate with a return_url.";
    return refused(payment, invalidRequest(message, "parameter_missing", "return_url"));
  }
  const tried = { ...payment, method: command.method };
  return applyOutcome(tried, outcome, command.returnUrl ?? "", newCharge);
}

function applyOutcome(
  payment: Payment,
  outcome: Outcome,
  returnUrl: string,
  newCharge: string,
): Applied {
  switch (outcome.kind) {
    case "authorizes":
    case "authorizes_but_cannot_be_captured":
      return became(payment, { status: "requires_capture", charge: newCharge });
    case "refuses":
      return {
        ...became(payment, { status: "requires_payment_method", refusal: outcome.refusal }),
        error: cardError(outcome.refusal),
      };
    case "asks_shopper":
      return became(payment, { status: "requires_action", returnUrl });
  }
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
  if (payment.method !== null && cannotBeCaptured(payment.method)) {
    const message = "The authorization has expired and can no longer be captured.";
    return refused(payment, invalidRequest(message, "charge_expired_for_capture"));
  }
  return became(payment, { status: "succeeded", charge: standing.charge, captured, refunded: 0 });
}

function cannotBeCaptured(method: string): boolean {
  return outcomeOf(method)?.kind === "authorizes_but_cannot_be_captured";
}

function cancel(payment: Payment): Applied {
  const { standing } = payment;
  if (standing.status === "succeeded" || standing.status === "canceled") {
    const allowed = "requires_payment_method, requires_capture, requires_action";
    return unexpectedState(payment, "canceled", allowed);
  }
  const charge = standing.status === "requires_capture" ? standing.charge : null;
  return became(payment, { status: "canceled", charge });
}

function refund(payment: Payment, amount: number | null): Applied {
  const { standing } = payment;
  if (standing.status !== "succeeded") return unexpectedState(payment, "refunded", "succeeded");
  const left = standing.captured - standing.refunded;
  if (left === 0) {
    const message = `Charge ${standing.charge} has already been refunded.`;
    return refused(payment, invalidRequest(message, "charge_already_refunded"));
  }
  const refunded = amount ?? left;
  if (refunded > left) {
    const message = `Refund amount (${refunded}) is greater than unrefunded amount (${left}).`;
    return refused(payment, invalidRequest(message, "amount_too_large", "amount"));
  }
  const after = became(payment, { ...standing, refunded: standing.refunded + refunded });
  return { ...after, refunded };
}

function authenticate(payment: Payment, accepted: boolean, newCharge: string): Applied {
  if (payment.standing.status !== "requires_action") {
    return unexpectedState(payment, "authenticated", "requires_action");
  }
  return became(
    payment,
    accepted
      ? { status: "requires_capture", charge: newCharge }
      : { status: "requires_payment_method", refusal: AUTHENTICATION_REFUSED },
  );
}

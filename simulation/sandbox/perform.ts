/**
 * Carries out one call of the Stripe API on the payment it names.
 *
 * Guarantee: returns the payment to store and the response to send. Faults and idempotency keys are
 * not handled here but by the object. Pure: ids and time are arguments.
 */
import { type ApiError, noSuchPayment } from "./api-error.ts";
import { applyCommand, createPayment, type Payment } from "./payment.ts";
import { errorObject, paymentIntentObject, refundObject } from "./stripe-objects.ts";
import type { Call } from "./stripe-requests.ts";

export interface CallContext {
  readonly now: number;
  readonly origin: string;
  /** New ids; a call uses those it needs. */
  readonly newIds: { readonly payment: string; readonly charge: string; readonly refund: string };
}

export interface Performed {
  readonly status: number;
  readonly body: string;
  /** The payment to store, or null when nothing changed. */
  readonly changed: Payment | null;
}

/** `payment` is the one the call names, or null when there is none of that id. */
export function perform(call: Call, payment: Payment | null, context: CallContext): Performed {
  if (call.kind === "create") {
    const { amount, currency, order } = call;
    const wanted = { amount, currency, order };
    const created = createPayment(wanted, context.newIds.payment, context.now);
    return answerWith(created, call.expand, context, created);
  }
  if (payment === null) {
    const isRefund = call.kind === "command" && call.command.kind === "refund";
    return answerError(noSuchPayment(call.id, isRefund ? "payment_intent" : "intent"), null);
  }
  if (call.kind === "retrieve") return answerWith(payment, call.expand, context, null);
  const applied = applyCommand(payment, call.command, context.newIds.charge);
  const changed = applied.payment === payment ? null : applied.payment;
  if (applied.error !== null) return answerError(applied.error, changed);
  if (call.command.kind !== "refund") {
    return answerWith(applied.payment, call.expand, context, changed);
  }
  const { newIds, now } = context;
  const body = refundObject(applied.payment, applied.refunded, newIds.refund, now);
  return { status: 200, body: JSON.stringify(body), changed };
}

function answerWith(
  payment: Payment,
  expandCharge: boolean,
  { origin }: CallContext,
  changed: Payment | null,
): Performed {
  const body = JSON.stringify(paymentIntentObject(payment, { origin, expandCharge }));
  return { status: 200, body, changed };
}

export function answerError(error: ApiError, changed: Payment | null): Performed {
  return { status: error.status, body: JSON.stringify(errorObject(error)), changed };
}

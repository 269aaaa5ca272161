/**
 * Carries out the calls of the Stripe API on refunds and disputes.
 *
 * Guarantee: as of `perform.ts`.
 */
import { invalidRequest, noSuchPayment, notFound } from "./api-error.ts";
import { disputeObject, refundObject } from "./charge-objects.ts";
import type { Payment } from "./payment-schema.ts";
import {
  answerError,
  answerPage,
  answerWith,
  type CallContext,
  type Performed,
  type Records,
} from "./records.ts";
import { refundPayment } from "./refunds.ts";
import type { Call } from "./stripe-requests.ts";

type CallOf<Kind extends Call["kind"]> = Extract<Call, { readonly kind: Kind }>;

type RefundCall = CallOf<
  "create_refund" | "retrieve_refund" | "list_refunds" | "retrieve_dispute" | "list_disputes"
>;

export function performOnRefund(
  call: RefundCall,
  records: Records,
  context: CallContext,
): Performed {
  const { expand } = call.parameters;
  if (expand[0] !== undefined) {
    const message = `This property cannot be expanded (${expand[0]}).`;
    return answerError(invalidRequest(message, undefined, "expand"));
  }
  switch (call.kind) {
    case "create_refund":
      return create(call, records, context);
    case "retrieve_refund": {
      const payment = records.paymentWith(call.id);
      const refund = payment?.refunds.find(({ id }) => id === call.id);
      if (payment === null || refund === undefined) {
        return answerError(notFound("refund", call.id, "id"));
      }
      return answerWith(refundObject(payment, refund));
    }
    case "list_refunds":
      return list("/v1/refunds", call, records, (payment) => {
        return payment.refunds.map((refund) => refundObject(payment, refund));
      });
    case "retrieve_dispute": {
      const payment = records.paymentWith(call.id);
      const dispute = payment === null ? null : disputeObject(payment);
      if (dispute?.id !== call.id) return answerError(notFound("dispute", call.id, "dispute"));
      return answerWith(dispute);
    }
    case "list_disputes":
      return list("/v1/disputes", call, records, (payment) => {
        const dispute = disputeObject(payment);
        return dispute === null ? [] : [dispute];
      });
  }
}

function create(
  { parameters }: CallOf<"create_refund">,
  records: Records,
  context: CallContext,
): Performed {
  const { payment_intent, charge, amount, metadata, reason } = parameters;
  if (payment_intent === undefined && charge === undefined) {
    const message = "One of the following params should be provided: payment_intent or charge.";
    return answerError(invalidRequest(message, "parameter_missing"));
  }
  const payment =
    payment_intent === undefined
      ? records.paymentWith(charge ?? "")
      : records.payment(payment_intent);
  if (payment === null) {
    const error =
      payment_intent === undefined
        ? notFound("charge", charge ?? "", "charge")
        : noSuchPayment(payment_intent, "payment_intent");
    return answerError(error);
  }
  if (charge !== undefined && chargeOf(payment) !== charge) {
    const message = "The charge does not belong to the PaymentIntent.";
    return answerError(invalidRequest(message, undefined, "charge"));
  }
  const wanted = {
    id: context.newId("re"),
    amount: amount ?? null,
    reason: reason ?? null,
    metadata,
  };
  const refunded = refundPayment(payment, wanted, context.account, context.now);
  if (refunded.error !== null) return answerError(refunded.error);
  if (refunded.refund === null) throw new Error("a refund without an error is missing");
  const body = refundObject(refunded.payment, refunded.refund);
  return answerWith(body, { payment: refunded.payment });
}

function chargeOf({ standing }: Payment): string | null {
  return "charge" in standing ? standing.charge : null;
}

/** Newest first, as Stripe lists. */
function list(
  url: string,
  { parameters }: CallOf<"list_disputes" | "list_refunds">,
  records: Records,
  objectsOf: (payment: Payment) => readonly { readonly id: string; readonly created: number }[],
): Performed {
  const { payment_intent, charge } = parameters;
  const payments =
    payment_intent === undefined ? records.payments() : one(records.payment(payment_intent));
  if (payment_intent !== undefined && payments.length === 0) {
    return answerError(noSuchPayment(payment_intent, "payment_intent"));
  }
  const chosen =
    charge === undefined ? payments : payments.filter((each) => chargeOf(each) === charge);
  const objects = chosen.flatMap((payment) => objectsOf(payment).toReversed());
  return answerPage(
    url,
    objects.toSorted((a, b) => b.created - a.created),
    parameters,
  );
}

function one(payment: Payment | null): readonly Payment[] {
  return payment === null ? [] : [payment];
}

/**
 * Carries out one call of the Stripe API.
 *
 * Guarantee: returns what to store and the response to send. Faults and idempotency keys are not
 * handled here but by the object. Pure but for the ids, which the caller makes.
 */
import { type ApiError, invalidRequest, noSuchPayment, notFound, otherMode } from "./api-error.ts";
import { type ConfirmationToken, tokenRefusal } from "./confirmation-token.ts";
import { disputeOfCard } from "./disputes.ts";
import type { MethodType } from "./account.ts";
import { applyCommand, type Command, type Confirmation, createPayment } from "./payment.ts";
import { shippingOf } from "./payment-details.ts";
import type { Payment } from "./payment-schema.ts";
import { performOnDomain } from "./perform-domains.ts";
import { performOnRefund } from "./perform-refunds.ts";
import { performOnToken } from "./perform-tokens.ts";
import {
  answerError,
  answerWith,
  type CallContext,
  type Changes,
  type Performed,
  type Records,
} from "./records.ts";
import { paymentIntentObject, publicPaymentIntentObject } from "./stripe-objects.ts";
import type { Call } from "./stripe-requests.ts";

type CallOf<Kind extends Call["kind"]> = Extract<Call, { readonly kind: Kind }>;

export function perform(call: Call, records: Records, context: CallContext): Performed {
  switch (call.kind) {
    case "create_payment":
      return create(call, context);
    case "retrieve_payment":
      return retrieve(call, records, context);
    case "confirm_payment":
      return confirm(call, records, context);
    case "capture_payment": {
      const { amount_to_capture } = call.parameters;
      const command: Command = { kind: "capture", amount: amount_to_capture ?? null };
      return applyTo(call, records, context, command);
    }
    case "cancel_payment": {
      const { cancellation_reason } = call.parameters;
      const command: Command = { kind: "cancel", reason: cancellation_reason ?? null };
      return applyTo(call, records, context, command);
    }
    case "create_token":
    case "retrieve_token":
      return performOnToken(call, records, context);
    case "create_refund":
    case "retrieve_refund":
    case "list_refunds":
    case "retrieve_dispute":
    case "list_disputes":
      return performOnRefund(call, records, context);
    case "create_domain":
    case "retrieve_domain":
    case "update_domain":
    case "validate_domain":
    case "list_domains":
      return performOnDomain(call, records, context);
  }
}

const EXPANDABLE = new Set(["latest_charge", "latest_charge.refunds"]);

function expandRefusal(expand: readonly string[]): ApiError | null {
  const unknown = expand.find((path) => !EXPANDABLE.has(path));
  if (unknown === undefined) return null;
  const message = `This property cannot be expanded (${unknown}).`;
  return invalidRequest(message, undefined, "expand");
}

function create({ parameters }: CallOf<"create_payment">, context: CallContext): Performed {
  const types = typesOf(parameters, context.account.methods);
  if (!Array.isArray(types)) return answerError(types);
  const refusal = expandRefusal(parameters.expand);
  if (refusal !== null) return answerError(refusal);
  const { amount, currency, metadata = {} } = parameters;
  const id = context.newId("pi");
  const payment = createPayment(
    {
      amount,
      currency,
      metadata,
      order: metadata["order"] ?? null,
      types,
      isAutomatic: parameters.allowed_payment_method_types === undefined,
      description: parameters.description ?? null,
      receiptEmail: parameters.receipt_email ?? null,
      statementSuffix: parameters.statement_descriptor_suffix ?? null,
      shipping: shippingOf(parameters.shipping),
    },
    { id, clientSecret: `${id}_${context.newId("secret")}` },
    context.now,
  );
  return answerIntent(payment, parameters.expand, context, { payment });
}

const NO_METHODS = invalidRequest(
  "No valid payment method types for this Payment Intent. Please ensure that you have activated " +
    "payment methods compatible with your chosen currency in your dashboard " +
    "(https://dashboard.stripe.com/settings/payment_methods).",
  "payment_intent_invalid_parameter",
  "allowed_payment_method_types",
);

/**
 * The account decides, and a shop can restrict it. Types that the account has not enabled are left
 * out in silence; only when none is left is it an error.
 */
function typesOf(
  {
    allowed_payment_method_types: allowed,
    automatic_payment_methods: automatic,
  }: {
    readonly allowed_payment_method_types?: readonly string[] | undefined;
    readonly automatic_payment_methods?: { readonly enabled: boolean } | undefined;
  },
  enabled: readonly MethodType[],
): MethodType[] | ApiError {
  if (allowed !== undefined && automatic !== undefined) {
    const message =
      "You may only specify one of these parameters: allowed_payment_method_types, " +
      "automatic_payment_methods.";
    return invalidRequest(message, "parameters_exclusive", "allowed_payment_method_types");
  }
  const types = enabled.filter((type) => allowed === undefined || allowed.includes(type));
  return types.length === 0 ? NO_METHODS : types;
}

function retrieve(
  { id, parameters }: CallOf<"retrieve_payment">,
  records: Records,
  context: CallContext,
): Performed {
  const payment = records.payment(id);
  if (payment === null) return answerError(noSuchPayment(id, "intent"));
  if (context.by === "secret") return answerIntent(payment, parameters.expand, context);
  if (context.isLive) {
    return answerError(notFound("payment_intent", id, "intent", otherMode(false)));
  }
  if (parameters.client_secret === undefined) {
    const message = "You must provide the client_secret of the PaymentIntent.";
    return answerError(invalidRequest(message, "parameter_missing", "client_secret"));
  }
  if (parameters.client_secret !== payment.clientSecret) {
    const message =
      "The client_secret provided does not match the client_secret associated with the " +
      "PaymentIntent.";
    return answerError(
      invalidRequest(message, "payment_intent_invalid_parameter", "client_secret"),
    );
  }
  return answerWith(publicPaymentIntentObject(payment, context.origin));
}

function confirm(
  call: CallOf<"confirm_payment">,
  records: Records,
  context: CallContext,
): Performed {
  const { payment_method, confirmation_token, return_url, use_stripe_sdk } = call.parameters;
  if (confirmation_token === undefined) {
    return applyTo(call, records, context, {
      kind: "confirm",
      method: payment_method ?? null,
      returnUrl: return_url ?? null,
      useStripeSdk: hasDialog(use_stripe_sdk ?? false, context),
    });
  }
  if (payment_method !== undefined) {
    const message =
      "You may only specify one of these parameters: confirmation_token, payment_method.";
    return answerError(invalidRequest(message, "parameters_exclusive", "confirmation_token"));
  }
  const token = records.token(confirmation_token);
  const refusal = tokenRefusal(token, confirmation_token, context.now);
  if (token === null || refusal !== null) {
    return answerError(
      refusal ?? notFound("confirmation_token", confirmation_token, "confirmation_token"),
    );
  }
  const confirmation: Confirmation = {
    kind: "confirm",
    method: context.newId("pm"),
    instrument: token.instrument,
    billing: token.billing,
    returnUrl: return_url ?? token.returnUrl,
    // Tokens are made by Stripe.js, which can show the dialog, unless the shop says otherwise.
    useStripeSdk: hasDialog(use_stripe_sdk ?? true, context),
  };
  return applyTo(call, records, context, confirmation, token);
}

function hasDialog(isWanted: boolean, { account }: CallContext): boolean {
  return isWanted && account.authentication === "as_requested";
}

interface OnPayment {
  readonly id: string;
  readonly parameters: { readonly expand: readonly string[] };
}

/** @param token the confirmation token that a changed payment has used up */
function applyTo(
  { id, parameters }: OnPayment,
  records: Records,
  context: CallContext,
  command: Command,
  token: ConfirmationToken | null = null,
): Performed {
  const payment = records.payment(id);
  if (payment === null) return answerError(noSuchPayment(id, "intent"));
  const refusal = expandRefusal(parameters.expand);
  if (refusal !== null) return answerError(refusal);
  const { now } = context;
  const applied = applyCommand(payment, command, { charge: context.newId("ch"), now });
  const after =
    command.kind === "capture" && applied.error === null
      ? disputeOfCard(applied.payment, context.newId("du"), now)
      : withTokenShipping(applied.payment, token);
  const isChanged = applied.payment !== payment;
  const changed: Changes = {
    ...(isChanged ? { payment: after } : {}),
    ...(isChanged && token !== null ? { token: { ...token, usedFor: id } } : {}),
  };
  if (applied.error === null) return answerIntent(after, parameters.expand, context, changed);
  const intent = paymentIntentObject(after, { origin: context.origin, expand: [] });
  return answerError(applied.error, changed, intent);
}

/** A confirmation writes the token's shipping onto the payment, where it has none. */
function withTokenShipping(payment: Payment, token: ConfirmationToken | null): Payment {
  if (token === null || token.shipping === null || payment.shipping !== null) return payment;
  return { ...payment, shipping: token.shipping };
}

function answerIntent(
  payment: Payment,
  expand: readonly string[],
  { origin }: CallContext,
  changed: Changes = {},
): Performed {
  const refusal = expandRefusal(expand);
  if (refusal !== null) return answerError(refusal);
  return answerWith(paymentIntentObject(payment, { origin, expand }), changed);
}

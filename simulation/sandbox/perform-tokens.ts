/**
 * Carries out the calls of the Stripe API on confirmation tokens.
 *
 * Guarantee: a number that is not that of a test card is refused before anything is stored.
 */
import { WALLETS } from "./account.ts";
import { type ApiError, cardError, invalidRequest, notFound } from "./api-error.ts";
import { createToken } from "./confirmation-token.ts";
import { type Instrument, instrumentOfType, instrumentOfWallet } from "./instrument.ts";
import { addressOf, shippingOf } from "./payment-details.ts";
import {
  answerError,
  answerWith,
  type CallContext,
  type Performed,
  type Records,
} from "./records.ts";
import { tokenObject } from "./stripe-objects.ts";
import type { Call } from "./stripe-requests.ts";
import { cardOf, hasCheckDigit } from "./test-cards.ts";

type CallOf<Kind extends Call["kind"]> = Extract<Call, { readonly kind: Kind }>;
type MethodData = CallOf<"create_token">["parameters"]["payment_method_data"];

export function performOnToken(
  call: CallOf<"create_token" | "retrieve_token">,
  records: Records,
  context: CallContext,
): Performed {
  if (call.kind === "create_token") return create(call, context);
  const token = records.token(call.id);
  if (token === null) return answerError(notFound("confirmation_token", call.id, "id"));
  return answerWith(tokenObject(token));
}

function create({ parameters }: CallOf<"create_token">, context: CallContext): Performed {
  const { payment_method_data: data, shipping, return_url, capture_method } = parameters;
  const instrument = instrumentOf(data, context);
  if ("status" in instrument) return answerError(instrument);
  const { address = {}, email = null, name = null, phone = null } = data.billing_details;
  const token = createToken(
    {
      isLive: context.isLive,
      instrument,
      billing: { address: addressOf(address), email, name, phone },
      shipping: shippingOf(shipping),
      returnUrl: return_url ?? null,
      captureMethod: capture_method ?? null,
    },
    context.newId("ctoken"),
    context.now,
  );
  return answerWith(tokenObject(token), { token });
}

function instrumentOf(data: MethodData, { account, now }: CallContext): Instrument | ApiError {
  const type = account.methods.find((each) => each === data.type);
  if (type === undefined) return notEnabled(data.type);
  if (type !== "card") return instrumentOfType(type);
  if (data.wallet !== undefined) {
    const wallet = WALLETS.find((each) => each === data.wallet && each !== "link");
    return wallet === undefined ? notEnabled(data.wallet) : instrumentOfWallet(wallet);
  }
  if (data.card === undefined) {
    const name = "payment_method_data[card]";
    return invalidRequest(`Missing required param: ${name}.`, "parameter_missing", name);
  }
  return instrumentOfCard(data.card, now);
}

function notEnabled(type: string): ApiError {
  const message = `The payment method type "${type}" is not enabled for this account.`;
  const param = "payment_method_data[type]";
  return invalidRequest(message, "payment_method_unactivated", param);
}

/** https://docs.stripe.com/error-codes: what is wrong with the card that was entered. */
function instrumentOfCard(
  { number: typed, exp_month, exp_year, cvc }: NonNullable<MethodData["card"]>,
  now: number,
): Instrument | ApiError {
  const number = typed.replaceAll(/[\s-]/g, "");
  const wrong = (code: string, param: string, message: string): ApiError => {
    return cardError({ code, decline_code: null, message, param });
  };
  if (!/^\d{12,19}$/.test(number)) {
    return wrong("invalid_number", "number", "The card number is not a valid credit card number.");
  }
  if (!hasCheckDigit(number)) {
    return wrong("incorrect_number", "number", "Your card number is incorrect.");
  }
  if (exp_month < 1 || exp_month > 12) {
    return wrong("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.");
  }
  const expYear = exp_year < 100 ? exp_year + 2000 : exp_year;
  if (Date.UTC(expYear, exp_month) <= now) {
    return wrong("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.");
  }
  const card = cardOf(number);
  if (!(card?.brand === "amex" ? /^\d{3,4}$/ : /^\d{3}$/).test(cvc)) {
    return wrong("invalid_cvc", "cvc", "Your card's security code is invalid.");
  }
  if (card === null) {
    const message =
      "Your card was declined. Your request was in test mode, but used a non test card. " +
      "For a list of valid test cards, visit: https://docs.stripe.com/testing.";
    return cardError({ code: "card_declined", decline_code: "test_mode_live_card", message });
  }
  return { type: "card", number, wallet: null, expMonth: exp_month, expYear };
}

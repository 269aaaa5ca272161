/**
 * The sandbox's errors, with Stripe's types, codes and shape.
 *
 * Source: https://docs.stripe.com/api/errors and https://docs.stripe.com/error-codes. Messages are
 * for people who read a log; no code may match on them.
 */

export interface ApiError {
  readonly status: number;
  readonly type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
}

/** Why a card was refused. Also stored with the payment, as its last error. */
export interface CardRefusal {
  readonly code: string;
  /** Null where Stripe documents none, as for an expired card. */
  readonly decline_code: string | null;
  readonly message: string;
}

export function invalidRequest(message: string, code?: string, param?: string): ApiError {
  return {
    status: 400,
    type: "invalid_request_error",
    message,
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
  };
}

export function cardError(refusal: CardRefusal): ApiError {
  const { code, decline_code, message } = refusal;
  const shared = { status: 402, type: "card_error" as const, code, message };
  return decline_code === null ? shared : { ...shared, decline_code };
}

export function noSuchPayment(id: string, param: "intent" | "payment_intent"): ApiError {
  const message = `No such payment_intent: '${id}'`;
  return { ...invalidRequest(message, "resource_missing", param), status: 404 };
}

export const BROKEN: ApiError = {
  status: 500,
  type: "api_error",
  message: "An unknown error occurred at the sandbox (a fault switched on by PUT /sandbox/faults).",
};

export const TOO_MANY: ApiError = {
  ...invalidRequest("Request rate limit exceeded.", "rate_limit"),
  status: 429,
};

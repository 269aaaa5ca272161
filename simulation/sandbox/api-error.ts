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
  /** The field of the card that was wrong, where one was. */
  readonly param?: string;
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
  const { decline_code, ...fields } = refusal;
  const shared = { status: 402, type: "card_error" as const, ...fields };
  return decline_code === null ? shared : { ...shared, decline_code };
}

export function noSuchPayment(id: string, param: "intent" | "payment_intent"): ApiError {
  return notFound("payment_intent", id, param);
}

/** `why` continues the sentence, for an object that exists but may not be used. */
export function notFound(kind: string, id: string, param: string, why = ""): ApiError {
  const message = `No such ${kind}: '${id}'${why}`;
  return { ...invalidRequest(message, "resource_missing", param), status: 404 };
}

export function otherMode(isLive: boolean): string {
  const [theirs, ours] = isLive ? ["live", "test"] : ["test", "live"];
  return (
    `; a similar object exists in ${theirs} mode, but a ${ours} mode key was used to make this ` +
    "request."
  );
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

export const KEY_REFUSED: ApiError = {
  ...invalidRequest("Invalid API Key provided (a key refused by PUT /sandbox/account)."),
  status: 401,
};

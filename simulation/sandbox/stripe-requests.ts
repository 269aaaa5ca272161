/**
 * Parses a request to the Stripe API: a call that the sandbox can carry out, or Stripe's error.
 *
 * Guarantee: a request refused here has no effect and is not remembered under its idempotency key,
 * as in Stripe's API for requests that fail validation. Pure.
 */
import type { z } from "zod";
import { amountRefusal } from "./amount-refusal.ts";
import { type ApiError, invalidRequest } from "./api-error.ts";
import { type Form, parseForm } from "./form.ts";
import {
  Cancel,
  Capture,
  Confirm,
  CreateDomain,
  CreatePayment,
  CreateRefund,
  CreateToken,
  ListDomains,
  ListOfPayment,
  parameterError,
  Retrieve,
  RetrievePayment,
  UpdateDomain,
} from "./stripe-parameters.ts";

type Parameters<Schema extends z.ZodType> = { readonly parameters: z.output<Schema> };
type OfObject<Schema extends z.ZodType> = Parameters<Schema> & { readonly id: string };

export type Call =
  | ({ readonly kind: "create_payment" } & Parameters<typeof CreatePayment>)
  | ({ readonly kind: "retrieve_payment" } & OfObject<typeof RetrievePayment>)
  | ({ readonly kind: "confirm_payment" } & OfObject<typeof Confirm>)
  | ({ readonly kind: "capture_payment" } & OfObject<typeof Capture>)
  | ({ readonly kind: "cancel_payment" } & OfObject<typeof Cancel>)
  | ({ readonly kind: "create_refund" } & Parameters<typeof CreateRefund>)
  | ({ readonly kind: "retrieve_refund" } & OfObject<typeof Retrieve>)
  | ({ readonly kind: "list_refunds" } & Parameters<typeof ListOfPayment>)
  | ({ readonly kind: "retrieve_dispute" } & OfObject<typeof Retrieve>)
  | ({ readonly kind: "list_disputes" } & Parameters<typeof ListOfPayment>)
  | ({ readonly kind: "create_token" } & Parameters<typeof CreateToken>)
  | ({ readonly kind: "retrieve_token" } & OfObject<typeof Retrieve>)
  | ({ readonly kind: "create_domain" } & Parameters<typeof CreateDomain>)
  | ({ readonly kind: "retrieve_domain" } & OfObject<typeof Retrieve>)
  | ({ readonly kind: "update_domain" } & OfObject<typeof UpdateDomain>)
  | ({ readonly kind: "validate_domain" } & OfObject<typeof Retrieve>)
  | ({ readonly kind: "list_domains" } & Parameters<typeof ListDomains>);

export type ReadCall =
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "refused"; readonly error: ApiError };

/** Who may make a call: the shop's server, the shopper's browser, or both. */
type Caller = "secret" | "publishable" | "either";

interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly caller: Caller;
  readonly read: (id: string, form: Form) => ReadCall;
}

/** One route; `build` makes the call of an id and of parameters that have been checked. */
function route<Schema extends z.ZodType>(
  method: "GET" | "POST",
  path: string,
  schema: Schema,
  build: (id: string, parameters: z.output<Schema>) => Call,
  caller: Caller = "secret",
): Route {
  return {
    method,
    path: new RegExp(`^/v1/${path.replaceAll(":id", String.raw`(\w+)`)}$`),
    caller,
    read: (id, form) => {
      const parsed = schema.safeParse(form);
      if (!parsed.success) return refusedWith(parameterError(form, parsed.error));
      return { kind: "call", call: build(id, parsed.data) };
    },
  };
}

/** The routes of Stripe's API that the sandbox has. */
const ROUTES: readonly Route[] = [
  route("POST", "payment_intents", CreatePayment, (_, parameters) => {
    return { kind: "create_payment", parameters };
  }),
  route(
    "GET",
    "payment_intents/:id",
    RetrievePayment,
    (id, parameters) => ({ kind: "retrieve_payment", id, parameters }),
    "either",
  ),
  route("POST", "payment_intents/:id/confirm", Confirm, (id, parameters) => {
    return { kind: "confirm_payment", id, parameters };
  }),
  route("POST", "payment_intents/:id/capture", Capture, (id, parameters) => {
    return { kind: "capture_payment", id, parameters };
  }),
  route("POST", "payment_intents/:id/cancel", Cancel, (id, parameters) => {
    return { kind: "cancel_payment", id, parameters };
  }),
  route("POST", "refunds", CreateRefund, (_, parameters) => {
    return { kind: "create_refund", parameters };
  }),
  route("GET", "refunds", ListOfPayment, (_, parameters) => {
    return { kind: "list_refunds", parameters };
  }),
  route("GET", "refunds/:id", Retrieve, (id, parameters) => {
    return { kind: "retrieve_refund", id, parameters };
  }),
  route("GET", "disputes", ListOfPayment, (_, parameters) => {
    return { kind: "list_disputes", parameters };
  }),
  route("GET", "disputes/:id", Retrieve, (id, parameters) => {
    return { kind: "retrieve_dispute", id, parameters };
  }),
  route(
    "POST",
    "confirmation_tokens",
    CreateToken,
    (_, parameters) => ({ kind: "create_token", parameters }),
    "publishable",
  ),
  route("GET", "confirmation_tokens/:id", Retrieve, (id, parameters) => {
    return { kind: "retrieve_token", id, parameters };
  }),
  route("POST", "payment_method_domains", CreateDomain, (_, parameters) => {
    return { kind: "create_domain", parameters };
  }),
  route("GET", "payment_method_domains", ListDomains, (_, parameters) => {
    return { kind: "list_domains", parameters };
  }),
  route("GET", "payment_method_domains/:id", Retrieve, (id, parameters) => {
    return { kind: "retrieve_domain", id, parameters };
  }),
  route("POST", "payment_method_domains/:id", UpdateDomain, (id, parameters) => {
    return { kind: "update_domain", id, parameters };
  }),
  route("POST", "payment_method_domains/:id/validate", Retrieve, (id, parameters) => {
    return { kind: "validate_domain", id, parameters };
  }),
];

export function readCall(
  method: string,
  path: string,
  parameters: readonly (readonly [string, string])[],
  by: "secret" | "publishable" = "secret",
): ReadCall {
  for (const { method: routeMethod, path: pattern, caller, read } of ROUTES) {
    const match = pattern.exec(path);
    if (match === null || method !== routeMethod) continue;
    if (caller !== "either" && caller !== by) return refusedWith(WRONG_KEY[by]);
    const form = parseForm(parameters);
    if (form === null) return refusedWith(invalidRequest("Invalid request parameters."));
    return checkAmount(read(match[1] ?? "", form));
  }
  const message = `Unrecognized request URL (${method}: ${path}).`;
  return refusedWith({ ...invalidRequest(message), status: 404 });
}

/** The amount of a payment is checked with its currency. */
function checkAmount(read: ReadCall): ReadCall {
  if (read.kind !== "call" || read.call.kind !== "create_payment") return read;
  const { amount, currency } = read.call.parameters;
  const refusal = amountRefusal(amount, currency);
  return refusal === null ? read : refusedWith(refusal);
}

const WRONG_KEY: Record<"secret" | "publishable", ApiError> = {
  publishable: {
    ...invalidRequest(
      "This API call cannot be made with a publishable API key. Please use a secret API key. " +
        "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
      "secret_key_required",
    ),
    status: 403,
  },
  secret: {
    ...invalidRequest("This API call can only be made by Stripe.js, with a publishable key."),
    status: 403,
  },
};

function refusedWith(error: ApiError): ReadCall {
  return { kind: "refused", error };
}

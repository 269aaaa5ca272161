/**
 * Parses a request to the Stripe API: a call that the sandbox can carry out, or Stripe's error.
 *
 * Guarantee: a request refused here has no effect and is not remembered under its idempotency key,
 * as in Stripe's API for requests that fail validation. Pure.
 */
import { z } from "zod";
import { type ApiError, invalidRequest } from "./api-error.ts";
import { type Form, parseForm } from "./form.ts";
import type { Command } from "./payment.ts";

export type Call =
  | {
      readonly kind: "create";
      readonly amount: number;
      readonly currency: string;
      readonly order: string | null;
      readonly expand: boolean;
    }
  | { readonly kind: "retrieve"; readonly id: string; readonly expand: boolean }
  | {
      readonly kind: "command";
      readonly id: string;
      readonly command: Command;
      readonly expand: boolean;
    };

export type ReadCall =
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "refused"; readonly error: ApiError };

/** Stripe accepts amounts of at most eight digits. */
const Amount = z
  .string()
  .regex(/^\d{1,8}$/)
  .transform(Number)
  .pipe(z.int().min(1));

const Expand = z.array(z.literal("latest_charge")).max(1).optional();

const Create = z.strictObject({
  amount: Amount,
  currency: z.string().regex(/^[a-z]{3}$/),
  capture_method: z.literal("manual"),
  payment_method_types: z.tuple([z.literal("card")]),
  metadata: z.record(z.string().max(40), z.string().max(500)).optional(),
  expand: Expand,
});

const Confirm = z.strictObject({
  payment_method: z.string().min(1).max(255).optional(),
  return_url: z.url({ protocol: /^https?$/ }).optional(),
  expand: Expand,
});

const Capture = z.strictObject({ amount_to_capture: Amount.optional(), expand: Expand });

const Cancel = z.strictObject({
  cancellation_reason: z
    .enum(["duplicate", "fraudulent", "requested_by_customer", "abandoned"])
    .optional(),
  expand: Expand,
});

const Refund = z.strictObject({
  payment_intent: z.string().min(1).max(255),
  amount: Amount.optional(),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
});

const Retrieve = z.strictObject({ expand: Expand });

type Reader = (id: string, form: Form) => ReadCall;

/** The routes of Stripe's API that the sandbox has. */
const ROUTES: readonly (readonly [method: string, path: RegExp, reader: Reader])[] = [
  ["POST", /^\/v1\/payment_intents$/, readCreate],
  ["GET", /^\/v1\/payment_intents\/(\w+)$/, readRetrieve],
  ["POST", /^\/v1\/payment_intents\/(\w+)\/confirm$/, readConfirm],
  ["POST", /^\/v1\/payment_intents\/(\w+)\/capture$/, readCapture],
  ["POST", /^\/v1\/payment_intents\/(\w+)\/cancel$/, readCancel],
  ["POST", /^\/v1\/refunds$/, readRefund],
];

export function readCall(
  method: string,
  path: string,
  parameters: readonly (readonly [string, string])[],
): ReadCall {
  for (const [routeMethod, pattern, reader] of ROUTES) {
    const match = pattern.exec(path);
    if (match === null || method !== routeMethod) continue;
    const form = parseForm(parameters);
    if (form === null) return refusedWith(invalidRequest("Invalid request parameters."));
    return reader(match[1] ?? "", form);
  }
  const message = `Unrecognized request URL (${method}: ${path}).`;
  return refusedWith({ ...invalidRequest(message), status: 404 });
}

function refusedWith(error: ApiError): ReadCall {
  return { kind: "refused", error };
}

/** Parses the parameters and builds the call; the error names the first invalid parameter. */
function read<T>(schema: z.ZodType<T>, form: Form, build: (parameters: T) => Call): ReadCall {
  const parsed = schema.safeParse(form);
  if (!parsed.success) return refusedWith(parameterError(form, parsed.error));
  return { kind: "call", call: build(parsed.data) };
}

function parameterError(form: Form, error: z.ZodError): ApiError {
  const issue = error.issues[0];
  if (issue?.code === "unrecognized_keys") {
    const name = bracketed([...issue.path, issue.keys[0] ?? ""]);
    return invalidRequest(`Received unknown parameter: ${name}`, "parameter_unknown", name);
  }
  const path = issue?.path ?? [];
  const name = bracketed(path);
  const missing = path.length === 1 && !(String(path[0]) in form);
  if (missing) return invalidRequest(`Missing required param: ${name}.`, "parameter_missing", name);
  return invalidRequest(`Invalid ${name}: ${issue?.message ?? ""}`, "parameter_invalid", name);
}

function bracketed(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  return `${first ?? ""}${rest.map((name) => `[${name}]`).join("")}`;
}

function readCreate(_id: string, form: Form): ReadCall {
  return read(Create, form, ({ amount, currency, metadata, expand }) => {
    const order = metadata?.["order"] ?? null;
    return { kind: "create", amount, currency, order, expand: expand !== undefined };
  });
}

function readRetrieve(id: string, form: Form): ReadCall {
  return read(Retrieve, form, ({ expand }) => {
    return { kind: "retrieve", id, expand: expand !== undefined };
  });
}

function readConfirm(id: string, form: Form): ReadCall {
  return read(Confirm, form, ({ payment_method, return_url, expand }) => {
    const method = payment_method ?? null;
    const command: Command = { kind: "confirm", method, returnUrl: return_url ?? null };
    return { kind: "command", id, command, expand: expand !== undefined };
  });
}

function readCapture(id: string, form: Form): ReadCall {
  return read(Capture, form, ({ amount_to_capture, expand }) => {
    const command: Command = { kind: "capture", amount: amount_to_capture ?? null };
    return { kind: "command", id, command, expand: expand !== undefined };
  });
}

function readCancel(id: string, form: Form): ReadCall {
  return read(Cancel, form, ({ expand }) => {
    return { kind: "command", id, command: { kind: "cancel" }, expand: expand !== undefined };
  });
}

function readRefund(_id: string, form: Form): ReadCall {
  return read(Refund, form, ({ payment_intent, amount }) => {
    const command: Command = { kind: "refund", amount: amount ?? null };
    return { kind: "command", id: payment_intent, command, expand: false };
  });
}

/**
 * The parameters of the Stripe API that the sandbox takes, as schemas of form values.
 *
 * Guarantee: what is not named here is refused as unknown, as by Stripe. Pure.
 *
 * Sources: https://docs.stripe.com/api/payment_intents/create and the pages beside it.
 */
import { z } from "zod";
import { COUNTRIES } from "../../src/domain/checkout/countries.ts";
import { type ApiError, invalidRequest } from "./api-error.ts";
import type { Form } from "./form.ts";

/** A number as form text; Stripe's code for anything else is `parameter_invalid_integer`. */
const Integer = z.string().regex(/^-?\d+$/, { error: "Must be an integer", abort: true });

/** Twelve digits are the most for any currency; `amountRefusal` knows each currency's maximum. */
const AMOUNT_MAX = 999_999_999_999;
const Amount = Integer.transform(Number).pipe(
  z.int().min(1, "Must be at least 1").max(AMOUNT_MAX, `Amount must be no more than ${AMOUNT_MAX}`),
);

const Flag = z.enum(["true", "false"]).transform((value) => value === "true");
const Id = z.string().min(1).max(255);
const ReturnUrl = z.url({ protocol: /^https?$/ });

/** https://docs.stripe.com/api/metadata */
const METADATA_KEYS_MAX = 50;
const Metadata = z
  .record(z.string().max(40), z.string().max(500))
  .refine((metadata) => Object.keys(metadata).length <= METADATA_KEYS_MAX, {
    error: `Metadata can have at most ${METADATA_KEYS_MAX} keys`,
  });

/** An empty text removes a value at Stripe; where there is none yet it has no effect. */
const Text = z
  .string()
  .max(5000)
  .transform((text) => (text === "" ? null : text));

const Email = z
  .string()
  .regex(/^[^\s@]+@[^\s@]+$/, "Invalid email address")
  .max(800);

/** https://docs.stripe.com/get-started/account/statement-descriptors */
const StatementSuffix = z
  .string()
  .min(1)
  .max(22)
  .regex(/^[^<>\\'"*]*\p{L}[^<>\\'"*]*$/u, {
    error: "Must contain a letter and none of the characters < > \\ ' \" *",
  });

/** Messages as Stripe's, which ends with where to find the codes; it has no code for this error. */
const Country = z.string().refine((code) => code === "" || COUNTRIES.includes(code), {
  error: ({ input }) =>
    `Country '${String(input)}' is unknown. Try using a 2-character alphanumeric country code ` +
    "instead, such as 'US', 'EG', or 'GB'.",
});

const Address = z.strictObject({
  city: Text.optional(),
  country: Country.transform((code) => (code === "" ? null : code)).optional(),
  line1: Text.optional(),
  line2: Text.optional(),
  postal_code: Text.optional(),
  state: Text.optional(),
});

const Shipping = z.strictObject({
  address: Address,
  carrier: Text.optional(),
  name: z.string().min(1),
  phone: Text.optional(),
  tracking_number: Text.optional(),
});

const Expand = z.array(z.string()).max(20).default([]);
const Page = {
  limit: Integer.transform(Number).pipe(z.int().min(1).max(100)).default(10),
  starting_after: Id.optional(),
  ending_before: Id.optional(),
  expand: Expand,
};

export const CreatePayment = z.strictObject({
  amount: Amount,
  currency: z.string().regex(/^[a-z]{3}$/, "Must be a currency code in lower case"),
  capture_method: z.literal("manual"),
  allowed_payment_method_types: z.array(z.string().min(1)).min(1).optional(),
  automatic_payment_methods: z
    .strictObject({ enabled: z.literal("true"), allow_redirects: z.literal("always").optional() })
    .transform(() => ({ enabled: true }))
    .optional(),
  description: z.string().min(1).max(1000).optional(),
  metadata: Metadata.optional(),
  receipt_email: Email.optional(),
  shipping: Shipping.optional(),
  statement_descriptor_suffix: StatementSuffix.optional(),
  expand: Expand,
});

export const Confirm = z.strictObject({
  payment_method: Id.optional(),
  confirmation_token: Id.optional(),
  return_url: ReturnUrl.optional(),
  use_stripe_sdk: Flag.optional(),
  expand: Expand,
});

export const Capture = z.strictObject({ amount_to_capture: Amount.optional(), expand: Expand });

export const Cancel = z.strictObject({
  cancellation_reason: z
    .enum(["duplicate", "fraudulent", "requested_by_customer", "abandoned"])
    .optional(),
  expand: Expand,
});

export const RetrievePayment = z.strictObject({ client_secret: Id.optional(), expand: Expand });

export const Retrieve = z.strictObject({ expand: Expand });

export const CreateRefund = z.strictObject({
  payment_intent: Id.optional(),
  charge: Id.optional(),
  amount: Amount.optional(),
  metadata: Metadata.default({}),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  expand: Expand,
});

/** Refunds and disputes are listed alike. */
export const ListOfPayment = z.strictObject({
  payment_intent: Id.optional(),
  charge: Id.optional(),
  ...Page,
});

const BillingDetails = z.strictObject({
  // Stripe takes an empty text here for a mistake: "... cannot be unset".
  address: Address.extend({ country: Country.min(1).optional() }).optional(),
  email: Text.optional(),
  name: Text.optional(),
  phone: Text.optional(),
});

/** What the stand-in for Stripe.js sends. A wallet has no number to send. */
export const CreateToken = z.strictObject({
  payment_method_data: z.strictObject({
    type: z.string(),
    billing_details: BillingDetails.prefault({}),
    card: z
      .strictObject({
        number: z.string().max(32),
        exp_month: Integer.transform(Number),
        exp_year: Integer.transform(Number),
        cvc: z.string().max(8),
      })
      .optional(),
    wallet: z.string().optional(),
  }),
  shipping: Shipping.optional(),
  return_url: ReturnUrl.optional(),
  capture_method: z.enum(["manual", "automatic", "automatic_async"]).optional(),
});

export const CreateDomain = z.strictObject({
  domain_name: z.string().min(1).max(253),
  enabled: Flag.default(true),
  expand: Expand,
});

export const UpdateDomain = z.strictObject({ enabled: Flag.optional(), expand: Expand });

export const ListDomains = z.strictObject({
  domain_name: z.string().optional(),
  enabled: Flag.optional(),
  ...Page,
});

/** Stripe's error for the first parameter that is wrong. */
export function parameterError(form: Form, error: z.ZodError): ApiError {
  const issue = error.issues[0];
  if (issue?.code === "unrecognized_keys") {
    const name = bracketed([...issue.path, issue.keys[0] ?? ""]);
    if (name === "payment_method_types") return TYPES_REMOVED;
    return invalidRequest(`Received unknown parameter: ${name}`, "parameter_unknown", name);
  }
  const path = issue?.path ?? [];
  const name = bracketed(path);
  const value = valueAt(form, path);
  if (value === undefined) {
    return invalidRequest(`Missing required param: ${name}.`, "parameter_missing", name);
  }
  const last = String(path.at(-1));
  const isUnknownCountry = last === "country" && value !== "";
  const why = issue?.message ?? "";
  const message = isUnknownCountry ? why : `Invalid ${name}: ${why}`;
  return invalidRequest(message, codeFor(last, value), name);
}

/**
 * Removed with the version 2026-09-30.endive, after which the SDK pins its versions:
 * https://docs.stripe.com/changelog/endive/2026-09-30.
 */
const TYPES_REMOVED = invalidRequest(
  "The payment_method_types parameter is no longer supported. Use allowed_payment_method_types " +
    "or dynamic payment methods.",
  "payment_method_types_no_longer_supported",
  "payment_method_types",
);

const AMOUNTS = new Set(["amount", "amount_to_capture"]);

/** The codes of https://docs.stripe.com/error-codes; a value of the wrong kind has none. */
function codeFor(name: string, value: unknown): string | undefined {
  if (value === "") return "parameter_invalid_empty";
  if (name === "receipt_email") return "email_invalid";
  if (AMOUNTS.has(name)) {
    return /^\d{13,}$/.test(String(value)) ? "amount_too_large" : "parameter_invalid_integer";
  }
  return name === "limit" ? "parameter_invalid_integer" : undefined;
}

function valueAt(form: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = form;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function bracketed(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  return `${first ?? ""}${rest.map((name) => `[${name}]`).join("")}`;
}

/**
 * The stored form of a payment, with its refunds and its dispute.
 *
 * Guarantee: payments that an earlier sandbox stored can still be read, because every field that
 * came later has a default.
 */
import { z } from "zod";
import { METHOD_TYPES } from "./account.ts";
import { Instrument } from "./instrument.ts";

const Refusal = z.strictObject({
  code: z.string(),
  decline_code: z.string().nullable(),
  message: z.string(),
  param: z.string().exactOptional(),
});

const Standing = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("requires_payment_method"), refusal: Refusal.nullable() }),
  /** `dialog`: Stripe.js asks the shopper in the shop's page (`use_stripe_sdk`). */
  z.strictObject({
    status: z.literal("requires_action"),
    returnUrl: z.string().nullable(),
    where: z.enum(["redirect", "dialog"]).default("redirect"),
  }),
  z.strictObject({ status: z.literal("requires_capture"), charge: z.string() }),
  z.strictObject({
    status: z.literal("succeeded"),
    charge: z.string(),
    captured: z.int().min(1),
    /** The sum of the refunds that are not failed. */
    refunded: z.int().min(0),
  }),
  /** `charge` is null when the payment was cancelled before it was authorized. */
  z.strictObject({
    status: z.literal("canceled"),
    charge: z.string().nullable(),
    reason: z.string().nullable().default(null),
  }),
]);

export const Address = z.strictObject({
  city: z.string().nullable().default(null),
  country: z.string().nullable().default(null),
  line1: z.string().nullable().default(null),
  line2: z.string().nullable().default(null),
  postal_code: z.string().nullable().default(null),
  state: z.string().nullable().default(null),
});

export const Shipping = z.strictObject({
  address: Address,
  carrier: z.string().nullable().default(null),
  name: z.string(),
  phone: z.string().nullable().default(null),
  tracking_number: z.string().nullable().default(null),
});

export const BillingDetails = z.strictObject({
  address: Address.prefault({}),
  email: z.string().nullable().default(null),
  name: z.string().nullable().default(null),
  phone: z.string().nullable().default(null),
});

export const Metadata = z.record(z.string(), z.string());

export const Refund = z.strictObject({
  id: z.string(),
  amount: z.int().min(1),
  status: z.enum(["pending", "succeeded", "failed"]),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).nullable(),
  metadata: Metadata,
  failureReason: z.string().nullable(),
  createdAt_ms: z.int(),
  /** What it changes to by itself, and when. */
  next: z.strictObject({ status: z.enum(["succeeded", "failed"]), at_ms: z.int() }).nullable(),
});

export const DISPUTE_STATUSES = [
  "warning_needs_response",
  "warning_under_review",
  "warning_closed",
  "needs_response",
  "under_review",
  "won",
  "lost",
] as const;

export const Dispute = z.strictObject({
  id: z.string(),
  amount: z.int().min(1),
  reason: z.string(),
  status: z.enum(DISPUTE_STATUSES),
  createdAt_ms: z.int(),
});

/** `version` changes with its shape. */
export const Payment = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  clientSecret: z.string().default(""),
  /** The `order` of its metadata. */
  order: z.string().nullable(),
  amount: z.int().min(1),
  /** ISO 4217, lower case, as Stripe writes it. */
  currency: z.string(),
  /** Types of payment methods that can pay it. */
  types: z.array(z.enum(METHOD_TYPES)).default(["card"]),
  /** Created with `automatic_payment_methods`. */
  isAutomatic: z.boolean().default(false),
  description: z.string().nullable().default(null),
  receiptEmail: z.string().nullable().default(null),
  statementSuffix: z.string().nullable().default(null),
  shipping: Shipping.nullable().default(null),
  metadata: Metadata.default({}),
  /** The payment method of the last confirmation. */
  method: z.string().nullable(),
  instrument: Instrument.nullable().default(null),
  billing: BillingDetails.nullable().default(null),
  createdAt_ms: z.int(),
  chargedAt_ms: z.int().nullable().default(null),
  standing: Standing,
  refunds: z.array(Refund).default([]),
  dispute: Dispute.nullable().default(null),
});

export type Address = z.infer<typeof Address>;
export type Shipping = z.infer<typeof Shipping>;
export type BillingDetails = z.infer<typeof BillingDetails>;
export type Refund = z.infer<typeof Refund>;
export type Dispute = z.infer<typeof Dispute>;
export type Payment = z.infer<typeof Payment>;
export type Standing = Payment["standing"];

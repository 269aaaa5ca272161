/**
 * Parses the objects that Stripe answers with: intents into standings, refunds, disputes.
 *
 * Guarantee: an unreadable answer is `unknown`. Pure: no request is made here.
 *
 * Sources: https://docs.stripe.com/payments/paymentintents/lifecycle,
 * https://docs.stripe.com/api/payment_intents/object, https://docs.stripe.com/api/refunds/object,
 * https://docs.stripe.com/api/disputes/object.
 */
import { z } from "zod";
import type {
  AuthorizeOutcome,
  Card,
  Dispute,
  PaymentStanding,
  ProviderRefund,
  RefundOutcome,
  SettleOutcome,
  Unknown,
} from "../../src/domain/order/payment-backend.ts";
import { declinedBy, unknown } from "./stripe-errors.ts";

const id = z.string().min(1).max(255);
const pageUrl = z
  .url({ protocol: /^https?$/ })
  .nullish()
  .catch(null);

/** The page of each action that has one; Stripe's script does the others. */
const nextAction = z.object({
  redirect_to_url: z.object({ url: pageUrl }).nullish(),
  alipay_handle_redirect: z.object({ url: pageUrl }).nullish(),
  cashapp_handle_redirect_or_display_qr_code: z
    .object({ hosted_instructions_url: pageUrl })
    .nullish(),
  swish_handle_redirect_or_display_qr_code: z
    .object({ hosted_instructions_url: pageUrl })
    .nullish(),
});

const IntentAnswer = z.object({
  object: z.literal("payment_intent"),
  id,
  status: z.string(),
  amount: z.int().nullish(),
  amount_capturable: z.int().nullish(),
  client_secret: z.string().min(1).max(255).nullish(),
  last_payment_error: z
    .object({ code: z.string().nullish(), decline_code: z.string().nullish() })
    .nullish(),
  next_action: nextAction.nullish(),
  latest_charge: z
    .union([
      z.string(),
      z.object({
        refunded: z.boolean().nullish(),
        disputed: z.boolean().nullish(),
        amount_captured: z.int().nullish(),
        amount_refunded: z.int().nullish(),
        payment_method_details: z.unknown().optional(),
      }),
    ])
    .nullish(),
});

type IntentAnswer = z.infer<typeof IntentAnswer>;

const cardDetails = z.object({
  fingerprint: z.string().min(1).max(255),
  brand: z.string().max(64).nullish(),
  last4: z.string().max(4).nullish(),
});
/** A wallet pays with a card, so it is among these. */
const methodDetails = z.union([
  z.object({ card: cardDetails }).transform(({ card }) => card),
  z.object({ card_present: cardDetails }).transform((details) => details.card_present),
]);

const refundObject = z.object({
  id,
  amount: z.int().nullish(),
  status: z.string().nullish(),
  failure_reason: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
const RefundAnswer = refundObject.extend({ object: z.literal("refund") });

/** The id of a prepared payment; null when the answer is not a payment intent. */
export function readPaymentId(answer: unknown): string | null {
  const read = IntentAnswer.safeParse(answer);
  return read.success ? read.data.id : null;
}

/** The standing of a payment; `unknown` while Stripe is processing it, and when unreadable. */
export function readStanding(answer: unknown): PaymentStanding | Unknown {
  const read = IntentAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable payment intent");
  const intent = read.data;
  switch (intent.status) {
    case "requires_payment_method":
      if (intent.last_payment_error) {
        return { ...declinedBy(intent.last_payment_error), mayReopen: true };
      }
      return { kind: "prepared" };
    case "requires_confirmation":
      return { kind: "prepared" };
    case "requires_action": {
      const clientSecret = intent.client_secret ?? null;
      return { kind: "action_required", url: actionUrl(intent), clientSecret };
    }
    case "requires_capture":
      // A part of the amount is as good as none: the order needs all of it.
      if (isPart(intent)) return { kind: "declined", reason: PARTLY_AUTHORIZED, mustVoid: true };
      return { kind: "authorized", card: cardOf(intent) };
    case "succeeded":
      return standingOfTaken(intent);
    case "canceled":
      return { kind: "voided" };
    default:
      return unknown(intent.status);
  }
}

/** Money is reserved, and less than the payment's amount. */
export const PARTLY_AUTHORIZED = "partly_authorized";

function isPart({ amount, amount_capturable: capturable }: IntentAnswer): boolean {
  return amount != null && capturable != null && capturable < amount;
}

function actionUrl({ next_action: next }: IntentAnswer): string | null {
  return (
    next?.redirect_to_url?.url ??
    next?.alipay_handle_redirect?.url ??
    next?.cashapp_handle_redirect_or_display_qr_code?.hosted_instructions_url ??
    next?.swish_handle_redirect_or_display_qr_code?.hosted_instructions_url ??
    null
  );
}

/** Null for a payment without a card, and for details that cannot be read. */
function cardOf({ latest_charge: charge }: IntentAnswer): Card | null {
  if (charge == null || typeof charge === "string") return null;
  const read = methodDetails.safeParse(charge.payment_method_details);
  if (!read.success) return null;
  const { fingerprint, brand = null, last4 = null } = read.data;
  return { fingerprint, brand, last4 };
}

/** An intent stays `succeeded` after a refund; only its charge shows that it was refunded. */
function standingOfTaken(intent: IntentAnswer): PaymentStanding | Unknown {
  const charge = intent.latest_charge;
  if (charge == null || typeof charge === "string" || charge.refunded == null) {
    return unknown("succeeded without its charge");
  }
  return { kind: charge.refunded ? "refunded" : "captured" };
}

/** What is left of a captured payment that is or was disputed; null for any other. */
export function disputedRest(answer: unknown): number | null {
  const read = IntentAnswer.safeParse(answer);
  const charge = read.data?.latest_charge;
  if (charge == null || typeof charge === "string" || charge.disputed !== true) return null;
  const captured = charge.amount_captured ?? read.data?.amount ?? null;
  return captured === null ? null : captured - (charge.amount_refunded ?? 0);
}

/** The outcome of an authorization that left the payment in this standing. */
export function authorizedBy(standing: PaymentStanding | Unknown): AuthorizeOutcome {
  switch (standing.kind) {
    case "authorized":
      return { kind: "approved", card: standing.card ?? null };
    case "captured":
      return { kind: "approved", card: null };
    case "prepared":
      return unknown("the payment is not confirmed");
    case "voided":
    case "refunded":
      return { kind: "declined", reason: `payment_${standing.kind}` };
    default:
      return standing;
  }
}

/** The outcome of a capture, void or refund that left the payment in this standing. */
export function settledBy(
  standing: PaymentStanding | Unknown,
  wanted: "captured" | "voided" | "refunded",
): SettleOutcome {
  if (standing.kind === wanted) return { kind: "approved" };
  if (standing.kind === "unknown") return standing;
  return { kind: "declined", reason: `payment_${standing.kind}` };
}

/** The answer to a capture or a cancellation: its status is enough, and no charge is expanded. */
export function readSettled(answer: unknown, wanted: "succeeded" | "canceled"): SettleOutcome {
  const read = IntentAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable payment intent");
  return read.data.status === wanted ? { kind: "approved" } : unknown(read.data.status);
}

/** The outcome of refunding a part. */
export function readPart(answer: unknown): RefundOutcome {
  const read = RefundAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable refund");
  const refund = providerRefund(read.data);
  return refund === null ? unknown("unreadable refund") : partOf(refund);
}

/** The outcome of a refund that is in this state. */
export function partOf({ providerId, state, failure }: ProviderRefund): RefundOutcome {
  if (state === "failed") return { kind: "declined", reason: failure ?? "refund_failed" };
  return { kind: "refunded", providerId, state };
}

/** A pending refund counts as done: Stripe has already deducted the amount from the charge. */
export function readRefund(answer: unknown): SettleOutcome {
  const outcome = readPart(answer);
  return outcome.kind === "refunded" ? { kind: "approved" } : outcome;
}

const RefundsAnswer = z.object({
  object: z.literal("list"),
  has_more: z.boolean(),
  data: z.array(refundObject.extend({ amount: z.int() })),
});

/** One page of a payment's refunds, the newest first. */
export interface RefundPage {
  readonly kind: "page";
  readonly refunds: readonly ProviderRefund[];
  /** The last refund of this page, where another page follows. */
  readonly next: string | null;
}

export function readRefundPage(answer: unknown): RefundPage | Unknown {
  const read = RefundsAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable list of refunds");
  const { data, has_more } = read.data;
  const refunds: ProviderRefund[] = [];
  for (const each of data) {
    const refund = providerRefund(each);
    if (refund === null) return unknown("unreadable refund in a list");
    refunds.push(refund);
  }
  const last = data.at(-1)?.id ?? null;
  if (has_more && last === null) return unknown("an empty page with more to come");
  return { kind: "page", refunds, next: has_more ? last : null };
}

/** Null for a state that Stripe does not document, because it may mean either. */
function providerRefund(refund: z.infer<typeof refundObject>): ProviderRefund | null {
  const state = REFUND_STATES.get(refund.status ?? "");
  if (state === undefined) return null;
  return {
    providerId: refund.id,
    refundId: refund.metadata?.["refund"] ?? null,
    amount: refund.amount ?? 0,
    state,
    failure: state === "failed" ? (refund.failure_reason ?? `refund_${refund.status}`) : null,
  };
}

/** `requires_action`: the buyer is asked for a bank account that it can be paid to. */
const REFUND_STATES: ReadonlyMap<string, ProviderRefund["state"]> = new Map([
  ["succeeded", "succeeded"],
  ["pending", "pending"],
  ["requires_action", "pending"],
  ["failed", "failed"],
  ["canceled", "failed"],
]);

const DisputesAnswer = z.object({
  object: z.literal("list"),
  data: z.array(z.object({ id, amount: z.int(), reason: z.string(), status: z.string() })),
});

/** What the bank gave back to the buyer for good; null when the answer cannot be read. */
export function readLost(answer: unknown): number | null {
  const read = DisputesAnswer.safeParse(answer);
  if (!read.success) return null;
  const lost = read.data.data.filter(({ status }) => status === "lost");
  return lost.reduce((sum, { amount }) => sum + amount, 0);
}

const CLOSED_DISPUTES = new Set(["won", "lost", "warning_closed", "prevented"]);

/** The dispute that is open, or else the newest; null when there is none. */
export function readDispute(
  answer: unknown,
): { readonly kind: "read"; readonly dispute: Dispute | null } | Unknown {
  const read = DisputesAnswer.safeParse(answer);
  if (!read.success) return unknown("unreadable list of disputes");
  const disputes = read.data.data.map(({ id, amount, reason, status }) => {
    return { id, status, isClosed: CLOSED_DISPUTES.has(status), amount, reason };
  });
  const open = disputes.find(({ isClosed }) => !isClosed);
  return { kind: "read", dispute: open ?? disputes[0] ?? null };
}

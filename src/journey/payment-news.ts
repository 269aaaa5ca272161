/**
 * What Stripe sends of itself: that something happened to a payment.
 *
 * Guarantee: nothing that an event says is believed. Once its signature is good, all it does is
 * make the order it names look its payment up now instead of later, and only an order that waits
 * for news of a payment does. So events may repeat, come late, out of order or never.
 * Not for: payments of other systems in the same Stripe account; their events are let pass.
 *
 * Source: https://docs.stripe.com/webhooks
 */
import Stripe from "stripe";
import { z } from "zod";
import { WEBHOOK_TOLERANCE_S } from "../domain/limits.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { orderOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { GateContext } from "../shopper/gate-context.ts";

/** An empty text is none. */
const settingsSchema = z.object({ STRIPE_WEBHOOK_SECRET: z.string().default("") });

/** Of an event: what is needed to find the order. */
const eventSchema = z.object({
  id: z.string(),
  type: z.string(),
  data: z.object({ object: z.object({ metadata: z.record(z.string(), z.unknown()).nullish() }) }),
});

/** After any of these a look-up may find what it did not find before. */
const TELLING = new Set([
  "payment_intent.amount_capturable_updated",
  "payment_intent.canceled",
  "payment_intent.payment_failed",
  "payment_intent.succeeded",
  "charge.refunded",
]);

export type NewsOutcome =
  | { readonly kind: "not_configured" }
  | { readonly kind: "signature_invalid" }
  | { readonly kind: "ignored"; readonly why: string }
  | { readonly kind: "heard"; readonly order: string; readonly isLookedUp: boolean }
  /** Stripe sends the event again. */
  | { readonly kind: "order_silent" };

/**
 * @param body exactly as it came, because it is what was signed
 * @param signature the `Stripe-Signature` header
 */
export async function hearPaymentNews(
  { env, now }: GateContext,
  body: string,
  signature: string,
): Promise<NewsOutcome> {
  const { STRIPE_WEBHOOK_SECRET: secret } = settingsSchema.parse(env);
  if (secret === "") return { kind: "not_configured" };
  const signed = await signedEvent(body, signature, secret, now);
  if (signed === null) return { kind: "signature_invalid" };
  const parsed = eventSchema.safeParse(signed.event);
  if (!parsed.success) return { kind: "ignored", why: "not an event" };
  const { type, data } = parsed.data;
  if (!TELLING.has(type)) return { kind: "ignored", why: `the type ${type}` };
  const order = data.object.metadata?.["order"];
  if (typeof order !== "string" || !ORDER_ID_PATTERN.test(order)) {
    return { kind: "ignored", why: "not of an order" };
  }
  const nudged = await withTimeout(Promise.resolve(orderOf(env, order).nudge()));
  if (nudged === null) return { kind: "order_silent" };
  if (nudged === "unknown") return { kind: "ignored", why: "an order nobody placed here" };
  return { kind: "heard", order, isLookedUp: nudged === "queued" };
}

/** Null when it is not signed with our secret, or was signed too long ago. */
async function signedEvent(
  body: string,
  signature: string,
  secret: string,
  now: number,
): Promise<{ readonly event: unknown } | null> {
  try {
    const crypto = Stripe.createSubtleCryptoProvider();
    const { webhooks } = Stripe;
    const event: unknown = await webhooks.constructEventAsync(
      body,
      signature,
      secret,
      WEBHOOK_TOLERANCE_S,
      crypto,
      now,
    );
    return { event };
  } catch (error) {
    // Whatever else it throws is about a body that was signed: text that is no event.
    return error instanceof Stripe.errors.StripeSignatureVerificationError ? null : { event: null };
  }
}

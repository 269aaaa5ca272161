/**
 * The webhook events of the sandbox's payments. As with Stripe they are signed, are sent at least
 * once, and have no guaranteed order. The fault settings make it lose, repeat and delay them.
 *
 * Guarantee: the same settings have the same effect on the first, second, … event. No I/O.
 *
 * Sources: https://docs.stripe.com/webhooks#verify-manually and
 * https://docs.stripe.com/api/events/types.
 */
import { z } from "zod";
import { draw } from "./faults.ts";
import type { FaultSettings } from "./faults.ts";
import type { Payment } from "./payment.ts";
import { paymentIntentObject } from "./stripe-objects.ts";

/** The endpoint of the events; without both variables there are no events. */
export interface WebhookEnv {
  readonly WEBHOOK_URL?: string;
  readonly WEBHOOK_SECRET?: string;
}

const settingsSchema = z.object({ WEBHOOK_URL: z.url(), WEBHOOK_SECRET: z.string().min(1) });

export function webhookOf(
  env: WebhookEnv,
): { readonly url: string; readonly secret: string } | null {
  const read = settingsSchema.safeParse(env);
  return read.success ? { url: read.data.WEBHOOK_URL, secret: read.data.WEBHOOK_SECRET } : null;
}

/**
 * The event that Stripe sends when a payment reaches its present state, of the types that
 * `docs/configuration.md` recommends for the endpoint; null where there is none of these.
 */
function eventType({ standing }: Payment): string | null {
  switch (standing.status) {
    case "requires_payment_method":
      return standing.refusal === null ? null : "payment_intent.payment_failed";
    case "requires_action":
      return null;
    case "requires_capture":
      return "payment_intent.amount_capturable_updated";
    case "succeeded":
      return standing.refunded > 0 ? "charge.refunded" : "payment_intent.succeeded";
    case "canceled":
      return "payment_intent.canceled";
  }
}

/**
 * The body of an event; null when the payment's state has no event. For a refund, where Stripe
 * sends the charge, the object is the payment, with its metadata.
 */
export function eventOf(payment: Payment, id: string, origin: string, now: number): string | null {
  const type = eventType(payment);
  if (type === null) return null;
  return JSON.stringify({
    id,
    object: "event",
    type,
    created: Math.floor(now / 1000),
    livemode: false,
    data: { object: paymentIntentObject(payment, { origin, expandCharge: false }) },
  });
}

/** The delays after which event number `seq` is sent, one per attempt; empty when it is lost. */
export function deliveries_ms({ webhooks, seed }: FaultSettings, seq: number): number[] {
  const happens = (rate: number, which: number): boolean => draw(seed, seq * 3 + which) < rate;
  if (happens(webhooks.lost, 0)) return [];
  const first_ms = happens(webhooks.late, 1) ? webhooks.late_ms : 0;
  return happens(webhooks.duplicate, 2) ? [first_ms, webhooks.late_ms] : [first_ms];
}

/** The `Stripe-Signature` header. */
export async function sign(body: string, secret: string, now: number): Promise<string> {
  const text = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", text.encode(secret), algorithm, false, ["sign"]);
  const at_s = Math.floor(now / 1000);
  const mac = await crypto.subtle.sign("HMAC", key, text.encode(`${at_s}.${body}`));
  const hex = [...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `t=${at_s},v1=${hex}`;
}

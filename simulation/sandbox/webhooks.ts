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
import { chargeObject, disputeObject, refundObject } from "./charge-objects.ts";
import { isClosed } from "./disputes.ts";
import type { Payment } from "./payment-schema.ts";
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

interface EventFacts {
  readonly type: string;
  readonly object: object | null;
  /** The fields of the object that changed, with their values before. */
  readonly previous?: Readonly<Record<string, unknown>>;
}

/** The bodies of the events of one change, given with the ids that the caller makes. */
export function eventsOf(
  before: Payment | null,
  after: Payment,
  { newId, origin, now }: { newId: () => string; origin: string; now: number },
): string[] {
  const facts = [
    ...paymentEvents(before, after, origin),
    ...refundEvents(before, after),
    ...disputeEvents(before, after),
  ];
  return facts.map(({ type, object, previous }) => {
    return JSON.stringify({
      id: newId(),
      object: "event",
      type,
      created: Math.floor(now / 1000),
      livemode: false,
      data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
    });
  });
}

/**
 * Of the types that `docs/configuration.md` recommends for the endpoint; Stripe sends no others to
 * it. So there is no event when a payment is created or waits for its shopper.
 */
function paymentEvents(before: Payment | null, after: Payment, origin: string): EventFacts[] {
  const { standing } = after;
  if (JSON.stringify(before?.standing) === JSON.stringify(standing)) return [];
  const object = paymentIntentObject(after, { origin, expand: [] });
  switch (standing.status) {
    case "requires_payment_method":
      return standing.refusal === null ? [] : [{ type: "payment_intent.payment_failed", object }];
    case "requires_action":
      return [];
    case "requires_capture":
      return [{ type: "payment_intent.amount_capturable_updated", object }];
    case "succeeded":
      return before?.standing.status === "succeeded"
        ? []
        : [{ type: "payment_intent.succeeded", object }];
    case "canceled":
      return [{ type: "payment_intent.canceled", object }];
  }
}

/** A refund that fails later is told by its own events; the charge is not refunded again. */
function refundEvents(before: Payment | null, after: Payment): EventFacts[] {
  return after.refunds.flatMap((refund): EventFacts[] => {
    const object = refundObject(after, refund);
    const known = before?.refunds.find(({ id }) => id === refund.id);
    if (known === undefined) {
      const amount_refunded = chargeObject(after)?.amount_refunded ?? 0;
      const previous = { amount_refunded: amount_refunded - refund.amount };
      return [
        { type: "refund.created", object },
        { type: "charge.refunded", object: chargeObject(after), previous },
      ];
    }
    if (known.status === refund.status) return [];
    const updated = { type: "refund.updated", object, previous: { status: known.status } };
    return refund.status === "failed" ? [updated, { type: "refund.failed", object }] : [updated];
  });
}

function disputeEvents(before: Payment | null, after: Payment): EventFacts[] {
  const { dispute } = after;
  if (dispute === null) return [];
  const object = disputeObject(after);
  const known = before?.dispute ?? null;
  if (known === null) return [{ type: "charge.dispute.created", object }];
  if (known.status === dispute.status) return [];
  const previous = { status: known.status };
  const ending = isClosed(dispute) ? "charge.dispute.closed" : "charge.dispute.updated";
  return [{ type: ending, object, previous }];
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

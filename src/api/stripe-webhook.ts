/**
 * Where Stripe sends its events: that something happened to a payment.
 *
 * Guarantee: a body without a good signature of the endpoint's secret changes nothing, and nothing
 * that an event says is believed: it only makes the order it names look its payment up now instead
 * of later, if the order waits for its payment, or its refunds and its dispute, if it is confirmed.
 * Of an order that ended without a sale a reservation is voided, which never needs to be believed.
 * So events may repeat, come late or out of order. Events of other systems in the same Stripe
 * account are ignored.
 *
 * Weak: a refund or a dispute that was made at Stripe is learned from its event and from nothing
 * else. Where it names the payment only, the order book must have that payment, which takes some
 * seconds; until then the event is refused, so that Stripe sends it again.
 *
 * Bodies may be larger than a shopper's, no `Origin` is required and no rate limit applies, because
 * Stripe calls from few addresses and as often as it needs to.
 *
 * Source: https://docs.stripe.com/webhooks
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import Stripe from "stripe";
import { WEBHOOK_BODY_BYTES_MAX, WEBHOOK_TOLERANCE_S } from "../domain/limits.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import type { NewsOf } from "../domain/order/saga.ts";
import { orderOfPayment } from "../order-book/order-of-payment.ts";
import { log } from "../platform/log.ts";
import { orderOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import { wholeBody } from "../web/whole-body.ts";
import { describe, json } from "./operation.ts";
import { problem, refuseBody } from "./problems.ts";

/** The order book has every order's payment by then, unless its queue is behind. */
const BOOK_BEHIND_MAX_MS = 60_000;

const receivedDocument = z.object({ received: z.literal(true) }).openapi("ReceivedEvent");

/** An empty text is none. */
const settingsSchema = z.object({ STRIPE_WEBHOOK_SECRET: z.string().default("") });

/** Of an event: what is needed to find the order. */
const objectSchema = z.object({
  metadata: z.record(z.string(), z.unknown()).nullish(),
  /** Of a charge, a refund or a dispute. */
  payment_intent: z
    .union([z.string().max(255), z.object({ id: z.string().max(255) }).transform(({ id }) => id)])
    .nullish()
    .catch(null),
});
const eventSchema = z.object({
  id: z.string(),
  type: z.string(),
  /** Seconds since 1970; Stripe's first try follows within seconds, repetitions keep it. */
  created: z.number().catch(0),
  data: z.object({ object: objectSchema }),
});

/** After any of these a look-up may find what it did not find before; the value is what of. */
const RELEVANT_TYPES: ReadonlyMap<string, NewsOf> = new Map([
  ["payment_intent.amount_capturable_updated", "reserved"],
  ["payment_intent.canceled", "payment"],
  ["payment_intent.payment_failed", "payment"],
  ["payment_intent.succeeded", "payment"],
  ["charge.refunded", "settlement"],
  ["refund.created", "settlement"],
  ["refund.updated", "settlement"],
  ["refund.failed", "settlement"],
  ["charge.dispute.created", "settlement"],
  ["charge.dispute.updated", "settlement"],
  ["charge.dispute.closed", "settlement"],
]);

export const webhookRoutes = new OpenAPIHono<GateApp>();

const PATH = "/webhooks/stripe";

/** Described only: zod must not read a body whose bytes are signed. */
webhookRoutes.openAPIRegistry.registerPath(
  describe("signed", {
    method: "post",
    path: PATH,
    id: "receiveStripeEvent",
    tag: "Payment provider",
    summary: "Receive an event from Stripe",
    description: "Looks up now the order it names. Nothing else in the event is believed.",
    parameters: [
      {
        name: "Stripe-Signature",
        in: "header",
        required: true,
        description: "Stripe's signature of the body.",
        schema: { type: "string" },
        example: "t=1795773660,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
      },
    ],
    requestBody: {
      required: true,
      description: "An event of Stripe's.",
      content: { "application/json": { schema: { type: "object" } } },
    },
    success: { 200: json("Received.", receivedDocument, { received: true }) },
    problems: ["stripe_webhook_not_configured", "webhook_signature_invalid", "order_silent"],
  }),
);

webhookRoutes.post(
  PATH,
  wholeBody(WEBHOOK_BODY_BYTES_MAX, refuseBody(WEBHOOK_BODY_BYTES_MAX)),
  async (c) => {
    const { env, now } = c.get("gate");
    const { STRIPE_WEBHOOK_SECRET: secret } = settingsSchema.parse(env);
    if (secret === "") return problem(c, "stripe_webhook_not_configured");
    const signature = c.req.header("Stripe-Signature") ?? "";
    const signed = await signedEvent(await c.req.text(), signature, secret, now);
    if (signed === null) return problem(c, "webhook_signature_invalid");
    const parsed = eventSchema.safeParse(signed.event);
    if (!parsed.success) return ignore(c, "not an event");
    const { type, data, created } = parsed.data;
    const about = RELEVANT_TYPES.get(type);
    if (about === undefined) return ignore(c, `the type ${type}`);
    const found = await withTimeout(orderNamedBy(env.ORDER_BOOK, data.object));
    // Stripe sends the event again.
    if (found === null) return problem(c, "order_silent");
    if (found.order === null) {
      const isYoung = now - created * 1000 < BOOK_BEHIND_MAX_MS;
      const isOfPayment = (data.object.payment_intent ?? null) !== null;
      // The order book may not have the payment yet: Stripe sends the event again.
      if (isYoung && isOfPayment) return problem(c, "order_silent");
      return ignore(c, "not of an order");
    }
    const nudged = await withTimeout(orderOf(env, found.order).nudge(about));
    if (nudged === null) return problem(c, "order_silent");
    if (nudged === "unknown") return ignore(c, "an order nobody placed here");
    return c.json({ received: true }, 200);
  },
);

/** Disputes and refunds made at Stripe name the payment only. */
async function orderNamedBy(
  book: D1Database,
  { metadata, payment_intent: payment = null }: z.infer<typeof objectSchema>,
): Promise<{ readonly order: string | null }> {
  const named = metadata?.["order"];
  if (typeof named === "string" && ORDER_ID_PATTERN.test(named)) return { order: named };
  return { order: payment === null ? null : await orderOfPayment(book, payment) };
}

function ignore(c: GateRequest, why: string): Response {
  log.info("webhook", "ignored", { why });
  return c.json({ received: true }, 200);
}

/**
 * Null when it is not signed with our secret, or was signed too long ago.
 * @param body exactly as it came, because it is what was signed
 * @param signature the `Stripe-Signature` header
 */
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
    // Any other error is about a body that was signed, but is no event.
    return error instanceof Stripe.errors.StripeSignatureVerificationError ? null : { event: null };
  }
}

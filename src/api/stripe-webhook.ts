/**
 * Where Stripe sends its events: that something happened to a payment.
 *
 * Guarantee: a body without a good signature of the endpoint's secret changes nothing, and nothing
 * that an event says is believed: it only makes the order it names look its payment up now instead
 * of later, and only if the order waits for its payment. So events may repeat, come late, out of
 * order or never. Events of other systems in the same Stripe account are ignored.
 * Bodies may be larger than a shopper's, no `Origin` is required and no rate limit applies, because
 * Stripe calls from few addresses and as often as it needs to.
 *
 * Source: https://docs.stripe.com/webhooks
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import Stripe from "stripe";
import { WEBHOOK_BODY_BYTES_MAX, WEBHOOK_TOLERANCE_S } from "../domain/limits.ts";
import { ORDER_ID_PATTERN } from "../domain/order/order-id.ts";
import { log } from "../platform/log.ts";
import { orderOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import { wholeBody } from "../web/whole-body.ts";
import { describe, json } from "./operation.ts";
import { problem, refuseBody } from "./problems.ts";

const receivedDocument = z.object({ received: z.literal(true) }).openapi("ReceivedEvent");

/** An empty text is none. */
const settingsSchema = z.object({ STRIPE_WEBHOOK_SECRET: z.string().default("") });

/** Of an event: what is needed to find the order. */
const eventSchema = z.object({
  id: z.string(),
  type: z.string(),
  data: z.object({ object: z.object({ metadata: z.record(z.string(), z.unknown()).nullish() }) }),
});

/** After any of these a look-up may find what it did not find before. */
const RELEVANT_TYPES = new Set([
  "payment_intent.amount_capturable_updated",
  "payment_intent.canceled",
  "payment_intent.payment_failed",
  "payment_intent.succeeded",
  "charge.refunded",
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
    const { type, data } = parsed.data;
    if (!RELEVANT_TYPES.has(type)) return ignore(c, `the type ${type}`);
    const order = data.object.metadata?.["order"];
    if (typeof order !== "string" || !ORDER_ID_PATTERN.test(order)) {
      return ignore(c, "not of an order");
    }
    const nudged = await withTimeout(orderOf(env, order).nudge());
    // Stripe sends the event again.
    if (nudged === null) return problem(c, "order_silent");
    if (nudged === "unknown") return ignore(c, "an order nobody placed here");
    return c.json({ received: true }, 200);
  },
);

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

/**
 * Where Stripe sends its events.
 *
 * Guarantee: a body that was not signed with the endpoint's secret changes nothing. Larger bodies
 * than a shopper's are taken, as they came; no origin is asked for and nobody is counted, because
 * it is Stripe that calls, from few addresses and as often as there is news.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { WEBHOOK_BODY_BYTES_MAX } from "../domain/limits.ts";
import { hearPaymentNews } from "../journey/payment-news.ts";
import type { GateApp } from "../web/gate-app.ts";
import { wholeBody } from "../web/whole-body.ts";
import { answers } from "./answers.ts";
import { problem, refuseBody } from "./problems.ts";

const heardDocument = z.object({ received: z.literal(true) }).openapi("ReceivedEvent");

export const webhookRoutes = new OpenAPIHono<GateApp>();

webhookRoutes.openAPIRegistry.registerPath({
  method: "post",
  path: "/webhooks/stripe",
  summary: "Stripe tells that something happened to a payment",
  description: "The order it names is looked up now. Nothing that the event says is believed.",
  security: [],
  request: {
    headers: z.object({ "Stripe-Signature": z.string() }),
    body: { required: true, content: { "application/json": { schema: z.unknown() } } },
  },
  responses: answers({ 200: heardDocument }),
});

webhookRoutes.post(
  "/webhooks/stripe",
  wholeBody(WEBHOOK_BODY_BYTES_MAX, refuseBody(WEBHOOK_BODY_BYTES_MAX)),
  async (c) => {
    const body = await c.req.text();
    const outcome = await hearPaymentNews(
      c.get("gate"),
      body,
      c.req.header("Stripe-Signature") ?? "",
    );
    switch (outcome.kind) {
      case "not_configured":
        return problem(c, "stripe_webhook_not_configured");
      case "signature_invalid":
        return problem(c, "webhook_signature_invalid");
      case "order_silent":
        return problem(c, "order_silent");
      case "ignored":
        console.log(JSON.stringify({ at: "webhook", event: "ignored", why: outcome.why }));
        return c.json({ received: true }, 200);
      case "heard":
        return c.json({ received: true }, 200);
    }
  },
);

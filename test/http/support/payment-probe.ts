/**
 * A Worker that runs one operation of the Stripe adapter and answers with its outcome, so that a
 * test on Node can test the adapter inside workerd.
 */
import { z } from "zod";
import { stripePayments } from "../../../queues/backends/stripe.ts";

const Probe = z.object({
  settings: z.object({ apiKey: z.string(), baseUrl: z.string(), timeout_ms: z.int() }),
  operation: z.enum([
    ...(["prepare", "authorize", "capture", "void", "refund"] as const),
    ...(["refundPart", "settlement", "lookup"] as const),
  ]),
  // The adapter gets exactly what the test passes.
  request: z.custom<never>(() => true),
});

export default {
  async fetch(incoming: Request): Promise<Response> {
    const { settings, operation, request } = Probe.parse(await incoming.json());
    return Response.json(await stripePayments(settings)[operation](request));
  },
};

/**
 * A Worker that makes one call with the HTTP payment adapter and answers with its outcome, so that
 * a test on Node can test servers that hang or mislead inside workerd.
 */
import { z } from "zod";
import { httpPayments } from "../../../queues/backends/http-payment.ts";
import { readSecrets } from "../../../src/webhooks/signature.ts";

const Probe = z.object({ url: z.string(), secret: z.string(), timeout_ms: z.int() });

export default {
  async fetch(incoming: Request): Promise<Response> {
    const { url, secret, timeout_ms } = Probe.parse(await incoming.json());
    const read = readSecrets(secret);
    if (read.kind === "bad") return new Response(read.why, { status: 400 });
    const { secrets } = read;
    const now = () => Date.now();
    const settings = { url, secrets, timeout_ms, allowHttp: true, now };
    const newId = () => crypto.randomUUID();
    const payments = httpPayments({ ...settings, newId, onTrouble: () => undefined });
    return Response.json(await payments.lookup({ paymentId: "pay_1" }));
  },
};

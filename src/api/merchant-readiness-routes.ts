/**
 * The merchant's route for readiness: whether this deployment can take money. It needs the admin
 * token, which the wiring checks before a request gets here.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { readReadiness } from "../merchant/readiness.ts";
import type { GateApp } from "../web/gate-app.ts";
import { VERSION } from "../web/version.ts";
import { merchantOf } from "./merchant-routes.ts";
import { json, operationsOf } from "./operation.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantReadinessRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantReadinessRoutes, "merchant");

const checkDocument = z.object({
  name: z.string().describe("Stable, for programs."),
  ok: z.boolean(),
  severity: z
    .enum(["error", "warning", "info"])
    .describe("Of a failed check: `error` if money cannot be taken, or a part does not answer."),
  detail: z.string().describe("What was found, and what to do. Never a value of a secret."),
});

const readinessDocument = z
  .object({
    ready: z.boolean().describe("Whether no check of severity `error` failed."),
    version: z.string().describe("Of the gate."),
    ordersReportedAt: z.iso
      .datetime()
      .nullable()
      .describe("When the orders Worker last told its settings; it does every five minutes."),
    checks: z.array(checkDocument),
  })
  .openapi("Readiness");

const EXAMPLE = {
  ready: false,
  version: VERSION,
  ordersReportedAt: "2026-11-27T10:00:00.000Z",
  checks: [
    { name: "kv", ok: true, severity: "info" as const, detail: "KV (CONFIG) answers." },
    {
      name: "key_modes",
      ok: false,
      severity: "error" as const,
      detail:
        "STRIPE_PUBLISHABLE_KEY is of live mode, but STRIPE_API_KEY of test mode: no payment can " +
        "succeed. Set both from the same mode of the same Stripe account.",
    },
  ],
};

/** This machine, where stand-ins for Stripe are as they should be. */
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

operation(
  {
    method: "get",
    path: "/readiness",
    id: "getReadiness",
    tag: "Pipeline",
    summary: "Get whether this deployment can take money",
    description:
      "Each check with what was found and what to do: keys, storage, queues, payments, mails, " +
      "and what the sales ask for.",
    success: { 200: json("The checks.", readinessDocument, EXAMPLE) },
    problems: [],
  },
  async (c) => {
    const { keys } = c.get("gate");
    const { hostname, origin } = new URL(c.req.url);
    const isDeployed = !LOCAL_HOSTS.has(hostname);
    const gate = { keys, version: VERSION, isDeployed, origin };
    const { ready, reportedAt_ms, checks } = await readReadiness(merchantOf(c), gate);
    const ordersReportedAt = reportedAt_ms === null ? null : timeOf(reportedAt_ms);
    return c.json({ ready, version: VERSION, ordersReportedAt, checks: [...checks] }, 200);
  },
);

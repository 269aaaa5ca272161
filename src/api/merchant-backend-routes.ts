/**
 * The merchant's routes for the limits of the calls to each backend. They need the admin token,
 * which the wiring checks before a request gets here.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import {
  LIMIT_DEFAULTS,
  limitsOf,
  limitsRequestSchema,
  unusualLimits,
} from "../domain/backend-limits.ts";
import * as backends from "../merchant/backend-limits.ts";
import type { GateApp } from "../web/gate-app.ts";
import { merchantOf } from "./merchant-routes.ts";
import { backendParameter } from "./merchant-schemas.ts";
import { json, jsonBody, operationsOf } from "./operation.ts";
import { timeOrNull } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantBackendRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantBackendRoutes, "merchant");

const limitsRequest = limitsRequestSchema.openapi("BackendLimits");

const limitsDocument = z
  .object({
    backend: z.string(),
    revision: z.int().describe("Counts the changes; 0 if there was none."),
    changedAt: z.iso.datetime().nullable(),
    isDefault: z.boolean().describe("Whether every limit is as Sluice comes."),
    callsPerMinute: z
      .int()
      .nullable()
      .describe("Of all isolates together; null: as many as the backend takes."),
    callsAtOnce: z.int().describe("Of one batch of orders."),
    timeoutSeconds: z.number(),
    breaker: z.object({
      windowSeconds: z.number(),
      callsMin: z.int().describe("With fewer calls in the window it does not open."),
      failureRate: z.number(),
      slowCallSeconds: z.number(),
      slowRate: z.number(),
      openSeconds: z.number(),
      openSecondsMax: z.number(),
      probes: z.int(),
      successesToClose: z.int(),
    }),
  })
  .openapi("BackendLimitsInForce");

const listDocument = z.object({ backends: z.array(limitsDocument) }).openapi("Backends");

const EXAMPLE = {
  backend: "payment",
  revision: 1,
  changedAt: "2026-11-27T10:00:00.000Z",
  isDefault: false,
  ...LIMIT_DEFAULTS.payment,
  callsPerMinute: 1200,
};

function limitsAnswer({ backend, limits, revision, changedAt_ms }: backends.LimitsInForce) {
  const isDefault = unusualLimits([{ backend, limits }]).length === 0;
  return { backend, revision, changedAt: timeOrNull(changedAt_ms), isDefault, ...limits };
}

operation(
  {
    method: "get",
    path: "/backends",
    id: "listBackendLimits",
    tag: "Pipeline",
    summary: "List the limits of the calls to each backend",
    description: "Those in force: what an operator has set, and the defaults for the rest.",
    success: { 200: json("The limits.", listDocument, { backends: [EXAMPLE] }) },
    problems: [],
  },
  async (c) => {
    const all = await backends.readAllLimits(merchantOf(c));
    return c.json({ backends: all.map(limitsAnswer) }, 200);
  },
);

operation(
  {
    method: "get",
    path: "/backends/{backend}",
    id: "getBackendLimits",
    tag: "Pipeline",
    summary: "Get the limits of the calls to one backend",
    description: "Those in force.",
    request: { params: backendParameter },
    success: { 200: json("The limits.", limitsDocument, EXAMPLE) },
    problems: [],
  },
  async (c) => {
    const { backend } = c.req.valid("param");
    return c.json(limitsAnswer(await backends.readLimits(merchantOf(c), backend)), 200);
  },
);

operation(
  {
    method: "put",
    path: "/backends/{backend}",
    id: "putBackendLimits",
    tag: "Pipeline",
    summary: "Change the limits of the calls to one backend",
    description:
      "The whole document: what is left out has its default. In force within ten seconds, also " +
      "for orders in progress.",
    request: { params: backendParameter, ...jsonBody(limitsRequest, { callsPerMinute: 1200 }) },
    success: { 200: json("In force.", limitsDocument, EXAMPLE) },
    problems: [],
  },
  async (c) => {
    const { backend } = c.req.valid("param");
    const limits = limitsOf(backend, c.req.valid("json"));
    return c.json(limitsAnswer(await backends.changeLimits(merchantOf(c), backend, limits)), 200);
  },
);

operation(
  {
    method: "delete",
    path: "/backends/{backend}",
    id: "resetBackendLimits",
    tag: "Pipeline",
    summary: "Return the limits of one backend to the defaults",
    description: "In force within ten seconds.",
    request: { params: backendParameter },
    success: {
      200: json("In force.", limitsDocument, { ...EXAMPLE, callsPerMinute: null, isDefault: true }),
    },
    problems: [],
  },
  async (c) => {
    const { backend } = c.req.valid("param");
    return c.json(limitsAnswer(await backends.changeLimits(merchantOf(c), backend, null)), 200);
  },
);

/**
 * The OpenAPI document: what the routes' own schemas say, and what each must be asked with.
 *
 * Guarantee: every route of the API is in it, because the routes are registered by their schemas;
 * the two that are wired outside of the API (health and keys) are registered here by hand.
 */
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { GateApp } from "../web/gate-app.ts";
import { VERSION } from "../web/version.ts";
import { answers } from "./answers.ts";

const described = {
  openapi: "3.1.0",
  info: {
    title: "Sluice",
    version: VERSION,
    description: "A waiting room and checkout at the edge: place in line, held item, paid order.",
  },
  servers: [{ url: "/_sluice" }],
};

/** Browsers carry ticket and admission as cookies; everybody else sends them as headers. */
export const TICKET = { ticket: [] };
export const ADMISSION = { admission: [] };
const ADMIN = { adminToken: [] };

const healthDocument = z.object({ ok: z.literal(true), version: z.string() });
const keysDocument = z.object({
  keys: z.array(z.object({ kid: z.string(), kty: z.string(), crv: z.string(), x: z.string() })),
});

/** Adds to the API's registry what its routes do not say of themselves. */
export function describeApi({ openAPIRegistry: registry }: OpenAPIHono<GateApp>): void {
  registry.registerPath({
    method: "get",
    path: "/health",
    summary: "Whether the gate answers",
    responses: answers({ 200: healthDocument }),
  });
  registry.registerPath({
    method: "get",
    path: "/.well-known/jwks.json",
    summary: "The public keys of admissions",
    responses: answers({ 200: keysDocument }),
  });
  const header = (name: string) => ({ type: "apiKey", in: "header", name }) as const;
  registry.registerComponent("securitySchemes", "ticket", header("Sluice-Ticket"));
  registry.registerComponent("securitySchemes", "admission", header("Sluice-Admission"));
  registry.registerComponent("securitySchemes", "adminToken", { type: "http", scheme: "bearer" });
}

type Document = ReturnType<OpenAPIHono<GateApp>["getOpenAPI31Document"]>;

/** Merchants' routes all need the same token, so it is said once, here. */
export function openApiDocument(app: OpenAPIHono<GateApp>): Document {
  const document = app.getOpenAPI31Document(described);
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (!path.startsWith("/admin/")) continue;
    for (const operation of [item.get, item.put, item.post, item.patch, item.delete]) {
      if (operation !== undefined) operation.security = [ADMIN];
    }
  }
  return document;
}

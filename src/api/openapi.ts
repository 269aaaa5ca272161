/**
 * The OpenAPI document: generated from the operations' own schemas, so that it describes what is
 * validated.
 *
 * Guarantee: every operation of the API is in it. The few that are wired outside of the API,
 * because they need no secrets, are described here.
 */
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { GateApp } from "../web/gate-app.ts";
import { VERSION } from "../web/version.ts";
import { earlierTransferDocument } from "./allotment-schemas.ts";
import { SECURITY_SCHEMES } from "./credentials.ts";
import { describe, json } from "./operation.ts";
import { HEADER_COMPONENTS, problemComponents } from "./problem-responses.ts";
import { PROBLEMS } from "./problems.ts";
import { problemDocument } from "./schemas.ts";
import { TAGS } from "./tags.ts";

const ABOUT = {
  openapi: "3.1.0",
  info: {
    title: "Sluice",
    version: VERSION,
    description:
      "A waiting room and checkout at the edge: shoppers join, wait for their turn, hold items " +
      "and order; merchants make sales and follow them. Times are RFC 3339 in UTC, durations end " +
      "in `_s`, money is an integer in the currency's minor unit as in Stripe's table of " +
      "currencies (https://docs.stripe.com/currencies). Whatever fails is a problem document of " +
      "RFC 9457 with a stable `code`; every write may be repeated.",
    contact: { name: "The authors of Sluice" },
    license: { name: "MIT", identifier: "MIT" },
  },
  servers: [{ url: "/_sluice", description: "This deployment" }],
  tags: TAGS.map(([name, description]) => ({ name, description })),
};

const healthDocument = z
  .object({
    ok: z.literal(true),
    version: z.string(),
    payments: z
      .object({
        ready: z.boolean(),
        mode: z.enum(["test", "live"]).nullable(),
        problem: z.string().nullable(),
      })
      .describe("Whether the built-in checkout can take a payment, and what is missing."),
  })
  .describe("That the gate answers.")
  .openapi("Health");
const key = z.object({ kid: z.string(), kty: z.string(), crv: z.string(), x: z.string() });
const keysDocument = z.object({ keys: z.array(key) }).openapi("Keys");
const problemsDocument = z
  .record(z.string(), z.object({ status: z.int(), title: z.string(), next: z.string() }))
  .openapi("Problems");
const openApiSchema = z
  .looseObject({ openapi: z.string(), info: z.looseObject({ title: z.string() }) })
  .openapi("OpenApi");

const EXAMPLE_KEY = {
  kid: "a1",
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};

const HEALTH = {
  ok: true,
  version: VERSION,
  payments: { ready: true, mode: "live", problem: null },
} as const;

const SERVICE = [
  describe("public", {
    method: "get",
    path: "/health",
    id: "getHealth",
    tag: "Service",
    summary: "Get whether the gate answers",
    description: "Also without its secrets.",
    success: { 200: json("It does.", healthDocument, HEALTH) },
    problems: [],
  }),
  describe("public", {
    method: "get",
    path: "/.well-known/jwks.json",
    id: "getKeys",
    tag: "Service",
    summary: "Get the public keys of admissions",
    description: "A JSON Web Key Set, for servers that check admissions themselves.",
    success: { 200: json("The keys.", keysDocument, { keys: [EXAMPLE_KEY] }) },
    problems: ["not_configured", "internal_error"],
  }),
  describe("public", {
    method: "get",
    path: "/problems",
    id: "listProblems",
    tag: "Service",
    summary: "List all problems",
    description: "By their codes: status, title and what to do next.",
    success: {
      200: json("The problems.", problemsDocument, { sale_over: PROBLEMS.sale_over }),
    },
    problems: [],
  }),
  describe("public", {
    method: "get",
    path: "/openapi.json",
    id: "getOpenApi",
    tag: "Service",
    summary: "Get this document",
    description: "Generated from the schemas that validate requests.",
    success: {
      200: json("It.", openApiSchema, { openapi: "3.1.0", info: { title: "Sluice" } }),
    },
    problems: ["not_configured", "internal_error"],
  }),
];

/** Adds to the API's registry what its routes do not say of themselves. */
export function describeApi({ openAPIRegistry: registry }: OpenAPIHono<GateApp>): void {
  for (const route of SERVICE) registry.registerPath(route);
  registry.register("Problem", problemDocument);
  registry.register("EarlierTransfer", earlierTransferDocument);
  for (const [name, scheme] of Object.entries(SECURITY_SCHEMES)) {
    registry.registerComponent("securitySchemes", name, scheme);
  }
  for (const [name, header] of Object.entries(HEADER_COMPONENTS)) {
    registry.registerComponent("headers", name, header);
  }
}

type Document = ReturnType<OpenAPIHono<GateApp>["getOpenAPI31Document"]>;

export function openApiDocument(app: OpenAPIHono<GateApp>): Document {
  const document = app.getOpenAPI31Document(ABOUT);
  const components = { ...document.components, ...problemComponents(document.paths) };
  return { ...document, components };
}

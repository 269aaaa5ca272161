/**
 * The OpenAPI document: that it names everything a client is generated from. Whether answers are
 * as it says is checked wherever a test asks a whole Sluice (`simulation/host/contract.ts`).
 */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openApiDocument } from "../../../scripts/openapi-document.ts";
import { PROBLEMS } from "../../../src/api/problems.ts";
import { Contract } from "../../../simulation/host/contract.ts";

const ROUTES = [
  "get /v1/sales/{sale}",
  "get /v1/sales/{sale}/challenge",
  "post /v1/sales/{sale}/tickets",
  "get /v1/sales/{sale}/status",
  "post /v1/sales/{sale}/admissions",
  "delete /v1/sales/{sale}/admissions/current",
  "get /v1/sales/{sale}/cart",
  "put /v1/sales/{sale}/reminders/current",
  "delete /v1/sales/{sale}/reminders/current",
  "put /v1/sales/{sale}/cart",
  "get /v1/sales/{sale}/cohorts/{lane}/{k}",
  "get /v1/sales/{sale}/cohorts/{lane}/{k}/counts",
  "get /v1/sales/{sale}/fairness",
  "post /v1/sales/{sale}/quotes",
  "post /v1/orders",
  "post /v1/orders/{id}/actions",
  "get /v1/orders/{id}",
  "get /v1/orders/{id}/receipt",
  "post /v1/webhooks/stripe",
  "put /admin/v1/sales/{sale}",
  "get /admin/v1/sales",
  "get /admin/v1/sales/{sale}",
  "post /admin/v1/sales/{sale}/actions",
  "patch /admin/v1/sales/{sale}/admission",
  "get /admin/v1/sales/{sale}/audit",
  "post /admin/v1/sales/{sale}/book-rebuilds",
  "post /admin/v1/sales/{sale}/discount-codes",
  "get /admin/v1/sales/{sale}/discount-codes",
  "post /admin/v1/sales/{sale}/discount-codes/import",
  "get /admin/v1/sales/{sale}/discount-codes/export",
  "post /admin/v1/sales/{sale}/discount-codes/find",
  "get /admin/v1/sales/{sale}/discount-codes/{id}",
  "patch /admin/v1/sales/{sale}/discount-codes/{id}",
  "delete /admin/v1/sales/{sale}/discount-codes/{id}",
  "get /admin/v1/skus/{sku}",
  "get /admin/v1/skus/{sku}/allotments",
  "get /admin/v1/skus/{sku}/ledger",
  "post /admin/v1/skus/{sku}/allotments",
  "post /admin/v1/skus/{sku}/movements",
  "post /admin/v1/skus/{sku}/returns",
  "get /admin/v1/orders",
  "get /admin/v1/orders/export",
  "get /admin/v1/orders/{id}",
  "post /admin/v1/orders/{id}/actions",
  "post /admin/v1/orders/{id}/refunds",
  "post /admin/v1/republish",
  "post /admin/v1/buyers/erasures",
  "post /admin/v1/buyers/exports",
  "delete /admin/v1/backends/{backend}",
  "delete /admin/v1/sales/{sale}",
  "get /admin/v1/sales/{sale}/backup",
  "post /admin/v1/sales/{sale}/restore",
  "post /admin/v1/sales/{sale}/restored-objects",
  "post /admin/v1/sales/{sale}/turn-back",
  "get /admin/v1/dead-letters",
  "post /admin/v1/dead-letters/replay",
  "post /admin/v1/dead-letters/{id}/replay",
  "get /admin/v1/backends",
  "get /admin/v1/backends/{backend}",
  "get /admin/v1/breakers",
  "put /admin/v1/backends/{backend}",
  "put /admin/v1/breakers/{backend}",
  "get /admin/v1/webhook-endpoints",
  "post /admin/v1/webhook-endpoints",
  "get /admin/v1/webhook-endpoints/{id}",
  "patch /admin/v1/webhook-endpoints/{id}",
  "delete /admin/v1/webhook-endpoints/{id}",
  "post /admin/v1/webhook-endpoints/{id}/rotate-secret",
  "post /admin/v1/webhook-endpoints/{id}/test",
  "post /admin/v1/webhook-endpoints/{id}/replay",
  "get /admin/v1/webhook-deliveries",
  "post /admin/v1/webhook-deliveries/{id}/replay",
  "get /admin/v1/events",
  "get /admin/v1/readiness",
  "get /.well-known/jwks.json",
  "get /health",
  "get /problems",
  "get /openapi.json",
];

const parameter = z.looseObject({
  name: z.string(),
  in: z.enum(["path", "query", "header"]),
  required: z.boolean(),
  description: z.string().min(1),
  schema: z.record(z.string(), z.unknown()),
  example: z.union([z.string(), z.number()]),
});
const problemBody = z.object({
  schema: z.object({
    allOf: z.tuple([
      z.object({ $ref: z.literal("#/components/schemas/Problem") }),
      z.looseObject({
        properties: z.looseObject({
          status: z.object({ type: z.literal("integer"), const: z.int() }),
          code: z.object({ type: z.literal("string"), enum: z.array(z.string()).min(1) }),
        }),
      }),
    ]),
  }),
  examples: z.record(z.string(), z.object({ $ref: z.string() })),
});
const response = z.object({
  description: z.string().min(1),
  content: z
    .object({
      "application/json": z.looseObject({ schema: z.unknown(), example: z.unknown() }).optional(),
      "application/problem+json": problemBody.optional(),
      "text/csv": z.looseObject({ schema: z.unknown(), example: z.string() }).optional(),
      "application/x-ndjson": z
        .looseObject({ schema: z.unknown(), example: z.string() })
        .optional(),
    })
    .optional(),
});
const operation = z.looseObject({
  operationId: z.string().regex(/^[a-z]+([A-Z][a-z]*)+$/),
  tags: z.tuple([z.string()]),
  summary: z.string().min(1),
  description: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(parameter).default([]),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string(), z.union([z.object({ $ref: z.string() }), response])),
});
const openApi = z.looseObject({
  openapi: z.literal("3.1.0"),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  servers: z.tuple([z.looseObject({ url: z.literal("/_sluice") })]),
  tags: z.array(z.object({ name: z.string(), description: z.string().min(1) })),
  externalDocs: z.looseObject({ url: z.url() }),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.unknown()),
    responses: z.record(z.string(), response),
    securitySchemes: z.record(z.string(), z.unknown()),
  }),
});

const text = await openApiDocument();
const document = openApi.parse(JSON.parse(text));
const operations = Object.entries(document.paths).flatMap(([path, methods]) => {
  return Object.entries(methods).map(([method, described]) => ({ path, method, described }));
});

function responseOf(found: z.output<typeof operation>["responses"][string]) {
  if (!("$ref" in found)) return found;
  const name = found.$ref.replace("#/components/responses/", "");
  return response.parse(document.components.responses[name]);
}

describe("the OpenAPI document", () => {
  test("describes every route and the parameters in its path", () => {
    expect(operations.map(({ path, method }) => `${method} ${path}`).toSorted()).toEqual(
      ROUTES.toSorted(),
    );
    for (const { path, described } of operations) {
      const inPath = described.parameters.filter((parameter) => parameter.in === "path");
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(inPath.map(({ name }) => name).toSorted()).toEqual(named.toSorted());
      expect(inPath.every(({ required }) => required)).toBe(true);
      expect(Object.keys(described.responses).some((status) => status.startsWith("2"))).toBe(true);
    }
  });

  test("names every operation once, under a tag that is described", () => {
    const ids = operations.map(({ described }) => described.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = new Set(document.tags.map(({ name }) => name));
    expect(new Set(operations.map(({ described }) => described.tags[0]))).toEqual(tags);
  });

  test("says what each operation is carried with: the merchant's token, a shopper's, or nothing", () => {
    const { securitySchemes } = document.components;
    expect(Object.keys(securitySchemes).toSorted()).toEqual([
      "adminToken",
      "admission",
      "admissionCookie",
      "ticket",
      "ticketCookie",
    ]);
    for (const { path, described } of operations) {
      const isMerchants = JSON.stringify(described.security) === '[{"adminToken":[]}]';
      expect([path, isMerchants]).toEqual([path, path.startsWith("/admin/")]);
      const schemes = described.security.flatMap((one) => Object.keys(one));
      expect(Object.keys(securitySchemes)).toEqual(expect.arrayContaining(schemes));
    }
    const order = document.paths["/v1/orders"]?.["post"];
    expect(order?.parameters.map(({ name }) => name)).toContain("Idempotency-Key");
    expect(order?.security).toEqual([{ admission: [] }, { admissionCookie: [] }]);
  });

  test("has an example with every document that a success brings", () => {
    for (const { described } of operations) {
      for (const [status, found] of Object.entries(described.responses)) {
        if (!status.startsWith("2")) continue;
        const { content } = responseOf(found);
        const examples = Object.values(content ?? {}).filter((body) => "example" in (body ?? {}));
        expect([described.operationId, status, examples.length]).toEqual([
          described.operationId,
          status,
          status === "204" ? 0 : 1,
        ]);
      }
    }
  });

  test("lists the codes of every problem under their status, each with its example", () => {
    const statuses = new Map(Object.entries(PROBLEMS).map(([code, kind]) => [code, kind.status]));
    for (const { path, described } of operations) {
      const problems = Object.entries(described.responses).filter(([status]) => status >= "400");
      for (const [status, found] of problems) {
        const body = problemBody.parse(responseOf(found).content?.["application/problem+json"]);
        const { properties } = body.schema.allOf[1];
        expect(properties.status.const).toBe(Number(status));
        const codes = properties.code.enum;
        expect(codes.map((code) => statuses.get(code))).toEqual(codes.map(() => Number(status)));
        expect(Object.keys(body.examples)).toEqual(codes);
      }
      const isPlainRead = described.tags[0] === "Service";
      expect([path, problems.some(([status]) => status < "500")]).toEqual([path, !isPlainRead]);
    }
  });

  test("declares every problem that is not the gate's own in front of a shop", () => {
    const declared = new Set(
      operations.flatMap(({ described }) => {
        return Object.values(described.responses).flatMap((found) => {
          const body = responseOf(found).content?.["application/problem+json"];
          return body?.schema.allOf[1].properties.code.enum ?? [];
        });
      }),
    );
    const undeclared = Object.keys(PROBLEMS).filter((code) => !declared.has(code));
    // `https_required` is answered before any operation is known.
    expect(undeclared.toSorted()).toEqual([
      "https_required",
      "not_found",
      "origin_unreachable",
      "turn_required",
    ]);
  });

  test("allows null where a field may be null, and in no component itself", () => {
    const schemas = z.record(z.string(), z.looseObject({ type: z.unknown() }));
    const named = Object.entries(schemas.parse(document.components.schemas));
    const nullable = named.filter(([, { type }]) => JSON.stringify(type)?.includes("null"));
    expect(nullable.map(([name]) => name)).toEqual([]);
  });

  test("has every component that it refers to, and patterns that any reader can compile", () => {
    const references = text.matchAll(/"#(\/components\/[^"]+)"/g);
    for (const [, place = ""] of references) {
      expect(document).toHaveProperty(place.slice(1).split("/"));
    }
    const patterns = [...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map((match) => {
      return z.string().parse(JSON.parse(match[1] ?? ""));
    });
    expect(patterns.length).toBeGreaterThan(10);
    for (const pattern of patterns) {
      expect(() => new RegExp(pattern, "u")).not.toThrow();
      // A flag behind a slash would be taken for a part of the text.
      expect(pattern).not.toMatch(/\$\/[a-z]+$/);
    }
  });
});

describe("an answer is at odds with the contract", () => {
  const contract = new Contract(text);
  const path = "/_sluice/v1/sales/any/status";
  const faultIn = (code: string, status: number) => {
    const body = { type: "", title: "", detail: "", code, status };
    return contract.faultIn("GET", path, { status, type: "application/problem+json", body });
  };

  test("not when the operation declares it, or when there is no such operation", () => {
    expect([faultIn("sale_not_found", 404), faultIn("ticket_invalid", 401)]).toEqual([null, null]);
    const gone = { status: 404, type: "text/html", body: {} };
    expect(contract.faultIn("GET", "/_sluice/shop/any", gone)).toBeNull();
  });

  test("when its code belongs to another operation, or its status is not declared", () => {
    expect(faultIn("order_not_found", 404)).toMatch(/^getStatus answered 404 .*allowed values/);
    expect(faultIn("sold_out", 409)).toMatch(/^getStatus answered 409 .*status is not declared/);
  });

  test("when its document is not as the schema says", () => {
    const health = (body: unknown, type = "application/json") => {
      return contract.faultIn("GET", "/_sluice/health", { status: 200, type, body });
    };
    const payments = { ready: false, mode: null, problem: "STRIPE_PUBLISHABLE_KEY is empty" };
    expect(health({ ok: true, version: "1", payments })).toBeNull();
    expect(health({ ok: "yes" })).toMatch(/version/);
    expect(health({}, "text/html")).toMatch(/text\/html is not declared/);
  });
});

/**
 * The routes of the API, read from its own OpenAPI document.
 */
import { z } from "zod";

/** The part of a JSON Schema that is needed to make an invalid document. */
export interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean | Schema | undefined;
  readonly items?: Schema | undefined;
  readonly maxItems?: number | undefined;
  readonly minItems?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minLength?: number | undefined;
  readonly pattern?: string | undefined;
  readonly maximum?: number | undefined;
  readonly minimum?: number | undefined;
}

const schemaSchema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    anyOf: z.array(schemaSchema).optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    properties: z.record(z.string(), schemaSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), schemaSchema]).optional(),
    items: schemaSchema.optional(),
    maxItems: z.number().optional(),
    minItems: z.number().optional(),
    maxLength: z.number().optional(),
    minLength: z.number().optional(),
    pattern: z.string().optional(),
    maximum: z.number().optional(),
    minimum: z.number().optional(),
  }),
);

const operationSchema = z.object({
  requestBody: z
    .object({ content: z.record(z.string(), z.object({ schema: schemaSchema.optional() })) })
    .optional(),
});

export const openApiSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({ schemas: z.record(z.string(), schemaSchema) }),
});

export interface Route {
  /** Such as `post /v1/orders`. */
  readonly name: string;
  /** In upper case. */
  readonly method: string;
  /** The path after `/_sluice`, with its parameters in braces. */
  readonly path: string;
  readonly isMerchants: boolean;
  readonly isWrite: boolean;
  /** The body's schema, with references resolved; null without a body of JSON. */
  readonly body: Schema | null;
}

export function routesOf(document: z.output<typeof openApiSchema>): Route[] {
  const { schemas } = document.components;
  return Object.entries(document.paths).flatMap(([path, operations]) => {
    return Object.entries(operations).map(([method, { requestBody }]) => {
      const schema = requestBody?.content["application/json"]?.schema;
      return {
        name: `${method} ${path}`,
        method: method.toUpperCase(),
        path,
        isMerchants: path.startsWith("/admin/"),
        isWrite: method !== "get",
        body: schema === undefined ? null : resolved(schema, schemas),
      };
    });
  });
}

function resolved(schema: Schema, all: Readonly<Record<string, Schema>>): Schema {
  const { $ref, anyOf, items, properties, additionalProperties } = schema;
  if ($ref !== undefined) {
    const target = all[$ref.slice($ref.lastIndexOf("/") + 1)];
    if (target === undefined) throw new Error(`the OpenAPI document has no ${$ref}`);
    return resolved(target, all);
  }
  const inside = (one: Schema): Schema => resolved(one, all);
  const entries = Object.entries(properties ?? {}).map(([key, one]) => [key, inside(one)] as const);
  return {
    ...schema,
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(inside) }),
    ...(items === undefined ? {} : { items: inside(items) }),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(entries) }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: inside(additionalProperties) }
      : {}),
  };
}

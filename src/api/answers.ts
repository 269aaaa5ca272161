/**
 * How routes describe their answers: the documents they give, and that anything else is a problem.
 *
 * The type is wide on purpose: handlers return plain responses, because a problem document may
 * stand in for any of the described ones.
 */
import type { z } from "@hono/zod-openapi";
import { problemDocument } from "./schemas.ts";

interface Answer {
  description: string;
  content?: Record<string, { schema: z.ZodType }>;
}

export function answers(byStatus: Readonly<Record<number, z.ZodType | null>>): {
  [status: string]: Answer;
} {
  const described: { [status: string]: Answer } = {
    default: {
      description: "A problem: see `code`",
      content: { "application/problem+json": { schema: problemDocument } },
    },
  };
  for (const [status, schema] of Object.entries(byStatus)) {
    described[status] =
      schema === null
        ? { description: "Done" }
        : { description: "Done", content: { "application/json": { schema } } };
  }
  return described;
}

export function jsonBody<Schema extends z.ZodType>(
  schema: Schema,
): { body: { required: true; content: { "application/json": { schema: Schema } } } } {
  return { body: { required: true, content: { "application/json": { schema } } } };
}

/** A body that may be left out; then it is an empty object. */
export function optionalJsonBody<Schema extends z.ZodType>(
  schema: Schema,
): { body: { required: false; content: { "application/json": { schema: Schema } } } } {
  return { body: { required: false, content: { "application/json": { schema } } } };
}

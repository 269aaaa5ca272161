/**
 * The texts about fields that do not fit, in plain sentences.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { fieldErrors } from "../../../src/api/validation.ts";

test.each([
  [z.string(), undefined, "is required"],
  [z.string(), 7, "must be a text"],
  [z.number(), "7", "must be a number"],
  [z.int(), 1.5, "must be a whole number"],
  [z.boolean(), "yes", "must be true or false"],
  [z.array(z.string()), {}, "must be a list"],
  [z.strictObject({}), "x", "must be an object"],
  [z.enum(["a", "b"]), "c", "must be one of: a, b"],
  [z.literal("a"), "c", "must be a"],
  [z.string().min(1), "", "must not be empty"],
  [z.string().min(2), "x", "must have at least 2 characters"],
  [z.string().max(2), "long", "must have at most 2 characters"],
  [z.array(z.int()).max(1), [1, 2], "must have at most 1 entries"],
  [z.int().min(3), 2, "must be at least 3"],
  [z.int().max(3), 4, "must be at most 3"],
  [z.number().multipleOf(5), 4, "must be a multiple of 5"],
  [z.union([z.string(), z.int()]), null, "has none of the forms that are accepted here"],
  [z.string().regex(/^x$/, "use x"), "y", "use x"],
  [z.strictObject({}), { a: 1 }, "is not a known field"],
])("case %#: a value that does not fit is told as “%3$s”", (schema, value, message) => {
  const { error } = schema.safeParse(value);
  expect(fieldErrors(error ?? { issues: [] }).map((each) => each.message)).toEqual([message]);
});

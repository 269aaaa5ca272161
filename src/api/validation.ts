/**
 * Bad input, told so that it can be mended: the field's path and what was expected.
 *
 * Guarantee: whatever a client sends, the answer is a 4xx problem document; zod's issues never
 * leave with the value that was sent.
 */
import type { Context } from "hono";
import type { ZodError } from "zod";
import { problem, type FieldError } from "./problems.ts";

type Issue = ZodError["issues"][number];

function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}

function errorsOf(issue: Issue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      return { path: pathOf([...issue.path, key]), message: "is not a known field" };
    });
  }
  return [{ path: pathOf(issue.path), message: issue.message }];
}

export function fieldErrors(error: { readonly issues: readonly Issue[] }): FieldError[] {
  return error.issues.flatMap(errorsOf);
}

/** For every route: what its schema refuses becomes `invalid_request`. */
export function refuseInvalid(
  result: { success: true } | { success: false; error: { readonly issues: readonly Issue[] } },
  c: Context,
): Response | undefined {
  if (result.success) return undefined;
  const errors = fieldErrors(result.error);
  const fields = errors.map(({ path }) => path || "body").join(", ");
  return problem(c, "invalid_request", { detail: `Not accepted: ${fields}.`, errors });
}

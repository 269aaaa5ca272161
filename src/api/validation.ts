/**
 * Answers to bad input: the field's path and what was expected.
 *
 * Guarantee: whatever a client sends, the answer is a 4xx problem document; zod's issues never
 * leave with the value that was sent. No query parameter is ignored. Every text of a JSON body that
 * reaches a handler is well-formed.
 */
import type { Context, MiddlewareHandler } from "hono";
import type { ZodError } from "zod";
import { issueText } from "./issue-text.ts";
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
  return [{ path: pathOf(issue.path), message: issueText(issue) }];
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
  return refuseFields(c, fieldErrors(result.error));
}

function refuseFields(c: Context, errors: readonly FieldError[]) {
  const fields = errors.map(({ path }) => path || "body").join(", ");
  return problem(c, "invalid_request", { detail: `Not accepted: ${fields}.`, errors });
}

/**
 * Refuses text that UTF-8 does not have (a lone surrogate, which JSON can write as `\ud800`) in any
 * field of a body: it could be neither stored nor sent on as it came. What is not JSON goes on, and
 * is refused as such.
 */
export function onlyWellFormed(): MiddlewareHandler {
  return async (c, next) => {
    const body: unknown = await c.req.json().catch(() => null);
    const errors = illFormed(body, []);
    return errors.length > 0 ? refuseFields(c, errors) : next();
  };
}

/** No document of this API is as deep; a body that is deeper is refused by its schema. */
const DEPTH_MAX = 64;

const ILL_FORMED = "must be text without half of a surrogate pair";

function illFormed(value: unknown, path: readonly string[]): FieldError[] {
  if (typeof value === "string") {
    return value.isWellFormed() ? [] : [{ path: pathOf(path), message: ILL_FORMED }];
  }
  if (typeof value !== "object" || value === null || path.length > DEPTH_MAX) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    const inner = [...path, key.toWellFormed()];
    if (!key.isWellFormed()) return [{ path: pathOf(inner), message: ILL_FORMED }];
    return illFormed(each, inner);
  });
}

/**
 * Refuses query parameters that the operation does not have and those given twice: a list whose
 * filter was misspelt would otherwise be a list of everything.
 */
export function onlyParameters(known: ReadonlySet<string>): MiddlewareHandler {
  return async (c, next) => {
    // Most requests have no query, polls among them.
    if (!c.req.url.includes("?")) return next();
    const names = [...new URL(c.req.url).searchParams.keys()];
    const errors = [...new Set(names)].flatMap((path): FieldError[] => {
      if (!known.has(path)) return [{ path, message: "is not a parameter of this operation" }];
      const isRepeated = names.indexOf(path) !== names.lastIndexOf(path);
      return isRepeated ? [{ path, message: "is given more than once" }] : [];
    });
    return errors.length > 0 ? refuseFields(c, errors) : next();
  };
}

/**
 * A request as guards look at it: its method and path, and whatever its headers would have an
 * origin take instead.
 *
 * Guarantee: a header adds methods and paths and takes none away, so it can only get a request
 * guarded. Not for telling which of them an origin obeys.
 */
import { guardedRequest, type GuardedRequest } from "../domain/guards/guard.ts";
import { pathOf } from "../domain/guards/url.ts";

/** Methods and paths that some origins take from a header instead, each as good as the real one. */
const METHOD_OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"];
const PATH_OVERRIDES = ["X-Original-URL", "X-Rewrite-URL"];

export function describe({ method, url, headers }: Request): GuardedRequest {
  const given = (names: readonly string[]): string[] => {
    return names.flatMap((name) => headers.get(name) ?? []);
  };
  const methods = given(METHOD_OVERRIDES).flatMap(saidOnceOrMore);
  const paths = given(PATH_OVERRIDES).flatMap(saidOnceOrMore);
  return guardedRequest(method, pathOf(url), {
    methods: methods.map((name) => name.toUpperCase()),
    paths: paths.map((path) => path.split(/[?#]/)[0] ?? ""),
  });
}

/** A header that is sent twice is one with a comma; which of them an origin takes is its own. */
function saidOnceOrMore(value: string): string[] {
  const parts = value.split(",").map((part) => part.trim());
  return parts.length === 1 ? parts : [value, ...parts];
}

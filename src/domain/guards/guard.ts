/**
 * Whether a sale's guard covers a request.
 *
 * A guard's path matches in any case and any spelling (`path-readings.ts`). An exception in
 * `except` is case-sensitive and must match every reading of the path, so an ambiguous request is
 * guarded. Without `methods`, every method is guarded except OPTIONS, because it changes nothing
 * and browsers send it without cookies. `sale/guard-schema.ts` defines what a merchant may write.
 */
import type { Guard } from "../sale/guard-schema.ts";
import { compilePattern, matchesPath, readingsOf, type PathPattern } from "./path-readings.ts";

export interface CompiledGuard {
  readonly path: PathPattern;
  readonly except: readonly PathPattern[];
  /** Null: every method but OPTIONS. */
  readonly methods: ReadonlySet<string> | null;
  readonly exceptMethods: ReadonlySet<string>;
}

export function compileGuard({ path, except, methods, exceptMethods }: Guard): CompiledGuard {
  return {
    path: compilePattern(path, true),
    except: except.map((pattern) => compilePattern(pattern, false)),
    methods: methods === undefined ? null : new Set(methods),
    exceptMethods: new Set(exceptMethods),
  };
}

/** The parts of a request that guards look at. */
export interface GuardedRequest {
  /** In capitals: the request's method, and methods that a header names and some origins obey. */
  readonly methods: readonly string[];
  /** Readings of the request's path, and of paths that a header names and some origins obey. */
  readonly readings: readonly string[];
}

/** @param overrides methods and paths from headers that some origins obey */
export function guardedRequest(
  method: string,
  path: string,
  overrides: { readonly methods: readonly string[]; readonly paths: readonly string[] },
): GuardedRequest {
  const { methods, paths } = overrides;
  return {
    methods: methods.length === 0 ? [method] : [method, ...methods],
    readings: paths.length === 0 ? readingsOf(path) : [path, ...paths].flatMap(readingsOf),
  };
}

export function covers(guard: CompiledGuard, { methods, readings }: GuardedRequest): boolean {
  if (!methods.some((method) => coversMethod(guard, method))) return false;
  if (!readings.some((reading) => matchesPath(guard.path, reading.toLowerCase()))) return false;
  const isExcepted = (reading: string): boolean => {
    return guard.except.some((pattern) => matchesPath(pattern, reading));
  };
  return guard.except.length === 0 || !readings.every(isExcepted);
}

function coversMethod({ methods, exceptMethods }: CompiledGuard, method: string): boolean {
  if (exceptMethods.has(method)) return false;
  return methods === null ? method !== "OPTIONS" : methods.has(method);
}

/**
 * A page of the shop on this host to link to: a guard's path, or its folder before the first `*`.
 * Null when no guard covers pages of this host.
 */
export function guardedPageOn(guards: readonly Guard[], host: string): string | null {
  const guard = guards.find((item) => {
    const { methods = ["GET"], exceptMethods } = item;
    const coversPages = methods.includes("GET") && !exceptMethods.includes("GET");
    return coversPages && coversHost(item.host, host);
  });
  if (guard === undefined) return null;
  const [fixed = "/", ...rest] = guard.path.split("*");
  return rest.length === 0 ? fixed : fixed.slice(0, fixed.lastIndexOf("/") + 1);
}

/** Whether a guard's host covers this one. */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1)) && host !== pattern.slice(2);
  return pattern === host;
}

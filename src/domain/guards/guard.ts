/**
 * Whether a sale's guard covers a request.
 *
 * A guard's path matches in any case and any spelling (`path-readings.ts`). An exception in
 * `except` is taken literally, so a doubt is decided for guarding. Without `methods` every method
 * is guarded except OPTIONS, which changes nothing and which browsers send without cookies.
 * What a merchant may write is in `sale/guard-schema.ts`.
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
  /** In capitals; with those by which a header makes some origins replace it. */
  readonly methods: readonly string[];
  /** Readings of its path, and of those by which a header makes some origins replace it. */
  readonly readings: readonly string[];
}

/**
 * @param overrides other methods and paths, by headers that some origins obey
 */
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
 * A page of the shop to lead a visitor of this host to: as much of a guard's path as is certain.
 * Null when no guard covers pages of this host.
 */
export function guardedPageOn(guards: readonly Guard[], host: string): string | null {
  const guard = guards.find((item) => {
    const { methods = ["GET"], exceptMethods } = item;
    const coversPages = methods.includes("GET") && !exceptMethods.includes("GET");
    return coversPages && coversHost(item.host, host);
  });
  if (guard === undefined) return null;
  const [certain = "/", ...rest] = guard.path.split("*");
  return rest.length === 0 ? certain : certain.slice(0, certain.lastIndexOf("/") + 1);
}

/** Whether a guard's host names this one. */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1)) && host !== pattern.slice(2);
  return pattern === host;
}

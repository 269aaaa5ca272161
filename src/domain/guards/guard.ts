/**
 * Whether a sale's guard covers a request.
 *
 * A guard's path matches in any case and any spelling (`path-readings.ts`). An exception in
 * `except` is case-sensitive and must match every reading of the path, so an ambiguous request is
 * guarded. No guard covers `/robots.txt` and `/.well-known/`, because crawlers and certificate
 * authorities take an answer of the line for the shop's own. Without `methods`, every method is
 * guarded except OPTIONS, because it changes nothing and browsers send it without cookies.
 * `sale/guard-schema.ts` defines what a merchant may write.
 */
import type { Guard } from "../sale/guard-schema.ts";
import type { Overrides } from "./override-headers.ts";
import {
  compileFolded,
  compilePattern,
  folded,
  matchesAny,
  readPath,
  type PathPattern,
  type PathReadings,
} from "./path-readings.ts";

export interface CompiledGuard {
  readonly paths: readonly PathPattern[];
  readonly except: readonly PathPattern[];
  /** Null: every method but OPTIONS. */
  readonly methods: ReadonlySet<string> | null;
  readonly exceptMethods: ReadonlySet<string>;
}

export function compileGuard({ path, except, methods, exceptMethods }: Guard): CompiledGuard {
  return {
    paths: compileFolded(path),
    except: except.map(compilePattern),
    methods: methods === undefined ? null : new Set(methods),
    exceptMethods: new Set(exceptMethods),
  };
}

/** The parts of a request that guards look at. */
export interface GuardedRequest extends PathReadings {
  /** In capitals: the request's method, and methods that a header names and some origins obey. */
  readonly methods: readonly string[];
  /** Readings of the request's path, and of paths that a header names and some origins obey. */
  readonly readings: readonly string[];
  /** Readings and aliases in one case, as guards are compared with them. */
  readonly compared: readonly string[];
  /** Every reading is one of `/robots.txt` and `/.well-known/`. */
  readonly isOpen: boolean;
}

/** What a crawler, a certificate authority or a wallet reads by a program. */
const OPEN = ["/robots.txt", "/.well-known/*"].map(compilePattern);

/** @param overrides methods and paths from headers that some origins obey */
export function guardedRequest(
  method: string,
  path: string,
  overrides: Pick<Overrides, "methods" | "paths"> & Partial<Overrides>,
): GuardedRequest {
  const { methods, paths, isUnread = false } = overrides;
  if (methods.length === 0 && paths.length === 0 && !isUnread) return plainly(method, path);
  const read = [path, ...paths].map(readPath);
  const readings = [...new Set(read.flatMap((item) => item.readings))];
  const aliases = [...new Set(read.flatMap((item) => item.aliases))];
  const isUnreadable = isUnread || read.some((item) => item.isUnreadable);
  return {
    methods: methods.length === 0 ? [method] : [...new Set([method, ...methods])],
    readings,
    aliases,
    compared: [...new Set([...readings, ...aliases].map(folded))],
    isUnreadable,
    isOpen: !isUnreadable && readings.every(isOpenPath),
  };
}

/** Of a request without overriding headers, which nearly every one is. */
function plainly(method: string, path: string): GuardedRequest {
  const read = readPath(path);
  const { readings, aliases, isUnreadable } = read;
  const texts = aliases.length === 0 ? readings : [...readings, ...aliases];
  const [only = ""] = texts;
  return {
    ...read,
    methods: [method],
    compared: texts.length === 1 ? [folded(only)] : [...new Set(texts.map(folded))],
    isOpen: !isUnreadable && readings.every(isOpenPath),
  };
}

function isOpenPath(reading: string): boolean {
  return /^\/(robots|\.well)/.test(reading) && matchesAny(OPEN, reading);
}

export function covers(guard: CompiledGuard, request: GuardedRequest): boolean {
  const { methods, readings, compared, isUnreadable, isOpen } = request;
  if (isOpen || !methods.some((method) => coversMethod(guard, method))) return false;
  if (isUnreadable) return true;
  if (!compared.some((reading) => matchesAny(guard.paths, reading))) return false;
  return !readings.every((reading) => matchesAny(guard.except, reading));
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

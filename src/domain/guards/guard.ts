/**
 * Which requests a sale guards: its guards as a merchant writes them, and whether one covers a
 * request.
 *
 * A guard names a host, a path and, where it must, methods. `host` is exact, `*.shop.example` (any
 * name below it, not itself) or `*`; ports, case and a final dot do not count. `path` must match as
 * a whole, `*` being any run of characters, in any case and any spelling (`guard-path.ts`). An
 * exception in `except` is taken by the letter, so a doubt is decided for guarding. Without
 * `methods` every method is guarded but OPTIONS, which asks and does nothing, and which browsers
 * send without cookies.
 */
import { z } from "zod";
import {
  BYPASS_ADDRESSES_MAX,
  BYPASS_HEALTH_CHECKS_MAX,
  BYPASS_TOKENS_MAX,
  GUARD_EXCEPTIONS_MAX,
  GUARD_METHODS_MAX,
  GUARD_PATH_LENGTH_MAX,
  IDENTIFIER_LENGTH_MAX,
  RETURN_PATH_LENGTH_MAX,
  TEXT_LENGTH_MAX,
} from "../limits.ts";
import {
  canonicalPath,
  compilePattern,
  matchesPath,
  readingsOf,
  type PathPattern,
} from "./path-readings.ts";

const HOST = /^(\*|(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)$/;
const HOST_HINT = "use a host name without a port: shop.example, *.shop.example, or * for any";
const PATH_HINT = "use a path that begins with '/', without query, '..' or '//'";

const guardedPath = z
  .string()
  .min(1)
  .max(GUARD_PATH_LENGTH_MAX)
  .regex(/^\/[^?#\\]*$/, PATH_HINT)
  .refine((path) => !/\/\/|\/\.{1,2}(\/|$)/.test(path), PATH_HINT);

const methods = z
  .array(z.string().regex(/^[A-Z]{1,20}$/, "use a method in capitals, such as POST"))
  .max(GUARD_METHODS_MAX);

export const guardSchema = z.strictObject({
  host: z.string().max(253).toLowerCase().regex(HOST, HOST_HINT),
  path: guardedPath,
  /** Paths that the guard leaves alone. */
  except: z.array(guardedPath).max(GUARD_EXCEPTIONS_MAX).default([]),
  methods: methods.min(1).optional(),
  exceptMethods: methods.default([]),
});

export const bypassSchema = z.strictObject({
  /** Of clients, as Cloudflare sees them: single ones or CIDR blocks. */
  addresses: z
    .array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
        error: "use an address or a CIDR block, such as 192.0.2.0/24 or 2001:db8::/32",
      }),
    )
    .max(BYPASS_ADDRESSES_MAX)
    .default([]),
  /** Of who sends `Sluice-Bypass: <token>`; only its SHA-256 is kept here. */
  tokens: z
    .array(
      z.strictObject({
        id: z.string().min(1).max(IDENTIFIER_LENGTH_MAX),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, "use the SHA-256 in 64 lower-case hex digits"),
      }),
    )
    .max(BYPASS_TOKENS_MAX)
    .default([]),
  /** Crawlers that Cloudflare has verified. */
  verifiedCrawlers: z.boolean().default(false),
  healthChecks: z
    .array(
      z.strictObject({
        path: guardedPath,
        /** Found anywhere in the User-Agent. */
        userAgent: z.string().min(1).max(TEXT_LENGTH_MAX).optional(),
      }),
    )
    .max(BYPASS_HEALTH_CHECKS_MAX)
    .default([]),
});

export type Guard = Readonly<z.output<typeof guardSchema>>;
export type Bypass = Readonly<z.output<typeof bypassSchema>>;

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

/** What of a request guards look at. */
export interface GuardedRequest {
  /** In capitals; with those that a header would have an origin take instead. */
  readonly methods: readonly string[];
  /** Readings of its path, and of those that a header would have an origin take instead. */
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

/** Of a URL as the runtime gives it. Ports, case, user and a final dot do not count. */
export function hostOf(url: string): string {
  const from = url.indexOf("://") + 3;
  const authority = url.slice(from, endOfAuthority(url, from));
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return (host.endsWith(".") ? host.slice(0, -1) : host).toLowerCase();
}

/** Of a URL as the runtime gives it, without query and fragment; as it was sent. */
export function pathOf(url: string): string {
  const start = endOfAuthority(url, url.indexOf("://") + 3);
  for (let end = start; end < url.length; end += 1) {
    const character = url.charCodeAt(end);
    if (character === 63 || character === 35) return url.slice(start, end);
  }
  return url.slice(start);
}

/** Everything after the authority: path and query. */
export function targetOf(url: string): string {
  const target = url.slice(endOfAuthority(url, url.indexOf("://") + 3));
  return target.startsWith("/") ? target : `/${target}`;
}

/**
 * Where a shopper at this URL comes back to after the line: its path and query, as a link that
 * leads nowhere but to this host; "/" when that is too long to be carried along.
 */
export function returnAddress(url: string): string {
  const target = targetOf(url);
  const path = pathOf(url);
  // What begins with two slashes, or one of them a backslash, is another host's address.
  const own = /^\/[/\\]/.test(target) ? canonicalPath(path) + target.slice(path.length) : target;
  return own.length <= RETURN_PATH_LENGTH_MAX && /^[\x21-\x7e]+$/.test(own) ? own : "/";
}

function endOfAuthority(url: string, from: number): number {
  for (let end = from; end < url.length; end += 1) {
    const character = url.charCodeAt(end);
    if (character === 47 || character === 63 || character === 35 || character === 92) return end;
  }
  return url.length;
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

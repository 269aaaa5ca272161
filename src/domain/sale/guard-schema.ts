/**
 * The guards of a sale as a merchant writes them, and the requests that bypass them.
 *
 * A guard names a host, a path and, optionally, methods. `host` is exact, `*.shop.example` (any
 * name below it, not itself) or `*`; ports, case and a trailing dot are ignored. `path` must match
 * the whole path; `*` stands for any run of characters. `guards/guard.ts` matches requests.
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
  TEXT_LENGTH_MAX,
} from "../limits.ts";

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
  /** Paths that the guard does not cover. */
  except: z.array(guardedPath).max(GUARD_EXCEPTIONS_MAX).default([]),
  methods: methods.min(1).optional(),
  exceptMethods: methods.default([]),
});

/** Named, because the generator of the API's document would call both formats `ip`. */
const ipv4 = z.ipv4().meta({ format: "ipv4" });
const ipv6 = z.ipv6().meta({ format: "ipv6" });

export const bypassSchema = z.strictObject({
  /** Client addresses as Cloudflare reports them: single addresses or CIDR blocks. */
  addresses: z
    .array(
      z.union([ipv4, ipv6, z.cidrv4(), z.cidrv6()], {
        error: "use an address or a CIDR block, such as 192.0.2.0/24 or 2001:db8::/32",
      }),
    )
    .max(BYPASS_ADDRESSES_MAX)
    .default([]),
  /** Tokens that bypass the guards as `Sluice-Bypass: <token>`; only their SHA-256 is stored. */
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
        /** A substring of the User-Agent. */
        userAgent: z.string().min(1).max(TEXT_LENGTH_MAX).optional(),
      }),
    )
    .max(BYPASS_HEALTH_CHECKS_MAX)
    .default([]),
});

export type Guard = Readonly<z.output<typeof guardSchema>>;
export type Bypass = Readonly<z.output<typeof bypassSchema>>;

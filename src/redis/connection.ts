/**
 * A merchant's Redis over Upstash's REST protocol: whether there is one, and how a script is run.
 *
 * Guarantee: one call is one request that ends after `REDIS_TIMEOUT_MS`, and a missing answer, an
 * error, or an answer of another shape is `unknown`. The script may have run then; every script is
 * written so that running it again is safe. Not for retries: the caller decides when to call again.
 */
import { Redis } from "@upstash/redis/cloudflare";
import { z } from "zod";
import { REDIS_TIMEOUT_MS } from "../domain/limits.ts";

const redisEnv = z.object({
  UPSTASH_REDIS_REST_URL: z.string().trim().default(""),
  UPSTASH_REDIS_REST_TOKEN: z.string().trim().default(""),
});
const restUrl = z.url({ protocol: /^https?$/ });

export type RedisConfig =
  | { readonly kind: "on"; readonly url: string; readonly token: string }
  | { readonly kind: "off" }
  /** One of the two without the other, or an address that is none. */
  | { readonly kind: "unusable"; readonly what: string };

/** Of a Worker's variables and secrets. Without an address the bridge is off. */
export function readRedisConfig(env: object): RedisConfig {
  const parsed = redisEnv.safeParse(env);
  if (!parsed.success) return { kind: "unusable", what: "UPSTASH_REDIS_REST_URL or _TOKEN" };
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = parsed.data;
  if (url === "") return { kind: "off" };
  if (!restUrl.safeParse(url).success) return { kind: "unusable", what: "UPSTASH_REDIS_REST_URL" };
  if (token === "") return { kind: "unusable", what: "UPSTASH_REDIS_REST_TOKEN" };
  return { kind: "on", url, token };
}

export interface RedisUnknown {
  readonly kind: "unknown";
  /** A code for logs and merchants; never Redis's message, which may quote keys and values. */
  readonly why: "timeout" | "unreachable" | "refused" | "unreadable" | "off";
}

/** The outcome without a Redis. */
export const REDIS_OFF: RedisUnknown = { kind: "unknown", why: "off" };

function whyOf(error: unknown): RedisUnknown["why"] {
  if (!(error instanceof Error)) return "unreachable";
  if (error.name === "TimeoutError" || error.name === "AbortError") return "timeout";
  if (error.name === "UpstashJSONParseError") return "unreadable";
  return error.name === "UpstashError" ? "refused" : "unreachable";
}

export class RedisConnection {
  readonly #redis: Redis;

  constructor({ url, token }: Extract<RedisConfig, { kind: "on" }>) {
    this.#redis = new Redis({
      url,
      token,
      // Answers are parsed here; the client would make numbers of some texts and not of others.
      automaticDeserialization: false,
      enableTelemetry: false,
      // `false` would still try twice.
      retry: { retries: 0 },
      // As a function. A plain signal that fires makes the client answer "Aborted" as if Redis had.
      signal: () => AbortSignal.timeout(REDIS_TIMEOUT_MS),
    });
  }

  /** Runs a Lua script, by its hash where Redis knows it, and parses what it answers. */
  async run<Schema extends z.ZodType>(
    script: string,
    keys: readonly string[],
    args: readonly string[],
    schema: Schema,
  ): Promise<{ readonly kind: "answer"; readonly answer: z.output<Schema> } | RedisUnknown> {
    try {
      const raw: unknown = await this.#redis.createScript(script).exec([...keys], [...args]);
      const parsed = schema.safeParse(raw);
      if (!parsed.success) return { kind: "unknown", why: "unreadable" };
      return { kind: "answer", answer: parsed.data };
    } catch (error) {
      return { kind: "unknown", why: whyOf(error) };
    }
  }
}

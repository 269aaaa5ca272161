/**
 * A merchant's Redis over Upstash's REST protocol: reads its settings and runs scripts.
 *
 * Guarantee: a script is one request that ends within `REDIS_TIMEOUT_MS`. A missing answer, an
 * error or an answer outside the schema is `unknown`: the script may have run or not. Every script
 * is idempotent, so a retry is safe.
 * Not for retries: the caller decides when to retry.
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
  /** One of the two settings is missing, or the address is not a URL. */
  | { readonly kind: "unusable"; readonly what: string };

/** From a Worker's variables and secrets. Without an address the bridge is off. */
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
  /** A code for logs and merchants; never the error of Redis, which may quote keys and values. */
  readonly why: "timeout" | "unreachable" | "refused" | "unreadable" | "off";
}

/** The outcome of every call without a configured Redis. */
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
      // Answers are parsed here, because the client would convert only some texts to numbers.
      automaticDeserialization: false,
      enableTelemetry: false,
      // `false` would still try twice.
      retry: { retries: 0 },
      // A function, because with a plain signal the client returns "Aborted" like an answer.
      signal: () => AbortSignal.timeout(REDIS_TIMEOUT_MS),
    });
  }

  /** Runs a Lua script, by its hash if Redis knows it, and parses the answer. */
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

/**
 * A Redis for the local run: a redis-server of this machine, the REST front before it, and the
 * settings that connect both Workers to it.
 *
 * Guarantee: it is empty at the start and gone at the end.
 */
import { randomBytes } from "node:crypto";
import { CannotGoOnError } from "../crowd/ask-again.ts";
import { startRestFront } from "./front.ts";
import { findRedisServer, startRedisServer } from "./redis-server.ts";

export interface LocalRedis {
  /** Of the REST front. */
  readonly url: string;
  /** Of redis-server itself, for `redis-cli -p`. */
  readonly port: number;
  /** Variables of the gate and of the orders Worker. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Throws CannotGoOnError where the machine has no redis-server. */
export async function startLocalRedis(): Promise<LocalRedis> {
  const executable = findRedisServer();
  if (executable === null) {
    throw new CannotGoOnError("there is no redis-server on this machine: install one first");
  }
  const server = await startRedisServer(executable);
  const token = randomBytes(24).toString("base64url");
  const front = await startRestFront({ redisPort: server.port, token });
  return {
    url: front.url,
    port: server.port,
    settings: { UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: token },
    stop: async () => {
      await front.stop();
      await server.stop();
    },
  };
}

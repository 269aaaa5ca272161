/**
 * A Redis for the local run: a redis-server process, its REST front, and the settings that connect
 * both Workers to it.
 *
 * Guarantee: Redis is empty at the start; `stop` ends both and deletes the data.
 */
import { randomBytes } from "node:crypto";
import { FatalError } from "../crowd/ask-again.ts";
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

/** Throws FatalError when redis-server is not installed. */
export async function startLocalRedis(): Promise<LocalRedis> {
  const executable = findRedisServer();
  if (executable === null) {
    throw new FatalError("redis-server is not installed on this machine; install it first");
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

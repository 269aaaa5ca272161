/**
 * A real Redis for one test file: a redis-server process, its REST front, and a direct connection
 * that bypasses the front.
 *
 * Guarantee: without redis-server, tests fail if `CI` is set. Otherwise each test is skipped with a
 * note on how to run it.
 */
import { Redis } from "ioredis";
import { LOOPBACK } from "../../../simulation/host/ports.ts";
import { type RestFront, startRestFront } from "../../../simulation/redis-rest/front.ts";
import { findRedisServer, startRedisServer } from "../../../simulation/redis-rest/redis-server.ts";
import { RedisConnection } from "../../../src/redis/connection.ts";

export const REST_TOKEN = "a token of the tests";

const executable = findRedisServer();
const INSTALL_NOTE = "no redis-server on this machine: apt-get install redis-server";

/** False where every test is skipped, so that nothing needs to be started for them. */
export const HAS_REDIS = executable !== null;

/** For `beforeEach`: without redis-server it skips the test, or fails it in CI. */
export function needRedis({ skip }: { skip: (note: string) => void }): void {
  if (executable !== null) return;
  if ((process.env["CI"] ?? "") !== "") throw new Error(INSTALL_NOTE);
  skip(INSTALL_NOTE);
}

export interface TestRedis {
  readonly front: RestFront;
  /** Bypasses the front. */
  readonly direct: Redis;
  /** Through the front, like the bridge. */
  readonly connection: RedisConnection;
  stop(): Promise<void>;
}

/** Null without redis-server; then `needRedis` skips or fails the tests. */
export async function startTestRedis(): Promise<TestRedis | null> {
  if (executable === null) return null;
  const server = await startRedisServer(executable);
  const front = await startRestFront({ redisPort: server.port, token: REST_TOKEN });
  const direct = new Redis({ host: LOOPBACK, port: server.port });
  return {
    front,
    direct,
    connection: new RedisConnection({ kind: "on", url: front.url, token: REST_TOKEN }),
    stop: async () => {
      direct.disconnect();
      await front.stop();
      await server.stop();
    },
  };
}

/** For tests that run only with Redis. */
export function sure(redis: TestRedis | null): TestRedis {
  if (redis === null) throw new Error(INSTALL_NOTE);
  return redis;
}

/** The entries of a stream, oldest first. */
export async function entriesOf(
  { direct }: TestRedis,
  stream: string,
): Promise<Record<string, string>[]> {
  const entries = await direct.xrange(stream, "-", "+");
  return entries.map(([, fields]): Record<string, string> => {
    const values = fields.filter((_, index) => index % 2 === 1);
    const names = fields.filter((_, index) => index % 2 === 0);
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
  });
}

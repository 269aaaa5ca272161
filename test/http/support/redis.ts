/**
 * A real Redis for one test file: a redis-server process of its own, the REST front before it, and
 * a plain connection past the front to see what is really there.
 *
 * Guarantee: where CI is set, a machine without redis-server is a failure. Elsewhere each test is
 * skipped and says how to run it.
 */
import { Redis } from "ioredis";
import { LOOPBACK } from "../../../simulation/host/ports.ts";
import { type RestFront, startRestFront } from "../../../simulation/redis-rest/front.ts";
import { findRedisServer, startRedisServer } from "../../../simulation/redis-rest/redis-server.ts";
import { RedisConnection } from "../../../src/redis/connection.ts";

export const REST_TOKEN = "a token of the tests";

const executable = findRedisServer();
const HOW = "no redis-server on this machine: apt-get install redis-server";

/** False where every test is skipped: there nothing needs to be started for them. */
export const HAS_REDIS = executable !== null;

/** For `beforeEach`: skips the test, or fails it in CI, where there is no Redis. */
export function needRedis({ skip }: { skip: (note: string) => void }): void {
  if (executable !== null) return;
  if ((process.env["CI"] ?? "") !== "") throw new Error(HOW);
  skip(HOW);
}

export interface TestRedis {
  readonly front: RestFront;
  /** Past the front. */
  readonly direct: Redis;
  /** As the bridge reaches it: through the front. */
  readonly connection: RedisConnection;
  stop(): Promise<void>;
}

/** Null where the machine has none; `needRedis` has its say about that. */
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

/** For a test that runs only where there is one. */
export function sure(redis: TestRedis | null): TestRedis {
  if (redis === null) throw new Error(HOW);
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

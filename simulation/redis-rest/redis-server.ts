/**
 * A local redis-server process, for tests and the local run.
 *
 * Guarantee: it listens on the loopback interface only, has answered a PING when
 * `startRedisServer` resolves, and leaves no data behind when it is stopped.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Redis } from "ioredis";
import { LOOPBACK, reservePort } from "../host/ports.ts";

const NAME = "redis-server";
const START_TIMEOUT_MS = 10_000;
const PING_INTERVAL_MS = 25;

/** Returns the path of the executable, or null when the search path has none. */
export function findRedisServer(path = process.env["PATH"] ?? ""): string | null {
  const candidates = path.split(delimiter).map((folder) => join(folder, NAME));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Throws when the server does not answer within ten seconds. */
export async function startRedisServer(executable: string): Promise<RedisServer> {
  const port = await reservePort(0, "");
  const folder = mkdtempSync(join(tmpdir(), "sluice-redis-"));
  const where = ["--port", `${port}`, "--bind", LOOPBACK, "--dir", folder];
  const args = [...where, "--save", "", "--appendonly", "no"];
  const child = spawn(executable, args, { stdio: "ignore" });
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const stop = async (): Promise<void> => {
    process.removeListener("exit", killAtExit);
    await kill(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  await new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
}

async function waitUntilReady(port: number, child: ChildProcess): Promise<void> {
  const redis = new Redis({ host: LOOPBACK, port, retryStrategy: () => PING_INTERVAL_MS });
  // Every attempt to connect fails until the server listens; only the result of PING counts.
  redis.on("error", () => undefined);
  const gone = new Promise<never>((_, reject) => {
    const fail = (why: string) => reject(new Error(`${NAME} did not start: ${why}`));
    child.once("error", ({ message }) => fail(message));
    child.once("exit", (code) => fail(`exit code ${code}`));
    AbortSignal.timeout(START_TIMEOUT_MS).addEventListener("abort", () => fail("no answer"));
  });
  try {
    await Promise.race([redis.ping(), gone]);
  } finally {
    redis.disconnect();
    gone.catch(() => undefined);
  }
}

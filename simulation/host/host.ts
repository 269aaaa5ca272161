/**
 * Starts the whole of Sluice on this machine, with the bindings of the wrangler.toml files: the
 * gate and the orders Worker in one Miniflare, the sandbox payment provider in another. Each is a
 * process with one thread for all its Workers, and a provider's work is not to be waited for by
 * shoppers, here as little as in a deployment.
 *
 * Guarantee: when `startHost` resolves, both addresses answer and the order book is migrated. The
 * gate is reached directly, without the proxy and the asset router that Miniflare puts before a
 * Worker; they are four times slower than the Worker itself. So a request for a static asset
 * reaches the gate too, which answers it through its ASSETS binding.
 *
 * Crons come when they are due where `startCrons` is given; Miniflare fires none by itself.
 *
 * Not for production, and not a copy of it: queues deliver in order and once, KV is consistent at
 * once, and there is one location.
 */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4WorkerOptions,
} from "miniflare";
import { ADMIN_TOKEN_LENGTH_MIN } from "../../src/domain/limits.ts";
import { bundleWorker } from "./bundle.ts";
import { loadLocalSecrets, SANDBOX_API_KEY, SANDBOX_WEBHOOK_SECRET } from "./local-secrets.ts";
import { migrate } from "./migrate.ts";
import { makePassingFolder } from "./scratch-folder.ts";
import { LOOPBACK, reservePort } from "./ports.ts";
import { SANDBOX_TURNSTILE_SECRET } from "../sandbox/turnstile.ts";
import type { StartCrons, Crons } from "./crons.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import {
  composeWorker,
  type RateLimits,
  readWorkerConfig,
  type WorkerConfig,
} from "../../scripts/worker-config.ts";

export interface HostOptions {
  /** Where state and secrets are kept, from the working directory; `null` keeps them in memory. */
  readonly folder?: string | null;
  /** Empties the folder's state and secrets before starting. */
  readonly fresh?: boolean;
  /** 0 takes any free port. */
  readonly port?: number;
  readonly sandboxPort?: number;
  /** Replaces the generated token. At least 32 characters. */
  readonly adminToken?: string | undefined;
  readonly rateLimits?: RateLimits;
  /** Added to the variables of each Worker, last. */
  readonly variables?: Partial<Record<WorkerRole, Readonly<Record<string, string>>>>;
  /** True runs `drill/chaos-*.ts`: objects die at random, messages come twice and shuffled. */
  readonly chaos?: boolean;
  /** Absolute path of another entry file for the gate, such as one with a fault planted in it. */
  readonly gateEntry?: string;
  /** False leaves out the orders Worker and the sandbox: orders are taken and go no further. */
  readonly pipeline?: boolean;
  /**
   * More Workers in the same process, by the paths of their wrangler.toml from the project's root,
   * each behind a socket of its own on any free port.
   */
  readonly extraWorkers?: readonly string[];
  /** Keeps the crons of the orders Worker until the host stops; without it none comes. */
  readonly startCrons?: StartCrons;
  /** Receives what the Workers log. By default warnings and errors go to standard error. */
  readonly onLog?: (entry: LogEntry) => void;
}

export type WorkerRole = "gate" | "orders" | "sandbox";

export interface LogEntry {
  readonly timestamp: number;
  readonly level: string;
  readonly message: string;
}

export interface Host {
  /** Addresses without a slash at the end. */
  readonly gateUrl: string;
  /** Nothing listens there when the host was started without its pipeline. */
  readonly sandboxUrl: string;
  /** In the order of `extraWorkers`. */
  readonly extraUrls: readonly string[];
  readonly adminToken: string;
  /** The bindings of each Worker but the sandbox are reached by its name in wrangler.toml. */
  readonly miniflare: Miniflare;
  readonly stop: () => Promise<void>;
}

const CONFIG_PATHS: Readonly<Record<WorkerRole, string>> = {
  gate: "wrangler.toml",
  orders: "queues/wrangler.toml",
  sandbox: "simulation/sandbox/wrangler.toml",
};

const STARTS_MAX = 3;

/** A port that was free when it was found may be gone when workerd wants it: another is tried. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (start >= STARTS_MAX || !lostAnyPort(error, options)) throw error;
    }
  }
}

/** Of a port that was asked for by its number the one who asked is told. */
function lostAnyPort(error: unknown, { port, sandboxPort }: HostOptions): boolean {
  const isLost = error instanceof Error && "code" in error && error.code === "ERR_ADDRESS_IN_USE";
  return isLost && port === 0 && sandboxPort === 0;
}

async function startOnce(options: HostOptions): Promise<Host> {
  const state = openState(options);
  const port = await reservePort(options.port ?? 8787, "--port");
  const sandboxPort = await reservePort(options.sandboxPort ?? 8788, "--sandbox-port");
  const secrets = loadLocalSecrets(state.secretsPath);
  const adminToken = chooseAdminToken(options.adminToken, secrets.ADMIN_TOKEN);
  const gateUrl = `http://${LOOPBACK}:${port}`;
  const sandboxUrl = `http://${LOOPBACK}:${sandboxPort}`;
  const addresses = { gateUrl, sandboxUrl };
  const variables = composeVariables({ ...secrets, ADMIN_TOKEN: adminToken }, addresses, options);
  const { gate, orders, sandbox } = readRoles(options);
  const hasPipeline = options.pipeline ?? true;
  const extra = await composeExtra(options.extraWorkers ?? []);
  const runtimes: Miniflare[] = [];
  let running: Crons | null = null;
  const run = (workers: V4WorkerOptions[]): Miniflare => {
    const runtime = new Miniflare(
      convertV4MiniflareOptions({ ...runtimeOptions(state.path, options), workers }),
    );
    runtimes.push(runtime);
    return runtime;
  };
  const stop = async (): Promise<void> => {
    running?.stop();
    await Promise.all(runtimes.map((runtime) => runtime.dispose()));
    state.close();
  };
  try {
    const miniflare = run([
      await composeRole(gate, variables.gate),
      composeDoor("gate-door", gate.name, port),
      ...(hasPipeline ? [await composeRole(orders, variables.orders)] : []),
      ...extra.flatMap(({ workers }) => workers),
    ]);
    if (hasPipeline) {
      run([
        await composeRole(sandbox, variables.sandbox),
        composeDoor("sandbox-door", sandbox.name, sandboxPort),
      ]);
    }
    await Promise.all(runtimes.map((runtime) => runtime.ready));
    const orderBook = await miniflare.getD1Database("ORDER_BOOK", gate.name);
    await migrate(orderBook, join(PROJECT_ROOT, "queues", "migrations"));
    const crons = hasPipeline ? orders.crons : [];
    const fire = (cron: string) => fireCron(miniflare, orders.name, cron);
    running = options.startCrons?.(crons, fire, printLine) ?? null;
    return { ...addresses, extraUrls: extra.map(({ url }) => url), adminToken, miniflare, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function fireCron(miniflare: Miniflare, worker: string, cron: string): Promise<void> {
  const { outcome } = await (await miniflare.getWorker(worker)).scheduled({ cron });
  if (outcome !== "ok") throw new Error(`${worker} ended it with ${outcome}`);
}

function composeVariables(
  secrets: ReturnType<typeof loadLocalSecrets>,
  { gateUrl, sandboxUrl }: Pick<Host, "gateUrl" | "sandboxUrl">,
  { variables }: HostOptions,
): Record<WorkerRole, Record<string, string>> {
  return {
    gate: {
      ...secrets,
      TEST_CARDS: "on",
      WEBHOOKS_ALLOW_PRIVATE: "on",
      STRIPE_WEBHOOK_SECRET: SANDBOX_WEBHOOK_SECRET,
      TURNSTILE_SECRET: SANDBOX_TURNSTILE_SECRET,
      TURNSTILE_VERIFY_URL: `${sandboxUrl}/turnstile/v0/siteverify`,
      ...variables?.gate,
    },
    orders: {
      STRIPE_API_KEY: SANDBOX_API_KEY,
      STRIPE_API_BASE: sandboxUrl,
      WEBHOOK_KEYS: secrets.WEBHOOK_KEYS,
      WEBHOOKS_ALLOW_PRIVATE: "on",
      ...variables?.orders,
    },
    sandbox: {
      WEBHOOK_URL: `${gateUrl}/_sluice/v1/webhooks/stripe`,
      WEBHOOK_SECRET: SANDBOX_WEBHOOK_SECRET,
      ...variables?.sandbox,
    },
  };
}

function runtimeOptions(statePath: string, { onLog }: HostOptions) {
  return {
    resourcePersistencePath: statePath,
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: onLog ?? printProblems,
  } as const;
}

interface State {
  readonly path: string;
  /** Null: the secrets are not kept. */
  readonly secretsPath: string | null;
  readonly close: () => void;
}

function openState(options: HostOptions): State {
  const folder = options.folder === undefined ? join(PROJECT_ROOT, ".sluice") : options.folder;
  if (folder === null) {
    const { path, remove } = makePassingFolder();
    return { path, secretsPath: null, close: remove };
  }
  const { state, secrets } = resolveFolder(folder, options.fresh ?? false);
  return { path: state, secretsPath: secrets, close: () => undefined };
}

function resolveFolder(folder: string, fresh: boolean) {
  const state = resolve(folder, "state");
  const secrets = resolve(folder, "secrets.json");
  // Only what the host itself keeps there is removed, whatever folder was named.
  if (fresh) for (const path of [state, secrets]) rmSync(path, { recursive: true, force: true });
  return { state, secrets };
}

function chooseAdminToken(given: string | undefined, generated: string): string {
  if (given === undefined || given === "") return generated;
  if (given.length < ADMIN_TOKEN_LENGTH_MIN) {
    throw new Error(
      `ADMIN_TOKEN has ${given.length} characters; ${ADMIN_TOKEN_LENGTH_MIN} are needed`,
    );
  }
  return given;
}

function readRoles({
  rateLimits = "lifted",
  chaos = false,
  gateEntry,
}: HostOptions): Record<WorkerRole, WorkerConfig> {
  const gate = readWorkerConfig(CONFIG_PATHS.gate, rateLimits);
  const orders = readWorkerConfig(CONFIG_PATHS.orders, rateLimits);
  const folder = join(PROJECT_ROOT, "simulation", "drill");
  return {
    gate: { ...gate, main: gateEntry ?? (chaos ? join(folder, "chaos-gate.ts") : gate.main) },
    orders: chaos ? { ...orders, main: join(folder, "chaos-orders-worker.ts") } : orders,
    sandbox: readWorkerConfig(CONFIG_PATHS.sandbox, rateLimits),
  };
}

async function composeRole(
  config: WorkerConfig,
  variables: Readonly<Record<string, string>>,
): Promise<V4WorkerOptions> {
  return composeWorker(config, await bundleWorker(config.main), variables);
}

async function composeExtra(configPaths: readonly string[]) {
  const composed: { url: string; workers: V4WorkerOptions[] }[] = [];
  for (const path of configPaths) {
    const config = readWorkerConfig(path, "lifted");
    const port = await reservePort(0, "");
    composed.push({
      url: `http://${LOOPBACK}:${port}`,
      workers: [
        await composeRole(config, {}),
        composeDoor(`${config.name}-door`, config.name, port),
      ],
    });
  }
  return composed;
}

/**
 * A socket that leads to a Worker's own code. A socket opened on a Worker with assets would lead
 * to the asset router; one on a Worker without assets, naming the other as its service, does not.
 */
function composeDoor(name: string, serviceName: string, port: number): V4WorkerOptions {
  return {
    name,
    modules: [{ type: "ESModule", path: `${name}.mjs`, contents: "export default {};" }],
    unsafeDirectSockets: [{ host: LOOPBACK, port, serviceName }],
  };
}

function printProblems({ level, message }: LogEntry): void {
  if (level === "error" || level === "warn") printLine(message);
}

function printLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

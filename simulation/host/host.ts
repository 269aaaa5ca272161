/**
 * Starts all of Sluice on this machine, with the bindings of the wrangler.toml files: the gate and
 * the orders Worker in one Miniflare, the sandbox payment provider in another. A Miniflare is a
 * process with one thread for all its Workers; the provider has its own, because in a deployment
 * its work does not delay shoppers either.
 *
 * Guarantee: when `startHost` resolves, both addresses answer and the order book is migrated. The
 * gate is reached directly, without Miniflare's proxy and asset router, which are four times slower
 * than the Worker itself. Therefore requests for static assets reach the gate too, which answers
 * them through its ASSETS binding.
 *
 * Miniflare fires no crons; they run only if `startCrons` is given.
 *
 * Not for production, and it differs from it: queues deliver in order and exactly once, KV is
 * consistent at once, and there is one location.
 */
import { join } from "node:path";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4WorkerOptions,
} from "miniflare";
import { ADMIN_TOKEN_LENGTH_MIN } from "../../src/domain/limits.ts";
import { startBeaconServer } from "./beacon-server.ts";
import { bundleWorker } from "./bundle.ts";
import {
  loadLocalSecrets,
  SANDBOX_API_KEY,
  SANDBOX_MAIL_KEY,
  SANDBOX_PUBLISHABLE_KEY,
  SANDBOX_WEBHOOK_SECRET,
} from "./local-secrets.ts";
import { migrate } from "./migrate.ts";
import {
  type Restartable,
  type RuntimeWatch,
  type Watcher,
  watchRuntimes,
} from "./runtime-watch.ts";
import { createFullDiskFilter } from "./full-disk.ts";
import { openStateFolder, type StateFolder } from "./state-folder.ts";
import { LOOPBACK, reservePort } from "./ports.ts";
import { standInSettings } from "../sandbox/beacon.ts";
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
  /**
   * The folder of state and secrets, relative to the working directory; `null` keeps them only
   * while the host runs.
   */
  readonly folder?: string | null;
  /** Deletes the folder's state and secrets before the start. */
  readonly fresh?: boolean;
  /** 0: any free port. */
  readonly port?: number;
  readonly sandboxPort?: number;
  /** Used instead of the generated token. At least 32 characters. */
  readonly adminToken?: string | undefined;
  readonly rateLimits?: RateLimits;
  /** Variables of each Worker; they override all others. */
  readonly variables?: Partial<Record<WorkerRole, Readonly<Record<string, string>>>>;
  /** True runs `drill/chaos-*.ts`: objects abort at random, messages come twice and reordered. */
  readonly chaos?: boolean;
  /** Absolute path of another entry file for the gate, such as one with a deliberate fault. */
  readonly gateEntry?: string;
  /** False leaves out the orders Worker and the sandbox: orders are accepted but not processed. */
  readonly pipeline?: boolean;
  /**
   * More Workers in the same process: paths of their wrangler.toml, relative to the project's root.
   * Each listens on a free port of its own.
   */
  readonly extraWorkers?: readonly string[];
  /** Fires the crons of the orders Worker until the host stops; without it they do not run. */
  readonly startCrons?: StartCrons;
  /**
   * Starts a runtime that was killed again, and kills the runtimes when this process is killed.
   * Without it a killed runtime is started again once, and silently.
   */
  readonly watcher?: Watcher;
  /** Receives the Workers' log entries. By default warnings and errors go to standard error. */
  readonly onLog?: (entry: LogEntry) => void;
}

export type WorkerRole = "gate" | "orders" | "sandbox";

export interface LogEntry {
  readonly timestamp: number;
  readonly level: string;
  readonly message: string;
}

export interface Host {
  /** URLs have no slash at the end. */
  readonly gateUrl: string;
  /** Nothing listens there when the host was started without its pipeline. */
  readonly sandboxUrl: string;
  /** In the order of `extraWorkers`. */
  readonly extraUrls: readonly string[];
  readonly adminToken: string;
  /** For access to the bindings of a Worker other than the sandbox, by its wrangler.toml name. */
  readonly miniflare: Miniflare;
  /** As if something had killed both runtimes; with a `watcher` they are started again. */
  readonly killRuntimes: () => void;
  readonly stop: () => Promise<void>;
}

const CONFIG_PATHS: Readonly<Record<WorkerRole, string>> = {
  gate: "wrangler.toml",
  orders: "queues/wrangler.toml",
  sandbox: "simulation/sandbox/wrangler.toml",
};

const STARTS_MAX = 3;

/** A free port can be taken before workerd listens on it; if any port will do, it tries others. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (start >= STARTS_MAX || !lostAnyPort(error, options)) throw error;
    }
  }
}

/** True when another start, with other ports, can succeed: no port was given by its number. */
function lostAnyPort(error: unknown, { port, sandboxPort }: HostOptions): boolean {
  const isLost = error instanceof Error && "code" in error && error.code === "ERR_ADDRESS_IN_USE";
  return isLost && port === 0 && sandboxPort === 0;
}

async function startOnce(options: HostOptions): Promise<Host> {
  const state = openStateFolder(options.folder, options.fresh ?? false);
  const watch = options.watcher === undefined ? null : watchRuntimes(options.watcher);
  try {
    return await startIn(state, watch, options);
  } catch (cause) {
    watch?.stop();
    state.close();
    throw cause;
  }
}

async function startIn(
  state: StateFolder,
  watch: RuntimeWatch | null,
  options: HostOptions,
): Promise<Host> {
  const port = await reservePort(options.port ?? 8787, "--port");
  const sandboxPort = await reservePort(options.sandboxPort ?? 8788, "--sandbox-port");
  const secrets = loadLocalSecrets(state.secretsPath);
  const adminToken = chooseAdminToken(options.adminToken, secrets.ADMIN_TOKEN);
  const gateUrl = `http://${LOOPBACK}:${port}`;
  const sandboxUrl = `http://${LOOPBACK}:${sandboxPort}`;
  const addresses = { gateUrl, sandboxUrl };
  const beacon = await startBeaconServer();
  const known = { ...secrets, ...standInSettings(beacon.url), ADMIN_TOKEN: adminToken };
  const variables = composeVariables(known, addresses, options);
  const { gate, orders, sandbox } = readRoles(options);
  const hasPipeline = options.pipeline ?? true;
  const extra = await composeExtra(options.extraWorkers ?? []);
  const runtimes: Miniflare[] = [];
  const restarts: Restartable[] = [];
  let running: Crons | null = null;
  const run = (workers: V4WorkerOptions[]): Miniflare => {
    const all = convertV4MiniflareOptions({ ...runtimeOptions(state.path, options), workers });
    const runtime = new Miniflare(all);
    runtimes.push(runtime);
    restarts.push({ isReady: () => runtime.ready, restart: () => runtime.setOptions(all) });
    return runtime;
  };
  const stop = async (): Promise<void> => {
    running?.stop();
    watch?.stop();
    await Promise.all([beacon.stop(), ...runtimes.map((runtime) => runtime.dispose())]);
    state.close();
  };
  try {
    state.confirm();
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
    for (const restart of restarts) watch?.add(restart);
    const crons = hasPipeline ? orders.crons : [];
    const fire = (cron: string) => fireCron(miniflare, orders.name, cron);
    running = options.startCrons?.(crons, fire, printLine) ?? null;
    const extraUrls = extra.map(({ url }) => url);
    const killRuntimes = (): void => watch?.kill();
    return { ...addresses, extraUrls, adminToken, miniflare, killRuntimes, stop };
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
      STRIPE_PUBLISHABLE_KEY: SANDBOX_PUBLISHABLE_KEY,
      STRIPE_JS_URL: `${sandboxUrl}/sandbox/stripe.js`,
      MAIL_BACKEND: "http",
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
      BACKENDS_ALLOW_HTTP: "on",
      MAIL_BACKEND: "http",
      MAIL_API_URL: `${sandboxUrl}/emails`,
      MAIL_API_KEY: SANDBOX_MAIL_KEY,
      MAIL_FROM: "The shop <orders@shop.example>",
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
    handleStructuredLogs: onLog ?? printProblems(statePath),
  } as const;
}

function chooseAdminToken(given: string | undefined, generated: string): string {
  if (given === undefined || given === "") return generated;
  if (given.length < ADMIN_TOKEN_LENGTH_MIN) {
    throw new Error(
      `ADMIN_TOKEN has ${given.length} characters; it needs at least ${ADMIN_TOKEN_LENGTH_MIN}`,
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
 * A Worker whose socket leads directly to another Worker's code. A socket of a Worker with assets
 * leads to the asset router; a socket of a Worker without assets that names the other Worker as
 * its service does not.
 */
function composeDoor(name: string, serviceName: string, port: number): V4WorkerOptions {
  return {
    name,
    modules: [{ type: "ESModule", path: `${name}.mjs`, contents: "export default {};" }],
    unsafeDirectSockets: [{ host: LOOPBACK, port, serviceName }],
  };
}

function printProblems(statePath: string): (entry: LogEntry) => void {
  const filter = createFullDiskFilter(statePath);
  return (entry) => {
    if (entry.level !== "error" && entry.level !== "warn") return;
    const line = filter(entry);
    if (line !== null) printLine(line);
  };
}

function printLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

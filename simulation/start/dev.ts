/**
 * `npm run dev`: both Workers under `wrangler dev`, reloaded when their code changes, with the
 * sandbox payment provider beside them. Local variables are generated when they are missing.
 *
 * For writing code: it goes through wrangler's development proxy, which answers some hundred
 * requests a second. `npm start` reaches the Workers directly.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "../../scripts/define-command.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { generateGateSecrets } from "../../scripts/secret-set.ts";
import {
  SANDBOX_API_KEY,
  SANDBOX_PUBLISHABLE_KEY,
  SANDBOX_WEBHOOK_SECRET,
} from "../host/local-secrets.ts";
import { standInSettings } from "../sandbox/beacon.ts";

const PORT = 8787;
const SANDBOX_PORT = 8788;
const STATE = join(PROJECT_ROOT, ".sluice", "dev");
const WRANGLER = join(PROJECT_ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** wrangler reads these files beside each wrangler.toml; git ignores them. */
function writeMissingVariables(): void {
  const secrets = generateGateSecrets();
  const WEBHOOKS_ALLOW_PRIVATE = "on";
  const STRIPE_WEBHOOK_SECRET = SANDBOX_WEBHOOK_SECRET;
  writeWhenMissing(".dev.vars", {
    ...secrets,
    STRIPE_PUBLISHABLE_KEY: SANDBOX_PUBLISHABLE_KEY,
    STRIPE_JS_URL: `http://127.0.0.1:${SANDBOX_PORT}/sandbox/stripe.js`,
    STRIPE_WEBHOOK_SECRET,
    WEBHOOKS_ALLOW_PRIVATE,
    ...standInSettings(`http://127.0.0.1:${SANDBOX_PORT}/beacon`),
  });
  writeWhenMissing("simulation/sandbox/.dev.vars", {
    WEBHOOK_URL: `http://127.0.0.1:${PORT}/_sluice/v1/webhooks/stripe`,
    WEBHOOK_SECRET: SANDBOX_WEBHOOK_SECRET,
  });
  writeWhenMissing("queues/.dev.vars", {
    STRIPE_API_KEY: SANDBOX_API_KEY,
    STRIPE_API_BASE: `http://127.0.0.1:${SANDBOX_PORT}`,
    WEBHOOK_KEYS: secrets.WEBHOOK_KEYS,
    WEBHOOKS_ALLOW_PRIVATE,
  });
}

function writeWhenMissing(name: string, variables: Readonly<Record<string, string>>): void {
  const path = join(PROJECT_ROOT, name);
  if (existsSync(path)) return;
  const lines = Object.entries(variables).map(([key, value]) => `${key}='${value}'\n`);
  writeFileSync(path, lines.join(""), { mode: 0o600 });
  process.stdout.write(`Wrote ${name}\n`);
}

function migrateLocally(): void {
  const args = ["d1", "migrations", "apply", "ORDER_BOOK", "--local", "--persist-to", STATE];
  const { status } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd: PROJECT_ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error("The local order book could not be migrated; see above.");
}

function startDev(configs: readonly string[], onPort: number, stdin: "inherit" | "ignore") {
  const configArgs = configs.flatMap((config) => ["--config", config]);
  const args = ["dev", ...configArgs, "--port", `${onPort}`, "--persist-to", STATE];
  return spawn(process.execPath, [WRANGLER, ...args, "--inspector-port", "0"], {
    cwd: PROJECT_ROOT,
    stdio: [stdin, "inherit", "inherit"],
    // The build command of the wrangler.toml files stops a wrangler that was started without it.
    env: { ...process.env, SLUICE_GUIDED: "1" },
  });
}

/**
 * Ctrl-C at a terminal reaches both by itself; when one of them ends, the other is stopped too.
 * The exit code is that of the one that ended first.
 */
function endTogether(children: readonly ChildProcess[]): Promise<number> {
  const stopAll = () => {
    for (const child of children) if (child.exitCode === null) child.kill();
  };
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) stopAll();
  });
  process.on("SIGTERM", stopAll);
  return new Promise((resolve) => {
    for (const child of children) {
      child.once("exit", (code) => {
        resolve(code ?? 0);
        stopAll();
      });
    }
  });
}

const devCommand = defineCommand({
  name: "npm run dev --",
  summary: `Runs both Workers under wrangler dev on port ${PORT}, reloaded when their code
    changes, with the sandbox payment provider on port ${SANDBOX_PORT}.`,
  options: {},
  notes: "Variables are generated when they are missing; state is kept in .sluice/dev.",
  exitCodes: "that of wrangler",
});

process.exitCode = await devCommand.run(() => {
  writeMissingVariables();
  migrateLocally();
  return endTogether([
    startDev(["simulation/sandbox/wrangler.toml"], SANDBOX_PORT, "ignore"),
    startDev(["wrangler.toml", "queues/wrangler.toml"], PORT, "inherit"),
  ]);
});

/**
 * A deployment: creates the queues, the KV namespace and the database that are missing, migrates
 * the database, and deploys the gate and then the orders Worker, which binds the gate's Order
 * objects. What it does is planned first (`deploy-plan.ts`), and `--dry-run` shows that plan. It
 * can be run again at any point, also after a failure.
 */
import { join, resolve } from "node:path";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { type Progress, withProgress } from "../../scripts/progress.mjs";
import { OperatorError, type Wrangler, wrangler } from "../wrangler.ts";
import { inventIds, isLoggedIn, provision, readAccount } from "./account.ts";
import { readDeployConfigs } from "./deploy-config.ts";
import { secretNames, writeFilledCopy } from "./deploy-files.ts";
import { missingSecrets, type Plan, planDeployment } from "./deploy-plan.ts";
import { printPlan } from "./deploy-report.ts";
import type { DeployOptions } from "./options.ts";

const GATE_CONFIG = join(PROJECT_ROOT, "wrangler.toml");
const ORDERS_CONFIG = join(PROJECT_ROOT, "queues", "wrangler.toml");
const NO_WISHES = { routes: [], origin: null };

async function deploy(options: DeployOptions, wrangler: Wrangler): Promise<void> {
  const configs = readDeployConfigs(GATE_CONFIG, ORDERS_CONFIG);
  const wishes = {
    ...options,
    secrets: {
      gate: secretNames(options.gateSecrets, "--gate-secrets"),
      orders: secretNames(options.ordersSecrets, "--orders-secrets"),
    },
  };
  const loggedIn = await isLoggedIn(wrangler);
  const account = loggedIn ? await readAccount(wrangler, configs) : null;
  const plan = planDeployment(configs, wishes, account);
  if (options.dryRun) {
    showPlan(plan, options.json);
    const { gate, orders } = writeCopies(options, inventIds(configs));
    for (const config of [gate, orders]) await build(wrangler, config, options.json);
    return;
  }
  if (!loggedIn) {
    throw new OperatorError(
      "Not logged in to Cloudflare. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN.",
    );
  }
  refuseWithoutSecrets(plan);
  const { gate, orders } = writeCopies(options, await provision(wrangler, configs));
  // The tables come first: both Workers may ask for them from their first request on.
  for (const database of Object.keys(configs.migrations)) {
    await wrangler.run(["d1", "migrations", "apply", database, "--remote", "--config", orders]);
  }
  await deployWorker(wrangler, gate, options.gateSecrets);
  await deployWorker(wrangler, orders, options.ordersSecrets);
}

function showPlan(plan: Plan, asJson: boolean): void {
  process.stdout.write(asJson ? `${JSON.stringify(plan, null, 2)}\n` : printPlan(plan));
}

function writeCopies(options: DeployOptions, ids: ReadonlyMap<string, string>) {
  return {
    gate: writeFilledCopy(GATE_CONFIG, "gate.toml", ids, options),
    orders: writeFilledCopy(ORDERS_CONFIG, "orders.toml", ids, NO_WISHES),
  };
}

/** Bundles a Worker and checks its configuration the way a deployment does. */
async function build(wrangler: Wrangler, config: string, quietly: boolean): Promise<void> {
  const command = ["deploy", "--dry-run", "--config", config];
  if (!quietly) return wrangler.run(command);
  const { succeeded, answer } = await wrangler.ask(command);
  if (!succeeded) throw new OperatorError(`wrangler ${command.join(" ")} failed:\n${answer}`);
}

/** Before anything is created; wrangler itself would refuse only after that. */
function refuseWithoutSecrets(plan: Plan): void {
  const missing = missingSecrets(plan);
  if (missing.length === 0) return;
  throw new OperatorError(
    [
      ...missing.map(({ worker, secret }) => `${worker} lacks the secret ${secret}.`),
      "Give the gate's with --gate-secrets, the orders Worker's with --orders-secrets.",
    ].join("\n"),
  );
}

function deployWorker(
  wrangler: Wrangler,
  config: string,
  secretsFile: string | null,
): Promise<void> {
  const secrets = secretsFile === null ? [] : ["--secrets-file", resolve(secretsFile)];
  return wrangler.run(["deploy", "--config", config, ...secrets]);
}

/** @returns the exit code */
export async function runDeployment(options: DeployOptions): Promise<number> {
  try {
    await withProgress("Reading the wrangler.toml files", (progress) => {
      return deploy(options, watched(wrangler, progress));
    });
    return 0;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const kept = "What was created is kept, and used when the same command is run again.";
    process.stderr.write(`${error.message}\n${options.dryRun ? "" : `${kept}\n`}`);
    return 1;
  }
}

/** Shows the command that is waited for, unless the command itself prints. */
function watched(inner: Wrangler, { show, clear }: Progress): Wrangler {
  return {
    run: (args) => {
      clear();
      show("");
      return inner.run(args);
    },
    ask: async (args) => {
      show(`wrangler ${args.join(" ")}`);
      const answer = await inner.ask(args);
      clear();
      return answer;
    },
  };
}

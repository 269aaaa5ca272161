/**
 * `npm run deploy`: puts both Workers into the Cloudflare account wrangler is logged in to.
 *
 * Creates the queues, the KV namespace and the database that are missing, migrates the database,
 * and deploys the gate and then the orders Worker, which binds the gate's Order objects. What it
 * does is planned first (`deploy-plan.ts`), and `--dry-run` shows that plan. It can be run again at
 * any point, also after a failure. The options are in `deploy-options.ts`.
 */
import { join, resolve } from "node:path";
import { inventIds, isLoggedIn, provision, readAccount } from "./account.ts";
import { readDeployConfigs } from "./deploy-config.ts";
import { secretNames, writeFilledCopy } from "./deploy-files.ts";
import { type DeployOptions, readDeployCommand, USAGE } from "./deploy-options.ts";
import { missingSecrets, type Plan, planDeployment } from "./deploy-plan.ts";
import { printPlan } from "./deploy-report.ts";
import { OperatorError, PROJECT_ROOT, wrangler } from "../wrangler.ts";

const GATE_CONFIG = join(PROJECT_ROOT, "wrangler.toml");
const ORDERS_CONFIG = join(PROJECT_ROOT, "queues", "wrangler.toml");
const NO_WISHES = { routes: [], origin: null };

function deploy(options: DeployOptions): void {
  const configs = readDeployConfigs(GATE_CONFIG, ORDERS_CONFIG);
  const wishes = {
    ...options,
    secrets: {
      gate: secretNames(options.gateSecrets, "--gate-secrets"),
      orders: secretNames(options.ordersSecrets, "--orders-secrets"),
    },
  };
  const loggedIn = isLoggedIn(wrangler);
  const account = loggedIn ? readAccount(wrangler, configs) : null;
  const plan = planDeployment(configs, wishes, account);
  if (options.dryRun) {
    showPlan(plan, options.json);
    const { gate, orders } = writeCopies(options, inventIds(configs));
    for (const config of [gate, orders]) build(config, options.json);
    return;
  }
  if (!loggedIn) {
    throw new OperatorError(
      "Not logged in to Cloudflare. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN.",
    );
  }
  refuseWithoutSecrets(plan);
  const { gate, orders } = writeCopies(options, provision(wrangler, configs));
  // The tables come first: both Workers may ask for them from their first request on.
  for (const database of Object.keys(configs.migrations)) {
    wrangler.run(["d1", "migrations", "apply", database, "--remote", "--config", orders]);
  }
  deployWorker(gate, options.gateSecrets);
  deployWorker(orders, options.ordersSecrets);
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
function build(config: string, quietly: boolean): void {
  const command = ["deploy", "--dry-run", "--config", config];
  if (!quietly) return wrangler.run(command);
  const { succeeded, answer } = wrangler.ask(command);
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

function deployWorker(config: string, secretsFile: string | null): void {
  const secrets = secretsFile === null ? [] : ["--secrets-file", resolve(secretsFile)];
  wrangler.run(["deploy", "--config", config, ...secrets]);
}

function run(): number {
  const command = readDeployCommand(process.argv.slice(2));
  if (command.kind === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command.kind === "bad") {
    process.stderr.write(`${command.message}\n`);
    return 2;
  }
  try {
    deploy(command.options);
    return 0;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const kept = "What was created is kept, and used when the same command is run again.";
    process.stderr.write(`${error.message}\n${command.options.dryRun ? "" : `${kept}\n`}`);
    return 1;
  }
}

process.exitCode = run();

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
import { type IdLines, inventIds, isLoggedIn, provision, readAccount } from "./account.ts";
import { printChecks } from "./check-report.ts";
import { type DeployConfigs, readDeployConfigs } from "./deploy-config.ts";
import { adminTokenIn, fillCopy, readSecretsFile, writeDeployable } from "./deploy-files.ts";
import { missingSecrets, type Plan, planDeployment, routesOf } from "./deploy-plan.ts";
import { printPlan } from "./deploy-report.ts";
import type { DeployOptions } from "./options.ts";
import { leakedVariables } from "./planned-secrets.ts";
import { askReadiness, gateUrlOf, printReadiness } from "./readiness.ts";
import { registerDomain } from "./wallet-domain.ts";

const GATE_CONFIG = join(PROJECT_ROOT, "wrangler.toml");
const ORDERS_CONFIG = join(PROJECT_ROOT, "queues", "wrangler.toml");
const NO_WISHES = { routes: [], origin: null };

async function deploy(options: DeployOptions, wrangler: Wrangler): Promise<void> {
  const gate = writeDeployable(GATE_CONFIG, "gate.toml", options.env);
  const orders = writeDeployable(ORDERS_CONFIG, "orders.toml", options.env);
  const configs = readDeployConfigs(gate, orders, options.env);
  const fillCopies = (ids: IdLines) => {
    fillCopy(gate, ids, options);
    fillCopy(orders, ids, NO_WISHES);
  };
  const ordersFile = readSecretsFile(options.ordersSecrets, "--orders-secrets");
  const wishes = {
    ...options,
    secrets: {
      gate: readSecretsFile(options.gateSecrets, "--gate-secrets").names,
      orders: ordersFile.names,
    },
    stripeKey: ordersFile.stripeKey,
  };
  // A dry run shows its plan first, in which no secret is legible.
  if (!options.dryRun) refuseLeaks(configs);
  const loggedIn = await isLoggedIn(wrangler);
  const account = loggedIn ? await readAccount(wrangler, configs) : null;
  const plan = planDeployment(configs, wishes, account);
  if (options.dryRun) {
    showPlan(plan, options.json);
    refuseLeaks(configs);
    fillCopies(inventIds(configs));
    for (const config of [gate, orders]) await build(wrangler, config);
    return;
  }
  if (!loggedIn) {
    throw new OperatorError(
      "Not logged in to Cloudflare. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN.",
    );
  }
  refuseWithoutSecrets(plan);
  warn(plan);
  fillCopies(await provision(wrangler, configs));
  // The tables come first: both Workers may ask for them from their first request on.
  for (const database of Object.keys(configs.migrations)) {
    await wrangler.run(["d1", "migrations", "apply", database, "--remote", "--config", orders]);
  }
  await deployWorker(wrangler, gate, options.gateSecrets);
  await deployWorker(wrangler, orders, options.ordersSecrets);
  await reportReadiness(options, gateUrlOf(routesOf(configs.gate, options.routes)));
}

/** Before wrangler builds, which prints every variable, and deploys them in plain text. */
function refuseLeaks({ gate, orders }: DeployConfigs): void {
  const names = leakedVariables([gate, orders]);
  if (names.length === 0) return;
  throw new OperatorError(
    `Under [vars] there is a secret, which does not belong in a file or a variable: ` +
      `${names.join(", ")}. Replace it where it is from, such as Stripe's Dashboard or ` +
      "`npm run keys`, take it out of the file, and give the new one as a secret, with " +
      "--gate-secrets or --orders-secrets. Nothing was built or deployed.",
  );
}

/** A deployment that is done stays done, also if its gate does not answer yet. */
async function reportReadiness(options: DeployOptions, gateUrl: string | null): Promise<void> {
  const deployedAt_ms = Date.now();
  const token = adminTokenOf(options);
  if (gateUrl === null || token === null) {
    const what = gateUrl === null ? "https://<the gate's host>" : gateUrl;
    process.stdout.write(
      "Deployed. To see whether it can take money, with ADMIN_TOKEN in the environment:\n" +
        `  npm run deploy -- --readiness ${what}\n`,
    );
    return;
  }
  try {
    const readiness = await askReadiness(gateUrl, token);
    process.stdout.write(`Deployed. ${printReadiness(readiness, deployedAt_ms)}`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const again = `npm run deploy -- --readiness ${gateUrl}`;
    process.stdout.write(`Deployed. ${error.message}\nAsk again: ${again}\n`);
  }
}

function adminTokenOf({ gateSecrets }: DeployOptions): string | null {
  return process.env["ADMIN_TOKEN"] || adminTokenIn(gateSecrets, "--gate-secrets");
}

/** @returns the exit code */
async function showReadiness(options: DeployOptions, gateUrl: string): Promise<number> {
  const token = adminTokenOf(options);
  if (token === null) {
    throw new OperatorError("--readiness needs ADMIN_TOKEN in the environment, or --gate-secrets.");
  }
  const readiness = await askReadiness(gateUrl, token);
  process.stdout.write(printReadiness(readiness, null));
  return readiness.ready ? 0 : 1;
}

async function registerDomains(hosts: readonly string[]): Promise<number> {
  const { STRIPE_API_KEY: apiKey = "", STRIPE_API_BASE: base = "" } = process.env;
  const baseUrl = base === "" ? "https://api.stripe.com" : base;
  for (const host of hosts) process.stdout.write(await registerDomain(host, { apiKey, baseUrl }));
  return 0;
}

function showPlan(plan: Plan, asJson: boolean): void {
  process.stdout.write(asJson ? `${JSON.stringify(plan, null, 2)}\n` : printPlan(plan));
}

/** What keeps the deployment from taking money is no reason not to deploy it. */
function warn({ checks }: Plan): void {
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0) process.stderr.write(`${printChecks(failed).join("\n")}\n`);
}

/**
 * Bundles a Worker and checks its configuration the way a deployment does. The bindings that
 * wrangler lists are not shown, because the plan has them and should be the end of the output.
 */
async function build(wrangler: Wrangler, config: string): Promise<void> {
  const command = ["deploy", "--dry-run", "--config", config];
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
  const isDeployment = options.readiness === null && options.registerDomain.length === 0;
  try {
    if (options.readiness !== null) return await showReadiness(options, options.readiness);
    if (!isDeployment) return await registerDomains(options.registerDomain);
    await withProgress("Reading the wrangler.toml files", (progress) => {
      return deploy(options, watched(wrangler, progress));
    });
    return 0;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const kept = "What was created is kept, and used when the same command is run again.";
    process.stderr.write(`${error.message}\n${options.dryRun || !isDeployment ? "" : `${kept}\n`}`);
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

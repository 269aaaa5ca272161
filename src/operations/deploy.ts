/**
 * `npm run deploy`: puts both Workers into the Cloudflare account wrangler is logged in to.
 *
 * Creates the KV namespace, the database and the queues that are missing, migrates the database,
 * and deploys the gate and then the orders Worker, which binds the gate's Order objects. Ids are
 * filled into generated copies of both wrangler.toml files in a folder that git ignores. It can be
 * run again at any point, also after a failure.
 *
 *   --dry-run                build and check both Workers; needs no account
 *   --gate-secrets <file>    JSON as `npm run --silent keys` prints it; needed the first time
 *   --orders-secrets <file>  JSON with STRIPE_API_KEY, needed the first time; and with the gate's
 *                            WEBHOOK_KEYS, where events are sent to a shop
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type IdLines, inventIds, provision, readNeededResources } from "./resources.ts";
import { askWrangler, OperatorError, PROJECT_ROOT, runWrangler } from "./wrangler.ts";

const GATE_CONFIG = join(PROJECT_ROOT, "wrangler.toml");
const ORDERS_CONFIG = join(PROJECT_ROOT, "queues", "wrangler.toml");
const GENERATED_FOLDER = join(PROJECT_ROOT, ".wrangler", "generated");

interface Options {
  readonly dryRun: boolean;
  readonly gateSecrets: string | undefined;
  readonly ordersSecrets: string | undefined;
}

function deploy(options: Options): void {
  const needed = readNeededResources([GATE_CONFIG, ORDERS_CONFIG]);
  if (!options.dryRun) requireLogin();
  const ids = options.dryRun ? inventIds(needed) : provision(needed);
  const gate = writeFilledCopy(GATE_CONFIG, "gate.toml", ids);
  const orders = writeFilledCopy(ORDERS_CONFIG, "orders.toml", ids);
  if (options.dryRun) {
    for (const config of [gate, orders]) runWrangler(["deploy", "--dry-run", "--config", config]);
    return;
  }
  // The tables come first: both Workers may ask for them from their first request on.
  for (const database of needed.databases.values()) {
    runWrangler(["d1", "migrations", "apply", database, "--remote", "--config", orders]);
  }
  deployWorker(gate, options.gateSecrets);
  deployWorker(orders, options.ordersSecrets);
}

function requireLogin(): void {
  if (askWrangler(["whoami", "--json"]).succeeded) return;
  throw new OperatorError(
    "Not logged in to Cloudflare. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN.",
  );
}

function deployWorker(config: string, secretsFile: string | undefined): void {
  const secrets = secretsFile === undefined ? [] : ["--secrets-file", resolve(secretsFile)];
  runWrangler(["deploy", "--config", config, ...secrets]);
}

/** Paths in a configuration count from its own folder, so the copy names them in full. */
function writeFilledCopy(path: string, name: string, ids: IdLines): string {
  const filled = readFileSync(path, "utf8")
    .replace(/^(main|directory|migrations_dir) = "(.+)"$/gm, (_, key: string, target: string) => {
      return `${key} = ${JSON.stringify(resolve(dirname(path), target))}`;
    })
    .replace(/^binding = "(.+)"$/gm, (line, binding: string) => {
      const idLine = ids.get(binding);
      return idLine === undefined ? line : `${line}\n${idLine}`;
    });
  mkdirSync(GENERATED_FOLDER, { recursive: true });
  const copy = join(GENERATED_FOLDER, name);
  writeFileSync(copy, `# Generated from ${path}; changes here are lost.\n${filled}`);
  const unfilled = readNeededResources([copy]);
  for (const binding of [...unfilled.namespaces.keys(), ...unfilled.databases.keys()]) {
    throw new OperatorError(`No id could be filled in for ${binding} of ${path}.`);
  }
  return copy;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      "dry-run": { type: "boolean", default: false },
      "gate-secrets": { type: "string" },
      "orders-secrets": { type: "string" },
    },
  });
  return {
    dryRun: values["dry-run"],
    gateSecrets: values["gate-secrets"],
    ordersSecrets: values["orders-secrets"],
  };
}

try {
  deploy(readOptions());
} catch (error) {
  // A wrong option is node's own TypeError with a code, and as clear as a message of ours.
  if (!(error instanceof OperatorError || (error instanceof TypeError && "code" in error)))
    throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

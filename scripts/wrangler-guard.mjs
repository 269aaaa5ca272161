/**
 * wrangler runs this before it builds a Worker from a wrangler.toml of this repository ([build]),
 * and so before it creates or changes anything: plain `wrangler deploy` and `wrangler dev` end
 * here, with the command that does it.
 *
 * They would succeed and be wrong. wrangler makes a KV namespace for each Worker that names none,
 * so the two Workers' breaker states and overrides would never meet; it migrates no database; and
 * it does not know that the orders Worker needs the gate's objects first. `npm run deploy` does
 * this with copies that have no [build]. Programs here that start wrangler set SLUICE_GUIDED.
 *
 * Plain JavaScript without imports, because it runs with the system's Node.
 */

const { SLUICE_GUIDED, WRANGLER_COMMAND } = process.env;

const DEPLOY = [
  "wrangler alone would give each Worker a KV namespace of its own and migrate no database.",
  "Nothing was created or changed. Use the guided command instead:",
  "  npm run deploy -- --dry-run     shows what would be created",
  "  npm run deploy                  creates it and deploys both Workers (docs/deploy.md)",
];
const DEV = [
  "wrangler alone would start without secrets, tables and a payment provider. Use instead:",
  "  npm run dev     both Workers under wrangler dev, reloaded when their code changes",
  "  npm start       the local simulation, with a crowd and a sandbox",
];

if (SLUICE_GUIDED !== "1" && WRANGLER_COMMAND !== "types") {
  process.stderr.write(`${(WRANGLER_COMMAND === "dev" ? DEV : DEPLOY).join("\n")}\n`);
  process.exitCode = 1;
}

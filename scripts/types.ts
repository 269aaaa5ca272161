/**
 * `npm run types`: writes the types of both Workers' bindings from their wrangler.toml files.
 * `npm run check` compares, with the same arguments, the written types with these files.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { defineCommand } from "./define-command.ts";
import { PROJECT_ROOT } from "./project-root.ts";

const SHARED = ["--include-runtime=false", "--strict-vars=false"];

/** The arguments of `wrangler types` for each Worker; wrangler compares them too. */
export const TYPES_ARGUMENTS: Readonly<Record<"gate" | "orders", readonly string[]>> = {
  gate: [
    "./worker-configuration.d.ts",
    "--config=wrangler.toml",
    ...SHARED,
    "--env-interface=GateEnv",
  ],
  // The gate's file is named too, because the orders Worker's Order objects live there.
  orders: [
    "queues/worker-configuration.d.ts",
    "--config=queues/wrangler.toml",
    "--config=wrangler.toml",
    ...SHARED,
    "--env-interface=OrdersEnv",
  ],
};

const types = defineCommand({
  name: "npm run types --",
  summary: `Writes the types of both Workers' bindings from their wrangler.toml files, after a
    change to one of them.`,
  options: {},
  exitCodes: "0 written, 1 wrangler could not write them",
});

function writeTypes(): number {
  const wrangler = join(PROJECT_ROOT, "node_modules", ".bin", "wrangler");
  const written = Object.values(TYPES_ARGUMENTS).map((args) => {
    return spawnSync(wrangler, ["types", ...args], { cwd: PROJECT_ROOT, stdio: "inherit" }).status;
  });
  return written.every((status) => status === 0) ? 0 : 1;
}

if (import.meta.main) process.exitCode = await types.run(writeTypes);

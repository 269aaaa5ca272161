/**
 * `npm run types`: writes the types of both Workers' bindings from their wrangler.toml files.
 * `npm run check` asks, with the same arguments, whether the written types are still right.
 */
import { spawnSync } from "node:child_process";

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

if (import.meta.main) {
  for (const args of Object.values(TYPES_ARGUMENTS)) {
    const { status } = spawnSync("wrangler", ["types", ...args], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}

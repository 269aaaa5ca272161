/**
 * Reads a wrangler.toml and gives the Miniflare options of its Worker, so that the wrangler.toml
 * files stay the only list of bindings.
 *
 * Guarantee: bindings of the same KV namespace, database or queue in two files reach the same
 * thing. Secrets and the variables kept in `.dev.vars` or `.env` files are left out on purpose:
 * the caller gives them, so that what runs does not depend on files that git ignores.
 */
import { join } from "node:path";
import type { V4WorkerOptions, V4WorkerOptionsShape } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { z } from "zod";
import { PROJECT_ROOT } from "./project-root.ts";

export interface WorkerConfig {
  readonly name: string;
  /** Absolute path of the entry file. */
  readonly main: string;
  readonly requiredSecrets: readonly string[];
  readonly crons: readonly string[];
  /** Everything but the code, in the format of Miniflare 4. */
  readonly bindings: V4WorkerOptionsShape;
}

/** `lifted` because a simulated crowd writes from one address; `configured` keeps the file's. */
export type RateLimits = "lifted" | "configured";

const LIFTED_LIMIT = 1_000_000_000;

/** The part of wrangler's configuration that is read here; the rest only passes through. */
const usedConfig = z.object({
  name: z.string(),
  main: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  secrets: z.object({ required: z.array(z.string()).default([]) }).optional(),
  triggers: z.object({ crons: z.array(z.string()).nullish() }),
  ratelimits: z.array(
    z.object({
      name: z.string(),
      namespace_id: z.string(),
      simple: z.object({ limit: z.number(), period: z.literal([10, 60]) }),
    }),
  ),
});

/** `configPath` is relative to the project's root. Throws when the file is missing or wrong. */
export function readWorkerConfig(configPath: string, rateLimits: RateLimits): WorkerConfig {
  const path = join(PROJECT_ROOT, configPath);
  const config = unstable_readConfig({ config: path });
  const { name, main, secrets, triggers, ratelimits } = usedConfig.parse(config);
  const { workerOptions } = unstable_getMiniflareWorkerOptions({
    ...config,
    ratelimits: ratelimits.map((ratelimit) => {
      if (rateLimits === "configured") return ratelimit;
      return { ...ratelimit, simple: { ...ratelimit.simple, limit: LIFTED_LIMIT } };
    }),
    secrets: undefined,
    // wrangler looks for `.dev.vars` and `.env` beside this path; nothing is kept there.
    userConfigPath: join(PROJECT_ROOT, "node_modules", ".no-variables", "wrangler.toml"),
  });
  // The rules say how to load modules from disk; the code is given as one bundle instead.
  const { modulesRules: _, ...bindings } = workerOptions;
  const requiredSecrets = secrets?.required ?? [];
  return { name, main, requiredSecrets, crons: triggers.crons ?? [], bindings };
}

/** How the runtime behaves towards that Worker, for one that shares nothing else with it. */
export function readCompatibility(configPath: string) {
  const config = unstable_readConfig({ config: join(PROJECT_ROOT, configPath) });
  const { compatibility_date, compatibility_flags } = usedConfig.parse(config);
  return { compatibilityDate: compatibility_date, compatibilityFlags: compatibility_flags };
}

/**
 * The options of a Worker whose code is already bundled, in the format of Miniflare 4, because
 * wrangler gives them so and the Vitest plugin takes them so. `convertV4MiniflareOptions` makes
 * those of Miniflare 5 from them.
 */
export function composeWorker(
  config: WorkerConfig,
  code: string,
  variables: Readonly<Record<string, string>>,
): V4WorkerOptions {
  const missing = config.requiredSecrets.filter((secret) => variables[secret] === undefined);
  if (missing.length > 0) {
    throw new Error(`The Worker ${config.name} needs the secrets ${missing.join(", ")}`);
  }
  return {
    ...config.bindings,
    name: config.name,
    modules: [{ type: "ESModule", path: `${config.name}.mjs`, contents: code }],
    bindings: { ...config.bindings.bindings, ...variables },
  };
}

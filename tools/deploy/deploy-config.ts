/**
 * The parts of a wrangler.toml from which a deployment is planned.
 *
 * wrangler has no field for optional secrets. In the section [secrets] of our files a comment line
 * that begins with a name in capitals describes the secret of that name.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";

const workerConfig = z.object({
  name: z.string(),
  workers_dev: z.boolean().optional(),
  routes: z
    .array(
      z.union([
        z.string().transform((pattern) => ({ pattern })),
        z.object({
          pattern: z.string(),
          zone_name: z.string().optional(),
          custom_domain: z.boolean().optional(),
        }),
      ]),
    )
    .default([]),
  vars: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  durable_objects: z.object({
    bindings: z.array(
      z.object({ name: z.string(), class_name: z.string(), script_name: z.string().optional() }),
    ),
  }),
  migrations: z.array(
    z.object({ tag: z.string(), new_sqlite_classes: z.array(z.string()).default([]) }),
  ),
  kv_namespaces: z.array(z.object({ binding: z.string(), id: z.string().optional() })),
  d1_databases: z.array(
    z.object({
      binding: z.string(),
      database_name: z.string(),
      database_id: z.string().optional(),
      migrations_dir: z.string().optional(),
    }),
  ),
  queues: z.object({
    producers: z.array(z.object({ binding: z.string(), queue: z.string() })).default([]),
    consumers: z
      .array(
        z.object({
          queue: z.string(),
          max_batch_size: z.number().optional(),
          max_retries: z.number().optional(),
          max_concurrency: z.number().nullish(),
          dead_letter_queue: z.string().optional(),
        }),
      )
      .default([]),
  }),
  send_email: z.array(z.object({ name: z.string() })).default([]),
  ratelimits: z.array(
    z.object({
      name: z.string(),
      namespace_id: z.string(),
      simple: z.object({ limit: z.number(), period: z.number() }),
    }),
  ),
  assets: z.object({ directory: z.string() }).optional(),
  triggers: z.object({ crons: z.array(z.string()).nullish() }),
  secrets: z.object({ required: z.array(z.string()).default([]) }).optional(),
});

export interface WorkerConfig extends z.infer<typeof workerConfig> {
  /** Secrets that are not in `secrets.required`. */
  readonly optionalSecrets: readonly string[];
  /** The number of files in the assets directory. */
  readonly assetCount: number;
}

/** The migration files of each database in their order, by the database's name. */
export type MigrationFiles = Readonly<Record<string, readonly string[]>>;

export interface DeployConfigs {
  /** The name of a second deployment in the account; null for the first. */
  readonly env: string | null;
  readonly gate: WorkerConfig;
  readonly orders: WorkerConfig;
  readonly migrations: MigrationFiles;
}

export function readDeployConfigs(
  gatePath: string,
  ordersPath: string,
  env: string | null,
): DeployConfigs {
  const gate = readWorker(gatePath);
  const orders = readWorker(ordersPath);
  const migrations: Record<string, readonly string[]> = {};
  for (const { database_name, migrations_dir = "migrations" } of orders.d1_databases) {
    const folder = resolve(dirname(ordersPath), migrations_dir);
    const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
    migrations[database_name] = files.toSorted();
  }
  return { env, gate, orders, migrations };
}

function readWorker(path: string): WorkerConfig {
  const config = workerConfig.parse(unstable_readConfig({ config: path }));
  const required = config.secrets?.required ?? [];
  const described = secretsIn(readFileSync(path, "utf8"));
  return {
    ...config,
    optionalSecrets: described.filter((name) => !required.includes(name)),
    assetCount: config.assets === undefined ? 0 : countFiles(dirname(path), config.assets),
  };
}

function countFiles(folder: string, { directory }: { readonly directory: string }): number {
  const entries = readdirSync(join(resolve(folder, directory)), {
    recursive: true,
    withFileTypes: true,
  });
  return entries.filter((entry) => entry.isFile()).length;
}

/** The names of the secrets that comment lines in the section [secrets] describe. */
export function secretsIn(toml: string): readonly string[] {
  const [, section = ""] = /^\[secrets\]$([^]*?)(?=^\[|$(?![^]))/m.exec(toml) ?? [];
  const names = section.matchAll(/^# ([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+) /gm);
  return [...new Set([...names].map(([, name = ""]) => name))];
}

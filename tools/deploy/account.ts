/**
 * The Cloudflare account: which of the required resources it has, and the creation of the missing
 * ones, with wrangler's commands.
 *
 * Guarantee: existing resources are found by name and used, so a deployment that failed half-way
 * continues where it failed, and another run creates nothing. If wrangler's answer is neither yes
 * nor no, it is an error and never means "missing".
 */
import { z } from "zod";
import type { DeployConfigs } from "./deploy-config.ts";
import { namespaceTitle, queuesOf } from "./deploy-plan.ts";
import type { Account } from "./planned-secrets.ts";
import { OperatorError, type Wrangler } from "../wrangler.ts";

const listedNamespaces = z.array(z.object({ id: z.string(), title: z.string() }));
const listedDatabases = z.array(z.object({ uuid: z.string(), name: z.string() }));
const listedSecrets = z.array(z.object({ name: z.string() }));
const appliedMigrations = z.array(z.object({ results: z.array(z.object({ name: z.string() })) }));

/** The TOML line with the id of each binding that has none in the files. */
export type IdLines = ReadonlyMap<string, string>;

export async function isLoggedIn(wrangler: Wrangler): Promise<boolean> {
  return (await wrangler.ask(["whoami", "--json"])).succeeded;
}

export async function readAccount(
  wrangler: Wrangler,
  { gate, orders }: DeployConfigs,
): Promise<Account> {
  const workers = [gate, orders];
  const databases = new Set((await listDatabases(wrangler)).keys());
  const needed = workers.flatMap(({ d1_databases }) => d1_databases.map((d1) => d1.database_name));
  const known = [...new Set(needed)].filter((name) => databases.has(name));
  const secrets = new Map<string, ReadonlySet<string>>();
  for (const { name } of workers) {
    const names = await secretsOf(wrangler, name);
    if (names !== null) secrets.set(name, names);
  }
  const namespaces = new Set((await listNamespaces(wrangler)).keys());
  const queues = new Set<string>();
  for (const queue of queuesOf(workers)) if (await hasQueue(wrangler, queue)) queues.add(queue);
  const migrations = new Set<string>();
  for (const name of known) {
    for (const migration of await migrationsOf(wrangler, name)) migrations.add(migration);
  }
  return { namespaces, databases, queues, migrations, secrets };
}

/** Creates what is missing in the account. */
export async function provision(
  wrangler: Wrangler,
  { env, gate, orders }: DeployConfigs,
): Promise<IdLines> {
  const workers = [gate, orders];
  for (const queue of queuesOf(workers)) {
    if (!(await hasQueue(wrangler, queue))) await wrangler.run(["queues", "create", queue]);
  }
  const lines = new Map<string, string>();
  for (const { binding, id } of workers.flatMap((worker) => worker.kv_namespaces)) {
    if (id !== undefined || lines.has(binding)) continue;
    const title = namespaceTitle(binding, env);
    const create = ["kv", "namespace", "create", title];
    lines.set(binding, `id = "${await idOf(wrangler, title, listNamespaces, create)}"`);
  }
  for (const database of workers.flatMap((worker) => worker.d1_databases)) {
    if (database.database_id !== undefined || lines.has(database.binding)) continue;
    const create = ["d1", "create", database.database_name];
    const id = await idOf(wrangler, database.database_name, listDatabases, create);
    lines.set(database.binding, `database_id = "${id}"`);
  }
  return lines;
}

/** Ids for a dry run only: no account has them. */
export function inventIds({ gate, orders }: DeployConfigs): IdLines {
  const workers = [gate, orders];
  return new Map([
    ...workers
      .flatMap((worker) => worker.kv_namespaces)
      .filter(({ id }) => id === undefined)
      .map(({ binding }) => [binding, `id = "${"0".repeat(32)}"`] as const),
    ...workers
      .flatMap((worker) => worker.d1_databases)
      .filter(({ database_id }) => database_id === undefined)
      .map(({ binding }) => {
        return [binding, 'database_id = "00000000-0000-4000-8000-000000000000"'] as const;
      }),
  ]);
}

type List = (wrangler: Wrangler) => Promise<ReadonlyMap<string, string>>;

/** The id is always read from the list, because the output of `create` is only for people. */
async function idOf(
  wrangler: Wrangler,
  name: string,
  list: List,
  create: readonly string[],
): Promise<string> {
  const existing = (await list(wrangler)).get(name);
  if (existing !== undefined) return existing;
  await wrangler.run([...create, "--update-config=false"]);
  const created = (await list(wrangler)).get(name);
  if (created === undefined) {
    throw new OperatorError(`${name} was created but is not listed yet. Run the command again.`);
  }
  return created;
}

async function listNamespaces(wrangler: Wrangler): Promise<ReadonlyMap<string, string>> {
  const listed = listedNamespaces.parse(await askJson(wrangler, ["kv", "namespace", "list"]));
  return new Map(listed.map(({ title, id }) => [title, id]));
}

async function listDatabases(wrangler: Wrangler): Promise<ReadonlyMap<string, string>> {
  const listed = listedDatabases.parse(await askJson(wrangler, ["d1", "list", "--json"]));
  return new Map(listed.map(({ name, uuid }) => [name, uuid]));
}

async function hasQueue(wrangler: Wrangler, queue: string): Promise<boolean> {
  const command = ["queues", "info", queue];
  const { succeeded, answer } = await wrangler.ask(command);
  if (succeeded) return true;
  if (answer.includes("does not exist")) return false;
  throw failed(command, answer);
}

/** The names of a Worker's secrets; null when there is no such Worker (Cloudflare's code 10007). */
async function secretsOf(wrangler: Wrangler, worker: string): Promise<ReadonlySet<string> | null> {
  const command = ["secret", "list", "--name", worker, "--format", "json"];
  const { succeeded, answer } = await wrangler.ask(command);
  if (succeeded) {
    return new Set(listedSecrets.parse(JSON.parse(answer)).map(({ name }) => name));
  }
  if (/10007|not found/.test(answer)) return null;
  throw failed(command, answer);
}

async function migrationsOf(wrangler: Wrangler, database: string): Promise<readonly string[]> {
  const query = "SELECT name FROM d1_migrations ORDER BY id";
  const command = ["d1", "execute", database, "--remote", "--json", "--command", query];
  const { succeeded, answer } = await wrangler.ask(command);
  if (succeeded) {
    const [page] = appliedMigrations.parse(JSON.parse(answer));
    return page?.results.map(({ name }) => name) ?? [];
  }
  if (answer.includes("no such table")) return [];
  throw failed(command, answer);
}

async function askJson(wrangler: Wrangler, command: readonly string[]): Promise<unknown> {
  const { succeeded, answer } = await wrangler.ask(command);
  if (!succeeded) throw failed(command, answer);
  return JSON.parse(answer);
}

function failed(command: readonly string[], answer: string): OperatorError {
  return new OperatorError(`wrangler ${command.join(" ")} failed:\n${answer}`);
}

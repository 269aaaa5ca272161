/**
 * The Cloudflare account as a deployment meets it: what it has of what is needed, and the creation
 * of what is missing. All of it by wrangler's commands.
 *
 * Guarantee: what exists is found by its name and used, so a run that failed half-way is taken up
 * where it broke off, and running again creates nothing. An answer of wrangler's that is neither
 * yes nor no is an error, never "missing".
 */
import { z } from "zod";
import type { DeployConfigs } from "./deploy-config.ts";
import { type Account, namespaceTitle, queuesOf } from "./deploy-plan.ts";
import { OperatorError, type Wrangler } from "../wrangler.ts";

const listedNamespaces = z.array(z.object({ id: z.string(), title: z.string() }));
const listedDatabases = z.array(z.object({ uuid: z.string(), name: z.string() }));
const listedSecrets = z.array(z.object({ name: z.string() }));
const appliedMigrations = z.array(z.object({ results: z.array(z.object({ name: z.string() })) }));

/** For each binding without an id in the files, the line of TOML that gives it one. */
export type IdLines = ReadonlyMap<string, string>;

export function isLoggedIn(wrangler: Wrangler): boolean {
  return wrangler.ask(["whoami", "--json"]).succeeded;
}

export function readAccount(wrangler: Wrangler, { gate, orders }: DeployConfigs): Account {
  const workers = [gate, orders];
  const databases = new Set(listDatabases(wrangler).keys());
  const needed = workers.flatMap(({ d1_databases }) => d1_databases.map((d1) => d1.database_name));
  const known = [...new Set(needed)].filter((name) => databases.has(name));
  const secrets = new Map<string, ReadonlySet<string>>();
  for (const { name } of workers) {
    const names = secretsOf(wrangler, name);
    if (names !== null) secrets.set(name, names);
  }
  return {
    namespaces: new Set(listNamespaces(wrangler).keys()),
    databases,
    queues: new Set(queuesOf(workers).filter((queue) => hasQueue(wrangler, queue))),
    migrations: new Set(known.flatMap((name) => migrationsOf(wrangler, name))),
    secrets,
  };
}

/** Creates what is missing in the account. */
export function provision(wrangler: Wrangler, { gate, orders }: DeployConfigs): IdLines {
  const workers = [gate, orders];
  for (const queue of queuesOf(workers)) {
    if (!hasQueue(wrangler, queue)) wrangler.run(["queues", "create", queue]);
  }
  const lines = new Map<string, string>();
  for (const { binding, id } of workers.flatMap((worker) => worker.kv_namespaces)) {
    if (id !== undefined || lines.has(binding)) continue;
    const title = namespaceTitle(binding);
    const create = ["kv", "namespace", "create", title];
    lines.set(binding, `id = "${idOf(wrangler, title, listNamespaces, create)}"`);
  }
  for (const database of workers.flatMap((worker) => worker.d1_databases)) {
    if (database.database_id !== undefined || lines.has(database.binding)) continue;
    const create = ["d1", "create", database.database_name];
    const id = idOf(wrangler, database.database_name, listDatabases, create);
    lines.set(database.binding, `database_id = "${id}"`);
  }
  return lines;
}

/** Ids that only a dry run may use: nothing in any account has them. */
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

type List = (wrangler: Wrangler) => ReadonlyMap<string, string>;

/** The id is read from the list in both cases; what `create` prints is for people. */
function idOf(wrangler: Wrangler, name: string, list: List, create: readonly string[]): string {
  const existing = list(wrangler).get(name);
  if (existing !== undefined) return existing;
  wrangler.run([...create, "--update-config=false"]);
  const created = list(wrangler).get(name);
  if (created === undefined) {
    throw new OperatorError(`${name} was created but is not listed yet. Run the command again.`);
  }
  return created;
}

function listNamespaces(wrangler: Wrangler): ReadonlyMap<string, string> {
  const listed = listedNamespaces.parse(askJson(wrangler, ["kv", "namespace", "list"]));
  return new Map(listed.map(({ title, id }) => [title, id]));
}

function listDatabases(wrangler: Wrangler): ReadonlyMap<string, string> {
  const listed = listedDatabases.parse(askJson(wrangler, ["d1", "list", "--json"]));
  return new Map(listed.map(({ name, uuid }) => [name, uuid]));
}

function hasQueue(wrangler: Wrangler, queue: string): boolean {
  const command = ["queues", "info", queue];
  const { succeeded, answer } = wrangler.ask(command);
  if (succeeded) return true;
  if (answer.includes("does not exist")) return false;
  throw failed(command, answer);
}

/** The names of a Worker's secrets; null when there is no such Worker (Cloudflare's code 10007). */
function secretsOf(wrangler: Wrangler, worker: string): ReadonlySet<string> | null {
  const command = ["secret", "list", "--name", worker, "--format", "json"];
  const { succeeded, answer } = wrangler.ask(command);
  if (succeeded) {
    return new Set(listedSecrets.parse(JSON.parse(answer)).map(({ name }) => name));
  }
  if (/10007|not found/.test(answer)) return null;
  throw failed(command, answer);
}

function migrationsOf(wrangler: Wrangler, database: string): readonly string[] {
  const query = "SELECT name FROM d1_migrations ORDER BY id";
  const command = ["d1", "execute", database, "--remote", "--json", "--command", query];
  const { succeeded, answer } = wrangler.ask(command);
  if (succeeded) {
    const [page] = appliedMigrations.parse(JSON.parse(answer));
    return page?.results.map(({ name }) => name) ?? [];
  }
  if (answer.includes("no such table")) return [];
  throw failed(command, answer);
}

function askJson(wrangler: Wrangler, command: readonly string[]): unknown {
  const { succeeded, answer } = wrangler.ask(command);
  if (!succeeded) throw failed(command, answer);
  return JSON.parse(answer);
}

function failed(command: readonly string[], answer: string): OperatorError {
  return new OperatorError(`wrangler ${command.join(" ")} failed:\n${answer}`);
}

/**
 * What the two wrangler.toml files need to exist in a Cloudflare account, and how it is created.
 *
 * Guarantee: what exists already is found by its name and used; running it again creates nothing.
 * An id that an operator wrote into a wrangler.toml is kept.
 */
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { askWrangler, OperatorError, runWrangler } from "./wrangler.ts";

/** The part of wrangler's configuration that names resources of an account. */
const neededResources = z.object({
  kv_namespaces: z.array(z.object({ binding: z.string(), id: z.string().optional() })),
  d1_databases: z.array(
    z.object({
      binding: z.string(),
      database_name: z.string(),
      database_id: z.string().optional(),
    }),
  ),
  queues: z.object({
    producers: z.array(z.object({ queue: z.string() })).default([]),
    consumers: z
      .array(z.object({ queue: z.string(), dead_letter_queue: z.string().optional() }))
      .default([]),
  }),
});

const listedNamespaces = z.array(z.object({ id: z.string(), title: z.string() }));
const listedDatabases = z.array(z.object({ uuid: z.string(), name: z.string() }));

export interface Resources {
  /** Bindings of KV namespaces and the names they have in the account. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Bindings of D1 databases and the names they have in the account. */
  readonly databases: ReadonlyMap<string, string>;
  readonly queues: ReadonlySet<string>;
}

/** For each binding without an id, the line of TOML that gives it one. */
export type IdLines = ReadonlyMap<string, string>;

/** `paths` are the wrangler.toml files; one resource bound in several of them is one resource. */
export function readNeededResources(paths: readonly string[]): Resources {
  const namespaces = new Map<string, string>();
  const databases = new Map<string, string>();
  const queues = new Set<string>();
  for (const path of paths) {
    const needed = neededResources.parse(unstable_readConfig({ config: path }));
    for (const { binding, id } of needed.kv_namespaces) {
      if (id === undefined) namespaces.set(binding, `sluice-${binding.toLowerCase()}`);
    }
    for (const { binding, database_name, database_id } of needed.d1_databases) {
      if (database_id === undefined) databases.set(binding, database_name);
    }
    for (const { queue } of needed.queues.producers) queues.add(queue);
    for (const { queue, dead_letter_queue } of needed.queues.consumers) {
      queues.add(queue);
      if (dead_letter_queue !== undefined) queues.add(dead_letter_queue);
    }
  }
  return { namespaces, databases, queues };
}

/** Ids that only a dry run may use: nothing in any account has them. */
export function inventIds({ namespaces, databases }: Resources): IdLines {
  return composeIdLines(
    [...namespaces.keys()].map((binding) => [binding, "0".repeat(32)]),
    [...databases.keys()].map((binding) => [binding, "00000000-0000-4000-8000-000000000000"]),
  );
}

/** Creates what is missing in the account. */
export function provision({ namespaces, databases, queues }: Resources): IdLines {
  for (const queue of queues) {
    if (!askWrangler(["queues", "info", queue]).succeeded) runWrangler(["queues", "create", queue]);
  }
  return composeIdLines(
    [...namespaces].map(([binding, title]) => [binding, provisionNamespace(title)]),
    [...databases].map(([binding, name]) => [binding, provisionDatabase(name)]),
  );
}

type Ids = readonly (readonly [binding: string, id: string])[];

function composeIdLines(namespaces: Ids, databases: Ids): IdLines {
  return new Map([
    ...namespaces.map(([binding, id]) => [binding, `id = "${id}"`] as const),
    ...databases.map(([binding, id]) => [binding, `database_id = "${id}"`] as const),
  ]);
}

function provisionNamespace(title: string): string {
  return provisionNamed(title, findNamespace, ["kv", "namespace", "create", title]);
}

function provisionDatabase(name: string): string {
  return provisionNamed(name, findDatabase, ["d1", "create", name]);
}

/** The id is read from the list in both cases; what `create` prints is for people. */
function provisionNamed(
  name: string,
  find: (name: string) => string | undefined,
  createCommand: readonly string[],
): string {
  const existing = find(name);
  if (existing !== undefined) return existing;
  runWrangler([...createCommand, "--update-config=false"]);
  const created = find(name);
  if (created === undefined) throw new OperatorError(`${name} was created but is not listed yet.`);
  return created;
}

function findNamespace(title: string): string | undefined {
  const listed = listedNamespaces.parse(askForList(["kv", "namespace", "list"]));
  return listed.find((namespace) => namespace.title === title)?.id;
}

function findDatabase(name: string): string | undefined {
  const listed = listedDatabases.parse(askForList(["d1", "list", "--json"]));
  return listed.find((database) => database.name === name)?.uuid;
}

function askForList(command: readonly string[]): unknown {
  const { succeeded, answer } = askWrangler(command);
  if (!succeeded) throw new OperatorError(`wrangler ${command.join(" ")} failed:\n${answer}`);
  return JSON.parse(answer);
}

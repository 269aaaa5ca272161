/**
 * The wrangler.toml files that are really deployed: copies with the account's ids, the routes and
 * the origin filled in, in a folder that git ignores; and the names in a file of secrets.
 *
 * Guarantee: a binding that has no id after filling is an error. No value of a secret is kept.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { IdLines } from "./account.ts";
import type { Route } from "./options.ts";
import { UsageError } from "../../scripts/define-command.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

const GENERATED_FOLDER = join(PROJECT_ROOT, ".wrangler", "generated");

const secretsFile = z.record(z.string(), z.string());

/** Paths in a configuration count from its own folder, so the copy names them in full. */
export function fillIn(
  toml: string,
  folder: string,
  ids: IdLines,
  { routes, origin }: { readonly routes: readonly Route[]; readonly origin: string | null },
): string {
  const filled = toml
    .replace(/^(main|directory|migrations_dir) = "(.+)"$/gm, (_, key: string, target: string) => {
      return `${key} = ${JSON.stringify(resolve(folder, target))}`;
    })
    .replace(/^binding = "(.+)"$/gm, (line, binding: string) => {
      const idLine = ids.get(binding);
      return idLine === undefined ? line : `${line}\n${idLine}`;
    });
  const routed = routes.length === 0 ? filled : `${routesLine(routes)}\n${filled}`;
  if (origin === null) return routed;
  const line = `ORIGIN = ${JSON.stringify(origin)}`;
  if (/^ORIGIN = /m.test(routed)) return routed.replace(/^ORIGIN = .*$/m, () => line);
  return routed.replace(/^\[vars\]$/m, () => `[vars]\n${line}`);
}

/** Before the first table, where TOML keeps what belongs to the whole file. */
function routesLine(routes: readonly Route[]): string {
  const entries = routes.map(({ pattern, zone }) => {
    const where = zone === null ? "custom_domain = true" : `zone_name = ${JSON.stringify(zone)}`;
    return `{ pattern = ${JSON.stringify(pattern)}, ${where} }`;
  });
  return `routes = [${entries.join(", ")}]`;
}

/** Answers the path of the copy. */
export function writeFilledCopy(
  path: string,
  name: string,
  ids: IdLines,
  wishes: { readonly routes: readonly Route[]; readonly origin: string | null },
): string {
  const filled = fillIn(readFileSync(path, "utf8"), dirname(path), ids, wishes);
  mkdirSync(GENERATED_FOLDER, { recursive: true });
  const copy = join(GENERATED_FOLDER, name);
  writeFileSync(copy, `# Generated from ${path}; changes here are lost.\n${filled}`);
  return copy;
}

/** The names in a file of secrets; none where there is no file. `option` is how it was given. */
export function secretNames(path: string | null, option: string): readonly string[] {
  if (path === null) return [];
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UsageError(`${option} ${path} cannot be read.`);
  }
  try {
    return Object.keys(secretsFile.parse(JSON.parse(text)));
  } catch {
    // What is wrong with it is not said in more detail: it would quote secrets.
    throw new UsageError(`${option} ${path} must be JSON, an object of names and texts.`);
  }
}

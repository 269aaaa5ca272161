/**
 * The wrangler.toml files that are deployed: copies in a folder that git ignores, with the
 * account's ids, the routes and the origin filled in. Also reads files of secrets.
 *
 * Guarantee: values of secrets are neither kept nor shown. The merchant's token is read to ask the
 * gate whether it is ready.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { type StripeKeyKind, stripeKeyKind } from "../../src/domain/readiness/stripe-keys.ts";
import type { IdLines } from "./account.ts";
import type { Route } from "./options.ts";
import { UsageError } from "../../scripts/define-command.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

const GENERATED_FOLDER = join(PROJECT_ROOT, ".wrangler", "generated");

const secretsFile = z.record(z.string(), z.string());

/**
 * The file as it is deployed: with absolute paths, because paths in a configuration are relative to
 * its folder; without [build], which stops a plain `wrangler deploy`; and, for a second deployment
 * in one account, with names of its own.
 */
export function deployable(toml: string, folder: string, env: string | null): string {
  const placed = toml
    .replace(/^(main|directory|migrations_dir) = "(.+)"$/gm, (_, key: string, target: string) => {
      return `${key} = ${JSON.stringify(resolve(folder, target))}`;
    })
    .replace(/^\[build\]\n(?:.+\n)*/m, "");
  return env === null ? placed : renamed(placed, env);
}

/**
 * Routes and ids of the file are left out, because they are the first deployment's: Cloudflare
 * would move its routes to this one, and both would write into one namespace. Rate limits get other
 * numbers, because a number's counter is the whole account's.
 */
function renamed(toml: string, env: string): string {
  const named = /^(script_name|queue|dead_letter_queue|database_name) = "(.+)"$/gm;
  return toml
    .replace(/^name = "(.+)"$/m, (_, name: string) => `name = "${name}-${env}"`)
    .replace(named, (_, key: string, name: string) => `${key} = "${name}-${env}"`)
    .replace(/^namespace_id = "(\d+)"$/gm, (_, number: string) => {
      return `namespace_id = "${Number(number) + numbersOf(env)}"`;
    })
    .replace(/^(?:id|database_id) = .*\n/gm, "")
    .replace(/^\[\[routes\]\]\n(?:.+\n)*/gm, "")
    .replace(/^routes? = (?:\[[^]*?\]|.*)$/m, "");
}

/** The same for every run; a multiple of 10,000, and at most 10^9. */
function numbersOf(env: string): number {
  const digest = createHash("sha256").update(env).digest();
  return (1 + (digest.readUInt32BE(0) % 99_999)) * 10_000;
}

export function fillIn(
  toml: string,
  ids: IdLines,
  { routes, origin }: { readonly routes: readonly Route[]; readonly origin: string | null },
): string {
  const filled = toml.replace(/^binding = "(.+)"$/gm, (line, binding: string) => {
    const idLine = ids.get(binding);
    return idLine === undefined ? line : `${line}\n${idLine}`;
  });
  const routed = routes.length === 0 ? filled : `${routesLine(routes)}\n${filled}`;
  if (origin === null) return routed;
  const line = `ORIGIN = ${JSON.stringify(origin)}`;
  if (/^ORIGIN = /m.test(routed)) return routed.replace(/^ORIGIN = .*$/m, () => line);
  return routed.replace(/^\[vars\]$/m, () => `[vars]\n${line}`);
}

/** It goes before the first table, because in TOML a later line would belong to a table. */
function routesLine(routes: readonly Route[]): string {
  const entries = routes.map(({ pattern, zone }) => {
    const where = zone === null ? "custom_domain = true" : `zone_name = ${JSON.stringify(zone)}`;
    return `{ pattern = ${JSON.stringify(pattern)}, ${where} }`;
  });
  return `routes = [${entries.join(", ")}]`;
}

/** @returns the path of the copy */
export function writeDeployable(path: string, name: string, env: string | null): string {
  const text = deployable(readFileSync(path, "utf8"), dirname(path), env);
  mkdirSync(GENERATED_FOLDER, { recursive: true });
  const copy = join(GENERATED_FOLDER, env === null ? name : `${env}-${name}`);
  writeFileSync(copy, `# Generated from ${path}; changes here are lost.\n${text}`);
  return copy;
}

export function fillCopy(
  copy: string,
  ids: IdLines,
  wishes: { readonly routes: readonly Route[]; readonly origin: string | null },
): void {
  writeFileSync(copy, fillIn(readFileSync(copy, "utf8"), ids, wishes));
}

/** What a deployment needs to know of a file of secrets. */
export interface SecretsFile {
  readonly names: readonly string[];
  /** Of its STRIPE_API_KEY; null without one. */
  readonly stripeKey: StripeKeyKind | null;
}

/** Empty without a file. `option` is for the error message. */
export function readSecretsFile(path: string | null, option: string): SecretsFile {
  const secrets = path === null ? {} : readSecrets(path, option);
  const { STRIPE_API_KEY: key } = secrets;
  return {
    names: Object.keys(secrets),
    stripeKey: key === undefined ? null : stripeKeyKind(key),
  };
}

/** The merchant's token in a file of secrets; null without one. */
export function adminTokenIn(path: string | null, option: string): string | null {
  return path === null ? null : (readSecrets(path, option)["ADMIN_TOKEN"] ?? null);
}

function readSecrets(path: string, option: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UsageError(`${option} ${path} cannot be read.`);
  }
  try {
    return secretsFile.parse(JSON.parse(text));
  } catch {
    // Without details, because they would quote secrets.
    throw new UsageError(`${option} ${path} must be JSON, an object of names and texts.`);
  }
}

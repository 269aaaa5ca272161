/**
 * The wrangler.toml files that are deployed: copies in a folder that git ignores, with the
 * account's ids, the routes and the origin filled in. Also reads files of secrets.
 *
 * Guarantee: values of secrets are neither kept nor shown. The merchant's token is read to ask the
 * gate whether it is ready.
 */
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

/** Paths in a configuration are relative to its folder, so the copy has absolute ones. */
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

/** It goes before the first table, because in TOML a later line would belong to a table. */
function routesLine(routes: readonly Route[]): string {
  const entries = routes.map(({ pattern, zone }) => {
    const where = zone === null ? "custom_domain = true" : `zone_name = ${JSON.stringify(zone)}`;
    return `{ pattern = ${JSON.stringify(pattern)}, ${where} }`;
  });
  return `routes = [${entries.join(", ")}]`;
}

/** @returns the path of the copy */
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

/**
 * The project's own files for the style tests, and the findings that a rule reports about them.
 *
 * Without generated files, installed packages and stored state.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SKIPPED_FOLDERS = new Set([
  "node_modules",
  ".git",
  ".wrangler",
  ".sluice",
  "dist",
  "coverage",
  // Copies of packages' files: see scripts/vendor.ts.
  "altcha",
  "bls",
  "swagger-ui",
]);
const GENERATED_FILES = new Set(["package-lock.json", "worker-configuration.d.ts"]);
const TEXT_FILES = /\.(ts|mjs|js|css|html|sql|toml|json|md|svg)$|^\.ci\/run$/;

export interface SourceFile {
  /** Relative to the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** A violation of a rule; printed as one line. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

export function listSourceFiles(pattern: RegExp = TEXT_FILES): readonly SourceFile[] {
  return listPaths("")
    .filter((path) => TEXT_FILES.test(path) && pattern.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

function listPaths(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : listPaths(path);
    return entry.isFile() && !GENERATED_FILES.has(entry.name) ? [path] : [];
  });
}

export function printFindings(findings: readonly Finding[]): string[] {
  return findings.map(({ path, line, what }) => `${path}:${line}: ${what}`);
}

/** Lines are counted from 1. */
export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

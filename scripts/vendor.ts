/**
 * `npm run vendor`: copies ALTCHA's widget, the one script of the pages that is not ours, from its
 * npm package to where the pages serve it. `--check` only says whether the copies are its files.
 *
 * Guarantee: what is served is, byte for byte, the version that package-lock.json pins by hash. The
 * copies are kept in git, so serving and deploying need no build step; `npm run check` compares.
 */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROJECT_ROOT } from "./worker-config.ts";

const PACKAGE = join(PROJECT_ROOT, "node_modules", "altcha");
const FOLDER = join(PROJECT_ROOT, "src", "pages", "assets", "_sluice", "assets", "altcha");

/** The widget's build for a strict content security policy: styles and workers are files. */
const FILES = [
  ["dist/external/altcha.min.js", "widget.js"],
  ["dist/external/altcha.css", "widget.css"],
  ["dist/workers/pbkdf2.js", "pbkdf2.js"],
  ["LICENSE.txt", "LICENSE.txt"],
] as const;

function isCopied(source: string, copy: string): boolean {
  try {
    return readFileSync(join(FOLDER, copy)).equals(readFileSync(join(PACKAGE, source)));
  } catch {
    return false;
  }
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
mkdirSync(FOLDER, { recursive: true });
for (const [source, copy] of FILES) {
  if (isCopied(source, copy)) continue;
  if (values.check) {
    process.stderr.write(`altcha/${copy} is not the package's ${source}: run npm run vendor.\n`);
    process.exitCode = 1;
  } else copyFileSync(join(PACKAGE, source), join(FOLDER, copy));
}

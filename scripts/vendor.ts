/**
 * `npm run vendor`: copies ALTCHA's widget, the one script of the pages that is not ours, from its
 * npm package to where the pages serve it. `--check` only compares the copies with its files.
 *
 * Guarantee: what is served is, byte for byte, the version that package-lock.json pins by hash. The
 * copies are kept in git, so serving and deploying need no build step; `npm run check` compares.
 */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "./define-command.ts";
import { PROJECT_ROOT } from "./project-root.ts";

const vendor = defineCommand({
  name: "npm run vendor --",
  summary: `Copies ALTCHA's widget, the one script of the pages that is not ours, from its npm
    package to where the pages serve it.`,
  options: {
    check: { type: "flag", help: "writes nothing, and fails when a copy is not the package's" },
  },
  exitCodes: "0 the copies are the package's files, 1 with --check when one is not",
});

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

process.exitCode = await vendor.run(({ check }) => {
  const stale = FILES.filter(([source, copy]) => !isCopied(source, copy));
  mkdirSync(FOLDER, { recursive: true });
  for (const [source, copy] of stale) {
    if (!check) copyFileSync(join(PACKAGE, source), join(FOLDER, copy));
    else
      process.stderr.write(`altcha/${copy} is not the package's ${source}: run npm run vendor.\n`);
  }
  return check && stale.length > 0 ? 1 : 0;
});

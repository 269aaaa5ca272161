/**
 * `npm run vendor`: copies the scripts and styles of the pages that are not ours from their npm
 * packages to where the pages serve them: ALTCHA's widget, and Swagger UI for the API reference.
 * `--check` only compares the copies with the packages' files.
 *
 * Guarantee: what is served is, byte for byte, the version that package-lock.json pins by hash. The
 * copies are kept in git, so serving and deploying need no build step; `npm run check` compares.
 */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { defineCommand } from "./define-command.ts";
import { PROJECT_ROOT } from "./project-root.ts";
import { VENDORED_FILES } from "./vendored-files.ts";

const vendor = defineCommand({
  name: "npm run vendor --",
  summary: `Copies the scripts and styles of the pages that are not ours, ALTCHA's widget and
    Swagger UI, from their npm packages to where the pages serve them.`,
  options: {
    check: { type: "flag", help: "writes nothing, and fails when a copy is not the package's" },
  },
  exitCodes: "0 the copies are the packages' files, 1 with --check when one is not",
});

const PACKAGES = join(PROJECT_ROOT, "node_modules");
const FOLDER = join(PROJECT_ROOT, "src", "pages", "assets", "_sluice", "assets");

function isCopied(source: string, copy: string): boolean {
  try {
    return readFileSync(join(FOLDER, copy)).equals(readFileSync(join(PACKAGES, source)));
  } catch {
    return false;
  }
}

process.exitCode = await vendor.run(({ check }) => {
  const stale = VENDORED_FILES.filter(([source, copy]) => !isCopied(source, copy));
  for (const [source, copy] of stale) {
    if (check) {
      process.stderr.write(`${copy} is not the package's ${source}: run npm run vendor.\n`);
      continue;
    }
    mkdirSync(join(FOLDER, dirname(copy)), { recursive: true });
    copyFileSync(join(PACKAGES, source), join(FOLDER, copy));
  }
  return check && stale.length > 0 ? 1 : 0;
});

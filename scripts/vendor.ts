/**
 * `npm run vendor`: copies the scripts and styles of the pages that are not ours from their npm
 * packages to where the pages serve them: ALTCHA's widget, Swagger UI for the API reference, and
 * the pairing that verifies a beacon's rounds. `--check` only compares.
 *
 * Guarantee: what is served is, byte for byte, the version that package-lock.json pins by hash, or
 * what the esbuild that it pins makes of it, where browsers could not load the package's own files.
 * The copies are kept in git, so serving and deploying need no build step; `npm run check`
 * compares.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { defineCommand } from "./define-command.ts";
import { PROJECT_ROOT } from "./project-root.ts";
import { VENDORED_FILES } from "./vendored-files.ts";

const vendor = defineCommand({
  name: "npm run vendor --",
  summary: `Copies the scripts and styles of the pages that are not ours, ALTCHA's widget, Swagger
    UI and the pairing of BLS12-381, from their npm packages to where the pages serve them.`,
  options: {
    check: { type: "flag", help: "writes nothing, and fails when a copy is not the package's" },
  },
  exitCodes: "0 the copies are the packages' files, 1 with --check when one is not",
});

const PACKAGES = join(PROJECT_ROOT, "node_modules");
const FOLDER = join(PROJECT_ROOT, "src", "pages", "assets", "_sluice", "assets");

const PAIRING = 'export { bls12_381 } from "@noble/curves/bls12-381.js";\n';

/** What is made of packages, by the name of the copy. */
async function makeFiles(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    stdin: { contents: PAIRING, resolveDir: PROJECT_ROOT },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    charset: "ascii",
  });
  const script = outputFiles[0]?.text ?? "";
  return new Map([
    ["bls/bls12-381.js", script],
    ["bls/bls12-381.d.ts", PAIRING],
  ]);
}

function isMade(text: string, copy: string): boolean {
  try {
    return readFileSync(join(FOLDER, copy), "utf8") === text;
  } catch {
    return false;
  }
}

function isCopied(source: string, copy: string): boolean {
  try {
    return readFileSync(join(FOLDER, copy)).equals(readFileSync(join(PACKAGES, source)));
  } catch {
    return false;
  }
}

process.exitCode = await vendor.run(async ({ check }) => {
  const made = await makeFiles();
  const old = [...made].filter(([copy, text]) => !isMade(text, copy));
  for (const [copy, text] of old) {
    if (check) {
      process.stderr.write(`${copy} is not what esbuild makes: run npm run vendor.\n`);
      continue;
    }
    mkdirSync(join(FOLDER, dirname(copy)), { recursive: true });
    writeFileSync(join(FOLDER, copy), text);
  }
  const stale = VENDORED_FILES.filter(([source, copy]) => !isCopied(source, copy));
  for (const [source, copy] of stale) {
    if (check) {
      process.stderr.write(`${copy} is not the package's ${source}: run npm run vendor.\n`);
      continue;
    }
    mkdirSync(join(FOLDER, dirname(copy)), { recursive: true });
    copyFileSync(join(PACKAGES, source), join(FOLDER, copy));
  }
  return check && stale.length + old.length > 0 ? 1 : 0;
});

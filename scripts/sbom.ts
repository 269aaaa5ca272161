/**
 * `npm run sbom`: writes the list of components (`sbom.cdx.json`, CycloneDX) and the notices of
 * third parties (`THIRD-PARTY-NOTICES.txt`) from package-lock.json and from what wrangler bundles.
 * `--check` only compares, as `npm run check` does.
 *
 * Guarantee: it fails when a package has no licence, or one that is not accepted
 * (`license-notices.ts`), and then writes nothing.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeBom } from "./cyclonedx.ts";
import { defineCommand } from "./define-command.ts";
import { licenseProblems, writeNotices } from "./license-notices.ts";
import { PROJECT_FOLDER, readLockfile } from "./lockfile.ts";
import { PROJECT_ROOT } from "./project-root.ts";
import { findShipped } from "./shipped-packages.ts";

const sbom = defineCommand({
  name: "npm run sbom --",
  summary: `Writes the list of components (sbom.cdx.json, CycloneDX) and the notices of third
    parties (THIRD-PARTY-NOTICES.txt) from package-lock.json and from what is bundled.`,
  options: {
    check: { type: "flag", help: "writes nothing, and fails when a file is not up to date" },
  },
  exitCodes: `0 both files are up to date, 1 a licence is missing or not accepted, or with --check
    a file is not up to date`,
});

function readTexts(folder: string): readonly string[] {
  const path = join(PROJECT_ROOT, folder);
  // Also the licences of what a package has bundled, such as swagger-ui-bundle.js.LICENSE.txt.
  const isText = /^(?:licen[cs]e|notice|copying)\b|^swagger-ui-bundle\.js\.LICENSE/i;
  const names = readdirSync(path).filter((name) => isText.test(name));
  return names.toSorted().map((name) => readFileSync(join(path, name), "utf8"));
}

function isWritten(path: string, text: string): boolean {
  try {
    return readFileSync(path, "utf8") === text;
  } catch {
    return false;
  }
}

process.exitCode = await sbom.run(({ check }) => {
  const lockfile = readLockfile(readFileSync(join(PROJECT_ROOT, "package-lock.json"), "utf8"));
  const shipped = findShipped();
  const problems = licenseProblems(lockfile, shipped);
  if (problems.length > 0) {
    process.stderr.write(`${problems.join("\n")}\n`);
    return 1;
  }
  const project = lockfile.get(PROJECT_FOLDER);
  if (project === undefined) throw new Error("package-lock.json does not describe the project");
  const files = [
    ["sbom.cdx.json", writeBom(lockfile, shipped, project)],
    ["THIRD-PARTY-NOTICES.txt", writeNotices(lockfile, shipped, readTexts)],
  ] as const;
  const stale = files.filter(([name, text]) => !isWritten(join(PROJECT_ROOT, name), text));
  for (const [name, text] of stale) {
    if (check) process.stderr.write(`${name} is not up to date: run npm run sbom.\n`);
    else writeFileSync(join(PROJECT_ROOT, name), text);
  }
  return check && stale.length > 0 ? 1 : 0;
});

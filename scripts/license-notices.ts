/**
 * The notices that go with what is shipped: each package's copyright and licence, as the package
 * states them; and which licences are accepted.
 *
 * Guarantee: the same packages give the same text. A package without a licence, or with one that
 * is not on the lists below, is reported by its name, whether it is shipped or only installed.
 */
import type { LockedPackage, Lockfile } from "./lockfile.ts";
import { PROJECT_FOLDER } from "./lockfile.ts";
import type { Shipped } from "./shipped-packages.ts";

/** Permissive: what is shipped may have these only. */
const SHIPPED_LICENSES = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
] as const;

/** Programs that developers run may have these too, because none of their code is shipped. */
const DEVELOPMENT_LICENSES = [
  ...SHIPPED_LICENSES,
  "LGPL-3.0-or-later",
  "MPL-2.0",
  "Python-2.0",
] as const;

/** Of alternatives one must be accepted, of licences that apply together all. */
function isAccepted(license: string, accepted: readonly string[]): boolean {
  const plain = license.replaceAll(/[()]/g, "");
  if (license.includes("(") && / AND /.test(plain) && / OR /.test(plain)) return false;
  return plain
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((id) => accepted.includes(id)));
}

/** One sentence for each package whose licence is missing or not accepted. */
export function licenseProblems(lockfile: Lockfile, shipped: Shipped): readonly string[] {
  const packages = [...lockfile].filter(([folder]) => folder !== PROJECT_FOLDER);
  const problems = packages.flatMap(([folder, { name, version, license }]) => {
    const isShipped = shipped.has(folder);
    if (license === null) return [`${name} ${version} states no licence`];
    if (isAccepted(license, isShipped ? SHIPPED_LICENSES : DEVELOPMENT_LICENSES)) return [];
    const use = isShipped ? "is shipped" : "is installed";
    return [`${name} ${version} ${use}, and its licence ${license} is not accepted`];
  });
  const unknown = [...shipped.keys()].filter((folder) => !lockfile.has(folder));
  return [...problems, ...unknown.map((folder) => `${folder} is shipped, and not in the lockfile`)];
}

const CARRIERS = {
  gate: "the gate Worker",
  orders: "the orders Worker",
  pages: "the pages' assets",
} as const;

const RULE = "=".repeat(78);

/** The texts of a package's licence files; empty when it has none. */
type ReadTexts = (folder: string) => readonly string[];

function noticeOf(
  { name, version, license }: LockedPackage,
  carriers: readonly (keyof typeof CARRIERS)[],
  texts: readonly string[],
): string {
  const where = carriers.map((carrier) => CARRIERS[carrier]).join(", ");
  const none = `The package has no file with its licence; its package.json states ${license}.`;
  const body = texts.length === 0 ? [none] : texts.map((text) => text.trim());
  return [RULE, `${name} ${version} (${license}), in ${where}`, RULE, "", body.join("\n\n")].join(
    "\n",
  );
}

export function writeNotices(lockfile: Lockfile, shipped: Shipped, readTexts: ReadTexts): string {
  const notices = [...shipped]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([folder, carriers]) => {
      const locked = lockfile.get(folder);
      return locked === undefined ? [] : [noticeOf(locked, carriers, readTexts(folder))];
    });
  const head =
    "Third-party notices\n\n" +
    "Sluice is MIT licensed (LICENSE). Deployments of it have code of these packages. The list\n" +
    "of every package, also of those that only developers run, is sbom.cdx.json. `npm run sbom`\n" +
    "writes both.";
  return `${[head, ...notices].join("\n\n").replaceAll("\r\n", "\n")}\n`;
}

/**
 * The list of components (SBOM) in CycloneDX 1.6, as JSON: every package of the lockfile, with its
 * hash, its licence, what it needs, and whether it is shipped.
 *
 * Guarantee: the same lockfile and bundles give the same bytes. So it has neither a time nor a
 * serial number, and none of the fields that differ between versions of npm. `npm sbom` is not used
 * because it has all of these, counts shipped copies as development (ALTCHA, Swagger UI), and with
 * `--omit dev` leaves out a direct dependency of which an older copy is installed too (npm 11.19).
 */
import { type LockedPackage, type Lockfile, PROJECT_FOLDER } from "./lockfile.ts";
import type { Shipped } from "./shipped-packages.ts";

function purlOf({ name, version }: Pick<LockedPackage, "name" | "version">): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function hashesOf(integrity: string | null): readonly object[] {
  const [algorithm, digest] = integrity?.split("-", 2) ?? [];
  if (algorithm !== "sha512" || digest === undefined) return [];
  return [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }];
}

function licensesOf(license: string | null): readonly object[] {
  if (license === null) return [];
  return / (?:AND|OR|WITH) /.test(license)
    ? [{ expression: license }]
    : [{ license: { id: license } }];
}

const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A package that is installed in several folders is one component, shipped if any of them is. */
function componentsOf(lockfile: Lockfile, shipped: Shipped) {
  const byPurl = new Map<string, { folders: string[]; locked: LockedPackage }>();
  for (const [folder, locked] of lockfile) {
    if (folder === PROJECT_FOLDER) continue;
    const known = byPurl.get(purlOf(locked));
    if (known === undefined) byPurl.set(purlOf(locked), { folders: [folder], locked });
    else known.folders.push(folder);
  }
  const sorted = [...byPurl].toSorted(([a], [b]) => inOrder(a, b));
  return sorted.map(([purl, { folders, locked }]) => {
    const carriers = [...new Set(folders.flatMap((folder) => shipped.get(folder) ?? []))];
    return {
      type: "library",
      "bom-ref": purl,
      name: locked.name,
      version: locked.version,
      scope: carriers.length > 0 ? "required" : "excluded",
      hashes: hashesOf(locked.integrity),
      licenses: licensesOf(locked.license),
      purl,
      ...(carriers.length > 0 && {
        properties: carriers.map((value) => ({ name: "sluice:shipped-in", value })),
      }),
    };
  });
}

function dependenciesOf(lockfile: Lockfile, project: string) {
  const needs = new Map<string, Set<string>>();
  const refOf = (folder: string, locked: LockedPackage) => {
    return folder === PROJECT_FOLDER ? project : purlOf(locked);
  };
  for (const [folder, locked] of lockfile) {
    const ref = refOf(folder, locked);
    const known = needs.get(ref) ?? new Set();
    for (const needed of locked.needs) {
      const other = lockfile.get(needed);
      if (other !== undefined) known.add(purlOf(other));
    }
    needs.set(ref, known);
  }
  return [...needs]
    .toSorted(([a], [b]) => inOrder(a, b))
    .map(([ref, dependsOn]) => ({ ref, dependsOn: [...dependsOn].toSorted(inOrder) }));
}

export function writeBom(lockfile: Lockfile, shipped: Shipped, project: LockedPackage): string {
  const { name, version, license } = project;
  const ref = purlOf(project);
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      lifecycles: [{ phase: "pre-build" }],
      component: {
        type: "application",
        "bom-ref": ref,
        name,
        version,
        licenses: licensesOf(license),
        purl: ref,
      },
    },
    components: componentsOf(lockfile, shipped),
    dependencies: dependenciesOf(lockfile, ref),
  };
  // One component a line, so that an update of a package is a readable change.
  const lines = JSON.stringify(bom, null, 1).replaceAll(/\n(?: {3,}| {2}(?=[\]}]))/g, "");
  return `${lines}\n`;
}

/**
 * The packages that package-lock.json pins, and which of them each one needs.
 *
 * Guarantee: the answer follows from the text of the lockfile alone, not from what is installed, so
 * it is the same on every machine: packages for other systems are included.
 */
import { z } from "zod";

const entrySchema = z.object({
  name: z.string().optional(),
  version: z.string(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
});

const lockfileSchema = z.object({
  lockfileVersion: z.literal(3),
  packages: z.record(z.string(), entrySchema),
});

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** As an SPDX expression; null when the package states none. */
  readonly license: string | null;
  /** Subresource integrity of the tarball, such as `sha512-…`; null when there is none. */
  readonly integrity: string | null;
  /** The folders of the packages it needs: keys of the same map. */
  readonly needs: readonly string[];
}

/** By the folder that npm installs a package to, such as `node_modules/a/node_modules/b`. */
export type Lockfile = ReadonlyMap<string, LockedPackage>;

/** The project itself, whose folder is the lockfile's own. */
export const PROJECT_FOLDER = "";

const INSIDE = "node_modules/";

export function readLockfile(text: string): Lockfile {
  const { packages } = lockfileSchema.parse(JSON.parse(text));
  const folders = new Set(Object.keys(packages));
  const entries = Object.entries(packages).map(([folder, entry]) => {
    const { version, license = null, integrity = null } = entry;
    const wanted = Object.keys({
      ...entry.peerDependencies,
      ...entry.optionalDependencies,
      ...entry.dependencies,
    });
    const needs = wanted.flatMap((name) => resolveFrom(folder, name, folders) ?? []);
    // The project and packages under another name state it; of all others the folder is the name.
    const name = entry.name ?? folder.slice(folder.lastIndexOf(INSIDE) + INSIDE.length);
    return [folder, { name, version, license, integrity, needs }] as const;
  });
  return new Map(entries);
}

/** As Node resolves: beside the package's own dependencies first, then in each folder above. */
function resolveFrom(folder: string, name: string, folders: ReadonlySet<string>): string | null {
  for (let above = folder; ; above = above.slice(0, above.lastIndexOf(INSIDE)).replace(/\/$/, "")) {
    const found = above === "" ? `${INSIDE}${name}` : `${above}/${INSIDE}${name}`;
    if (folders.has(found)) return found;
    // A peer or an optional dependency that npm did not install.
    if (above === "") return null;
  }
}

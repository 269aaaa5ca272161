/**
 * Which packages are shipped: those whose code is in the bundle of a Worker, as wrangler would
 * deploy it, and those whose files the pages serve.
 *
 * Guarantee: a package that is bundled but contributes no byte is not shipped.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { PROJECT_ROOT } from "./project-root.ts";
import { VENDORED_FILES } from "./vendored-files.ts";

const WORKERS = { gate: "wrangler.toml", orders: "queues/wrangler.toml" } as const;

/** What ships a package: the bundle of a Worker, or the assets of the pages. */
export type Carrier = keyof typeof WORKERS | "pages";

/** By the package's folder, such as `node_modules/hono`. */
export type Shipped = ReadonlyMap<string, readonly Carrier[]>;

const metafileSchema = z.object({
  outputs: z.record(
    z.string(),
    z.object({ inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })) }),
  ),
});

/** The folders of the packages in esbuild's description of a bundle. */
export function foldersIn(metafile: string): readonly string[] {
  const { outputs } = metafileSchema.parse(JSON.parse(metafile));
  const paths = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
  const folders = paths.flatMap((path) => {
    return (
      /(?:^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []
    );
  });
  return [...new Set(folders)];
}

function bundledIn(config: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bundle-"));
  try {
    const wrangler = join(PROJECT_ROOT, "node_modules", ".bin", "wrangler");
    const args = ["deploy", "--dry-run", "--config", config, "--outdir", folder, "--metafile"];
    const { status, stderr } = spawnSync(wrangler, args, {
      cwd: PROJECT_ROOT,
      encoding: "utf8",
      env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", SLUICE_GUIDED: "1" },
    });
    if (status !== 0) throw new Error(`wrangler could not bundle ${config}:\n${stderr}`);
    return foldersIn(readFileSync(join(folder, "bundle-meta.json"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function findShipped(): Shipped {
  const shipped = new Map<string, Carrier[]>();
  const ship = (folder: string, by: Carrier): void => {
    const known = shipped.get(folder) ?? [];
    if (!known.includes(by)) shipped.set(folder, [...known, by]);
  };
  for (const worker of ["gate", "orders"] as const) {
    for (const folder of bundledIn(WORKERS[worker])) ship(folder, worker);
  }
  for (const [source] of VENDORED_FILES) {
    const [, name = ""] = /^((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
    ship(`node_modules/${name}`, "pages");
  }
  return shipped;
}

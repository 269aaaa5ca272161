/**
 * Bundles a Worker's entry file in memory, the way `wrangler deploy` would, for everything that
 * runs Workers on this machine: the host, the benches and the workerd tests.
 *
 * Guarantee: one entry file is bundled once per process. Not for deploys; wrangler bundles those.
 */
import { builtinModules } from "node:module";
import { build, type Plugin } from "esbuild";

const bundles = new Map<string, Promise<string>>();

/** The source of one ES module that holds the Worker and everything it imports. */
export function bundleWorker(entryPath: string): Promise<string> {
  const known = bundles.get(entryPath);
  if (known !== undefined) return known;
  const bundle = buildWorker(entryPath);
  bundles.set(entryPath, bundle);
  return bundle;
}

/** With `nodejs_compat` workerd knows Node's modules, but only by their `node:` names. */
const nodeNames: Plugin = {
  name: "node-names",
  setup(esbuild) {
    const filter = new RegExp(`^(${builtinModules.join("|")})$`);
    esbuild.onResolve({ filter }, ({ path }) => ({ path: `node:${path}`, external: true }));
  },
};

async function buildWorker(entryPath: string): Promise<string> {
  const result = await build({
    entryPoints: [entryPath],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "browser",
    // The conditions wrangler resolves packages with, so that the same builds of them are run.
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["cloudflare:*", "node:*"],
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".html": "text", ".sql": "text", ".txt": "text" },
    plugins: [nodeNames],
    // Miniflare takes longer to hand workerd a large module than esbuild takes to make it, so the
    // bundle has neither map nor blanks; names stay, and lines short enough to find a place in.
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: "error",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`esbuild made no bundle of ${entryPath}`);
  return file.text;
}

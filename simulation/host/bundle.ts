/**
 * Bundles a Worker's entry file in memory, as `wrangler deploy` would, for the programs that run
 * Workers on this machine: the host, the benchmarks and the workerd tests.
 *
 * Guarantee: an entry file is bundled once per process. Not for deployments, which wrangler
 * bundles.
 */
import { builtinModules } from "node:module";
import { build, type Plugin } from "esbuild";

const bundles = new Map<string, Promise<string>>();

/** Returns the source of one ES module with the Worker and everything it imports. */
export function bundleWorker(entryPath: string): Promise<string> {
  const known = bundles.get(entryPath);
  if (known !== undefined) return known;
  const bundle = buildWorker(entryPath);
  bundles.set(entryPath, bundle);
  return bundle;
}

/** With `nodejs_compat` workerd has Node's modules, but only under their `node:` names. */
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
    // wrangler's conditions, so that packages resolve to the same builds as in a deployment.
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["cloudflare:*", "node:*"],
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".html": "text", ".sql": "text", ".txt": "text" },
    plugins: [nodeNames],
    // Miniflare takes longer to pass a large module to workerd than esbuild takes to build it, so
    // there is no source map and no whitespace. Names are kept and lines are short, so that the
    // line in a stack trace can be found.
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: "error",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`esbuild produced no bundle of ${entryPath}`);
  return file.text;
}

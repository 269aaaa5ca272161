/**
 * Who may import whom. Dependencies point inwards: the rules in `src/domain` know nobody, adapters
 * know the rules and not each other, use cases know both, and one file wires a Worker.
 */
import ts from "typescript";
import { type Finding, lineOf, type SourceFile } from "./source-files.ts";

interface Layer {
  readonly folder: string;
  /** Folders and files it may import from, besides its own folder. */
  readonly mayImport: readonly string[];
  /** The only packages it may import; any, when absent. */
  readonly packages?: readonly string[];
}

const ADAPTERS = [
  "src/tokens",
  "src/sales",
  "src/order-book",
  "src/redis",
  "src/webhooks",
  "src/proofs",
];

// The tree is being rearranged: a folder stands under its old and under its new name.
const PLATFORM = ["src/timing", "src/platform"];
const SHOPPER = ["src/journey", "src/shopper"];

/** The first layer whose folder holds a file is the file's layer. */
const LAYERS: readonly Layer[] = [
  { folder: "src/domain", mayImport: [], packages: ["zod", "@noble/hashes", "mustache"] },
  ...["src/timing", "src/platform"].map((folder) => ({ folder, mayImport: [], packages: [] })),
  ...ADAPTERS.map((folder) => ({ folder, mayImport: ["src/domain", ...PLATFORM] })),
  ...SHOPPER.map((folder) => ({
    folder,
    mayImport: ["src/domain", ...PLATFORM, ...ADAPTERS, ...SHOPPER],
  })),
  { folder: "src/merchant", mayImport: ["src/domain", ...ADAPTERS] },
  { folder: "src/web", mayImport: ["src/domain", ...SHOPPER, "package.json"] },
  { folder: "src/api", mayImport: ["src/domain", ...SHOPPER, "src/merchant", "src/web"] },
  { folder: "src/pages", mayImport: ["src/domain", ...SHOPPER, "src/web"] },
  ...["src/edge", "src/proxy"].map((folder) => ({
    folder,
    mayImport: [
      "src/domain",
      ...PLATFORM,
      "src/sales",
      "src/tokens",
      ...SHOPPER,
      "src/web",
      "src/api",
      "src/pages",
    ],
  })),
  { folder: "src/operations", mayImport: ["src/domain", "queues/backends", "scripts", "tools"] },
  { folder: "src/gate.ts", mayImport: ["src", "durable-objects"] },
  {
    folder: "durable-objects",
    mayImport: ["src/domain", ...PLATFORM, "src/tokens", "src/redis"],
  },
  { folder: "queues/backends", mayImport: ["src/domain", ...PLATFORM, "src/webhooks"] },
  { folder: "queues", mayImport: ["src/domain", ...PLATFORM, "src/redis", "src/webhooks"] },
  { folder: "simulation/sandbox", mayImport: [] },
  ...[
    "simulation/chaos",
    "simulation/drill/chaos-gate.ts",
    "simulation/drill/chaos-orders-worker.ts",
  ].map((folder) => ({ folder, mayImport: ["src/gate.ts", "queues/orders-worker.ts"] })),
  ...["simulation/example-shop", "examples"].map((folder) => ({ folder, mayImport: [] })),
  {
    folder: "simulation/conformance",
    mayImport: ["src/domain", "queues/backends"],
  },
  // They run the product's own objects and pipeline, on maps and in virtual time.
  ...[
    "simulation/faults",
    "simulation/virtual-sale",
    "simulation/room-memory.ts",
    "simulation/stock-memory.ts",
  ].map((folder) => ({
    folder,
    mayImport: ["src/domain", "durable-objects", "queues", "scripts", "simulation"],
  })),
  ...["scripts", "tools", "simulation"].map((folder) => ({
    folder,
    mayImport: [
      "src/domain",
      "src/webhooks",
      "queues/backends",
      "scripts",
      "tools",
      "simulation",
      "examples",
    ],
  })),
  // Shops copy it, so it stands on its own.
  { folder: "examples/origins", mayImport: [], packages: ["jose", "hono"] },
];

/** Folders in which a file without a layer is a mistake. */
const LAYERED = [
  "src",
  "durable-objects",
  "queues",
  "simulation",
  "docs",
  "scripts",
  "tools",
  "examples",
];

export function checkImports(file: SourceFile): Finding[] {
  const layer = LAYERS.find(({ folder }) => isWithin(file.path, folder));
  if (layer === undefined) {
    if (!LAYERED.some((folder) => isWithin(file.path, folder))) return [];
    return [{ path: file.path, line: 1, what: "belongs to no layer of import-direction.ts" }];
  }
  const { importedFiles } = ts.preProcessFile(file.text, true, true);
  return importedFiles.flatMap(({ fileName, pos }) => {
    if (mayImport(layer, file.path, fileName)) return [];
    const what = `${layer.folder} may not import ${fileName}`;
    return [{ path: file.path, line: lineOf(file.text, pos), what }];
  });
}

function mayImport(layer: Layer, importer: string, specifier: string): boolean {
  if (!specifier.startsWith(".")) {
    return layer.packages?.some((name) => isWithin(specifier, name)) ?? true;
  }
  const target = resolveFrom(importer, specifier);
  return [layer.folder, ...layer.mayImport].some((folder) => isWithin(target, folder));
}

function resolveFrom(importer: string, specifier: string): string {
  const url = new URL(specifier, `file:///${importer}`);
  return url.pathname.slice(1);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/**
 * One project for each way a test runs: pure rules and style on Node, Workers and Durable Objects
 * inside workerd, and the whole of Sluice from outside, over HTTP and in a browser.
 *
 * `npm test` runs them all; `npm test -- --project workerd` runs one.
 */
import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { bundleWorker } from "./simulation/host/bundle.ts";
import { SANDBOX_API_KEY } from "./simulation/host/local-secrets.ts";
import { PROJECT_ROOT } from "./scripts/project-root.ts";
import { composeWorker, readWorkerConfig } from "./scripts/worker-config.ts";
import { generateGateSecrets } from "./scripts/secret-set.ts";

/**
 * The Worker under test has the bindings of the gate and, for the pipeline, the secrets and
 * variables of the orders Worker. The queues have producers and no consumers, so a message is
 * handled when a test hands it over. Whatever the Worker fetches from outside is answered by the
 * sandbox payment provider.
 */
const workerd = cloudflareTest(async () => {
  const gate = readWorkerConfig("wrangler.toml", "lifted");
  const sandbox = readWorkerConfig("simulation/sandbox/wrangler.toml", "lifted");
  return {
    main: "./test/workerd/support/worker.ts",
    miniflare: {
      ...gate.bindings,
      bindings: {
        ...gate.bindings.bindings,
        ...generateGateSecrets(),
        STRIPE_API_KEY: SANDBOX_API_KEY,
        STRIPE_API_BASE: "http://sandbox.test",
        // These tests move the clock, and a beacon's rounds would not follow.
        BEACON_CHAIN: "",
        MIGRATIONS: await readD1Migrations(join(PROJECT_ROOT, "queues", "migrations")),
      },
      cf: false,
      outboundService: sandbox.name,
      workers: [composeWorker(sandbox, await bundleWorker(sandbox.main), {})],
    },
  };
});

const CI_SEED = process.env["CI"] === undefined ? null : "1";
const propertySeed = process.env["PROPERTY_SEED"] ?? CI_SEED;
const properties = {
  setupFiles: ["./test/support/property-seed.ts"],
  provide: { propertySeed: propertySeed === null ? null : Number(propertySeed) },
};

/** Also where there are two cores only: most files wait, for a tick, a window or a retry. */
const FILES_AT_ONCE = 3;

/**
 * Files that run one after another in a process keep its modules: loading wrangler and bundling
 * the Workers costs more than most files do. So a file leaves no fake clock and no spy behind.
 */
const onNode = {
  maxWorkers: FILES_AT_ONCE,
  isolate: false,
  testTimeout: 30_000,
  hookTimeout: 30_000,
} as const;

/** Each of these files starts a Sluice of its own. */
const wholeSluice = {
  ...onNode,
  testTimeout: 60_000,
  hookTimeout: 60_000,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["test/node/**/*.test.ts"],
          provide: properties.provide,
          setupFiles: [...properties.setupFiles, "./test/node/support/openapi-methods.ts"],
          ...onNode,
        },
      },
      {
        test: {
          name: "style",
          include: ["test/style/**/*.test.ts"],
          ...onNode,
        },
      },
      {
        plugins: [workerd],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          provide: properties.provide,
          setupFiles: [...properties.setupFiles, "./test/workerd/support/apply-migrations.ts"],
          ...onNode,
        },
      },
      {
        test: {
          name: "http",
          include: ["test/http/**/*.test.ts"],
          ...properties,
          sequence: { groupOrder: 1 },
          ...wholeSluice,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          sequence: { groupOrder: 2 },
          ...wholeSluice,
          // Three browsers and three Sluices share two cores in CI, so a page may be scheduled too
          // late once. The report names each test that needed its second run.
          retry: process.env["CI"] === undefined ? 0 : 1,
        },
      },
    ],
  },
});

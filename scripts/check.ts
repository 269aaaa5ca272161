/**
 * `npm run check`: everything about the code that can be checked without running it. Types,
 * bindings, lint, format, unused code, components with their licences, and a dry run of deploying
 * both Workers.
 *
 * Every step runs even when an earlier one failed; a step's output is shown when it fails. The
 * last line is `check: N passed, N failed`, and the exit code is 1 when any failed.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { defineCommand } from "./define-command.ts";
import { type Progress, withProgress } from "./progress.mjs";
import { PROJECT_ROOT } from "./project-root.ts";
import { TYPES_ARGUMENTS } from "./types.ts";

const check = defineCommand({
  name: "npm run check --",
  summary: `Checks everything about the code that can be checked without running it: types, lint,
    format, unused code, bindings, components with their licences, and a dry run of deploying both
    Workers.`,
  options: {},
  exitCodes: "0 every check passed, 1 some failed",
});

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const STEPS: readonly Step[] = [
  { name: "types of the Workers", command: ["tsc", "--project", "."] },
  { name: "types of the Node programs", command: ["tsc", "--project", "scripts"] },
  { name: "types of the workerd tests", command: ["tsc", "--project", "test/workerd"] },
  { name: "types of the page scripts", command: ["tsc", "--project", "src/pages/assets"] },
  {
    name: "types of the example page's scripts",
    command: ["tsc", "--project", "examples/checkout/page"],
  },
  {
    name: "types of the stand-in for Stripe.js",
    command: ["tsc", "--project", "simulation/sandbox/browser"],
  },
  { name: "lint", command: ["oxlint", "--type-aware", "--max-warnings=0"] },
  { name: "unused code", command: ["knip"] },
  { name: "format", command: ["oxfmt", "--check"] },
  {
    name: "OpenAPI document, Spectral",
    command: ["node", "scripts/lint-openapi.ts", "--by", "spectral"],
  },
  {
    name: "OpenAPI document, Redocly",
    command: ["node", "scripts/lint-openapi.ts", "--by", "redocly"],
  },
  { name: "copies of packages", command: ["node", "scripts/vendor.ts", "--check"] },
  { name: "components and licences", command: ["node", "scripts/sbom.ts", "--check"] },
  {
    name: "bindings of the gate",
    command: ["wrangler", "types", "--check", ...TYPES_ARGUMENTS.gate],
  },
  {
    name: "bindings of the orders Worker",
    command: ["wrangler", "types", "--check", ...TYPES_ARGUMENTS.orders],
  },
  { name: "deploy, dry run", command: ["node", "tools/deploy/main.ts", "--dry-run"] },
];

const PARALLEL_MAX = 2;

function runStep({ name, command }: Step, { clear }: Progress): Promise<boolean> {
  const [program, ...args] = command;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(join(PROJECT_ROOT, "node_modules", ".bin", program), args, {
      cwd: PROJECT_ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" },
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    child.once("error", (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.once("close", (code) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const passed = code === 0;
      clear();
      process.stdout.write(`${passed ? "✓" : "✗"} ${name} (${seconds} s)\n`);
      if (!passed) process.stdout.write(`${Buffer.concat(output).toString()}\n`);
      resolve(passed);
    });
  });
}

async function runSteps(): Promise<readonly boolean[]> {
  const waiting = [...STEPS];
  const running = new Set<string>();
  const results: boolean[] = [];
  const shown = () => `${results.length} of ${STEPS.length} done, ${[...running].join(" and ")}`;
  return withProgress(shown, async (progress) => {
    const runWaiting = async () => {
      for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
        running.add(step.name);
        results.push(await runStep(step, progress));
        running.delete(step.name);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_MAX }, runWaiting));
    return results;
  });
}

process.exitCode = await check.run(async () => {
  const results = await runSteps();
  const failed = results.filter((passed) => !passed).length;
  process.stdout.write(`check: ${results.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
});

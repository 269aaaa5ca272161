/**
 * What every npm script goes through: installs what is missing and then runs, on the project's own
 * Node, a program of the project or a command of one of its packages.
 *
 *   node scripts/run.mjs simulation/drill/main.ts --shoppers 10
 *   node scripts/run.mjs vitest run
 *
 * Guarantee: arguments, input, output and signals are the program's, and so is the exit code. Runs
 * on any Node from 18 on.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endOf } from "./child-process.mjs";
import { ensureInstall, modules } from "./ensure-install.mjs";

const NODE = join(modules, "node", "bin", process.platform === "win32" ? "node.exe" : "node");

/** The file of a package's command that is named like the package. */
function commandOf(name) {
  const { bin } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return join(modules, name, typeof bin === "string" ? bin : bin[name]);
}

const NPM_CHECK_MS = 500;

/** Under npm, ends the program when npm is gone; kill -9 of npm sends no signal to here. */
function endWithNpm(/** @type {import("node:child_process").ChildProcess} */ child) {
  const npm = process.ppid;
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, NPM_CHECK_MS);
  timer.unref();
}

const [program = "", ...args] = process.argv.slice(2);
if (await ensureInstall()) {
  const file = program.endsWith(".ts") ? join(modules, "..", program) : commandOf(program);
  const env = { ...process.env, SLUICE_RUNNER: String(process.pid) };
  const child = spawn(NODE, [file, ...args], { stdio: "inherit", env });
  endWithNpm(child);
  process.exitCode = await endOf(child);
} else {
  process.exitCode = 1;
}

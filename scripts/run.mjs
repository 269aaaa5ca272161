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

const [program = "", ...args] = process.argv.slice(2);
if (await ensureInstall()) {
  const file = program.endsWith(".ts") ? join(modules, "..", program) : commandOf(program);
  process.exitCode = await endOf(spawn(NODE, [file, ...args], { stdio: "inherit" }));
} else {
  process.exitCode = 1;
}

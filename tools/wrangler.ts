/**
 * Runs wrangler's command line for the operators' programs, with the Node that runs them.
 *
 * A command that fails has printed why; the caller only learns that it failed.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT_ROOT = fileURLToPath(new URL("..", import.meta.url));

const PROGRAM = join(PROJECT_ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** A failure whose message is for the operator; no stack trace adds anything to it. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

/** The one way to wrangler's commands. */
export interface Wrangler {
  /** Runs a command in the open. Throws OperatorError when it fails. */
  run(args: readonly string[]): void;
  /** Runs a command that answers on standard output, quietly. */
  ask(args: readonly string[]): { readonly succeeded: boolean; readonly answer: string };
}

export const wrangler: Wrangler = { run, ask };

function run(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: PROJECT_ROOT,
    stdio: "inherit",
  });
  if (status !== 0) throw new OperatorError(`wrangler ${args.join(" ")} failed; see above.`);
}

function ask(args: readonly string[]): { succeeded: boolean; answer: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: PROJECT_ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  return { succeeded: status === 0, answer: status === 0 ? stdout : `${stdout}${stderr}` };
}

/**
 * Runs wrangler's command line for the operators' programs, with the Node that runs them.
 *
 * A command that fails has printed why; the caller learns only that it failed.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { PROJECT_ROOT } from "../scripts/project-root.ts";

const PROGRAM = join(PROJECT_ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** A failure whose message is for the operator; no stack trace adds anything to it. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

export interface Answer {
  readonly succeeded: boolean;
  /** Standard output; after a failure standard error too. */
  readonly answer: string;
}

/** The one way to wrangler's commands. */
export interface Wrangler {
  /** Runs a command whose output the operator sees. Rejects with OperatorError when it fails. */
  run(args: readonly string[]): Promise<void>;
  /** Runs a command whose output is its answer; the operator does not see it. */
  ask(args: readonly string[]): Promise<Answer>;
}

export const wrangler: Wrangler = {
  async run(args) {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: PROJECT_ROOT,
      stdio: "inherit",
    });
    if ((await exitCodeOf(child)) === 0) return;
    throw new OperatorError(`wrangler ${args.join(" ")} failed; see above.`);
  },
  async ask(args) {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: PROJECT_ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = exitCodeOf(child);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const succeeded = (await exited) === 0;
    return { succeeded, answer: succeeded ? stdout : `${stdout}${stderr}` };
  },
};

function exitCodeOf(child: ReturnType<typeof spawn>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
}

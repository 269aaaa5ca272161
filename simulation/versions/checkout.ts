/**
 * Another version of this repository in a folder of its own, and a version that runs.
 *
 * Guarantee: the repository's own work tree is not touched; a version that was started is ended.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, openSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

function git(args: readonly string[]): string {
  return execFileSync("git", args, { cwd: PROJECT_ROOT, encoding: "utf8" }).trim();
}

/** The last tag before this commit, or else the commit before it. */
export function refBefore(): string {
  try {
    return git(["describe", "--tags", "--abbrev=0", "HEAD^"]);
  } catch {
    return git(["rev-parse", "HEAD^"]);
  }
}

/** Checks the version out to `<scratch>/other`, with the packages that are installed here. */
export function checkOut(ref: string, scratch: string): string {
  const folder = join(scratch, "other");
  mkdirSync(folder);
  const archive = execFileSync("git", ["archive", "--format=tar", ref], {
    cwd: PROJECT_ROOT,
    maxBuffer: 1 << 30,
  });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  symlinkSync(join(PROJECT_ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  return folder;
}

export interface Running {
  /** The exit code of a version that ended by itself. */
  readonly ended: () => number | null;
  readonly stop: () => Promise<void>;
}

export interface Start {
  readonly folder: string;
  readonly state: string;
  readonly log: string;
  readonly port: number;
  readonly adminToken: string;
}

export function startVersion({ folder, state, log, port, adminToken }: Start): Running {
  const output = openSync(log, "a");
  const args = [
    "scripts/run.mjs",
    "simulation/start/main.ts",
    "--no-sale",
    `--folder=${state}`,
    `--port=${port}`,
    `--sandbox-port=${port + 1}`,
  ];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ["ignore", output, output],
    env: { ...process.env, ADMIN_TOKEN: adminToken },
  });
  return { ended: () => child.exitCode, stop: () => stopped(child) };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exit;
  clearTimeout(timer);
}

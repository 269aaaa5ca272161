/** What this machine says about processes. */
import { readFileSync } from "node:fs";

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When the process began, in ticks since the machine started; null where /proc does not exist. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The 22nd field; the second is the program's name, which may contain spaces and brackets.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

const RUNNER_CHECK_MS = 500;

/**
 * Calls once when the process of `npm start` between npm and this one is gone, such as by kill -9;
 * other signals it hands on. Nothing is watched when another program started this one, because a
 * shell may end before what it started.
 */
export function onRunnerGone(act: () => void): void {
  const runner = Number(process.env["SLUICE_RUNNER"]);
  if (process.ppid !== runner) return;
  const timer = setInterval(() => {
    if (process.ppid === runner) return;
    clearInterval(timer);
    act();
  }, RUNNER_CHECK_MS);
  timer.unref();
}

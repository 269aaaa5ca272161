/**
 * Keeps the runtimes of a local run going, and ends them with it.
 *
 * Guarantee: a runtime that ends by itself or is killed is started again on the same state, on the
 * same port, within `ATTEMPTS_MAX` starts; a line says so. Requests meanwhile fail to connect,
 * which clients repeat; what a request had stored is kept. When the host ends, however it ends,
 * its child processes are killed. Only while watching: children started before are not.
 *
 * Miniflare starts a killed runtime again by itself, but only once: one that is killed while it
 * starts stays down. Hence the second attempt and those after it.
 */
import { ChildProcess, spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";

const ATTEMPTS_MAX = 6;
const ATTEMPT_DELAY_MS = 500;

/** A Miniflare, as far as it matters here. */
export interface Restartable {
  /** Rejects when the runtime ended and could not be started again. */
  readonly isReady: () => Promise<unknown>;
  readonly restart: () => Promise<unknown>;
}

export interface RuntimeWatch {
  readonly add: (runtime: Restartable) => void;
  /** Kills every runtime with -9, for a drill; they are started again as if another had done it. */
  readonly kill: () => void;
  readonly stop: () => void;
}

export interface Watcher {
  readonly say: (line: string) => void;
  /** A runtime could not be started again. */
  readonly giveUp: () => void;
}

/** Waits until the runtime answers again; false after `ATTEMPTS_MAX` starts that failed. */
export async function revive(
  { isReady, restart }: Restartable,
  pause: (attempt: number) => Promise<unknown>,
): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    try {
      await isReady();
      return true;
    } catch {
      await pause(attempt);
      await restart().catch(() => undefined);
    }
  }
  return false;
}

export function watchRuntimes({ say, giveUp }: Watcher): RuntimeWatch {
  const runtimes: Restartable[] = [];
  const running = new Set<ChildProcess>();
  const guard = startGuard();
  let stopped = false;
  let reviving = false;
  let again = false;
  const reviveAll = async (): Promise<boolean> => {
    again = false;
    const pause = (attempt: number) => delay(attempt * ATTEMPT_DELAY_MS);
    const results = await Promise.all(runtimes.map((runtime) => revive(runtime, pause)));
    if (results.includes(false)) return false;
    // Killed once more meanwhile; also each restart of `revive` ends a process.
    return again && !stopped ? await reviveAll() : true;
  };
  const recover = async (how: string): Promise<void> => {
    again = true;
    if (stopped || reviving || runtimes.length === 0) return;
    reviving = true;
    const since_ms = Date.now();
    say(`The runtime ended unexpectedly (${how}); it is started again on the same state.`);
    const isBack = await reviveAll();
    reviving = false;
    if (stopped) return;
    if (!isBack) {
      say("The runtime could not be started again. The state is kept: start Sluice again.");
      giveUp();
      return;
    }
    say(`The runtime answers again after ${((Date.now() - since_ms) / 1000).toFixed(1)} s.`);
  };
  const onProcess = (message: unknown): void => {
    const child = childIn(message);
    if (child === null) return;
    child.once("spawn", () => {
      const { pid } = child;
      if (isRuntime(child)) running.add(child);
      guard.stdin?.write(`+${pid}\n`);
      // A runtime killed before it has read its configuration closes the pipe.
      child.stdin?.on("error", () => undefined);
      child.once("exit", (code, signal) => {
        running.delete(child);
        if (!stopped) guard.stdin?.write(`-${pid}\n`);
        // After the other listeners, because Miniflare begins its own restart in one of them.
        if (isRuntime(child)) setImmediate(() => void recover(signal ?? `exit code ${code}`));
      });
    });
  };
  subscribe("child_process", onProcess);
  return {
    add: (runtime) => runtimes.push(runtime),
    kill: () => running.forEach((child) => child.kill("SIGKILL")),
    stop: () => {
      if (stopped) return;
      stopped = true;
      unsubscribe("child_process", onProcess);
      guard.stdin?.end();
    },
  };
}

/** The channel's message is `{ process }`. */
function childIn(message: unknown): ChildProcess | null {
  if (typeof message !== "object" || message === null || !("process" in message)) return null;
  return message.process instanceof ChildProcess ? message.process : null;
}

function isRuntime({ spawnfile }: ChildProcess): boolean {
  return spawnfile.includes("workerd");
}

/** In a process group of its own, so that Ctrl-C in a terminal does not end it first. */
function startGuard(): ChildProcess {
  const file = join(PROJECT_ROOT, "simulation", "host", "end-with-parent.mjs");
  const guard = spawn(process.execPath, [file], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.stdin.on("error", () => undefined);
  guard.unref();
  if ("unref" in guard.stdin && typeof guard.stdin.unref === "function") guard.stdin.unref();
  return guard;
}

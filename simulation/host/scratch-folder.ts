/**
 * A folder for state that ends with the program: in memory, where the system has room for it there.
 *
 * A runtime makes every commit durable with a write to the disk and waits for it, on the one thread
 * of all its Workers. For state that nobody wants back that is time lost, and on a busy disk most
 * of the time there is.
 *
 * Guarantee: the folder is gone when the program ends by itself; what a killed program left behind
 * is removed by the next one. Not for anything to be kept.
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SHARED_MEMORY = "/dev/shm";
/** Containers often have 64 MB there, which a drill fills. */
const ROOM_MIN_BYTES = 1024 ** 3;

export interface PassingFolder {
  readonly path: string;
  readonly remove: () => void;
}

export function makePassingFolder(): PassingFolder {
  const parent = hasRoom(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir();
  const prefix = `sluice-${processSpace()}-`;
  removeAbandoned(parent, prefix);
  const path = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
  const remove = (): void => {
    process.off("exit", remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", remove);
  return { path, remove };
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_MIN_BYTES;
  } catch {
    return false;
  }
}

/** Two containers may share memory and not their process ids: a name says whose ids are meant. */
function processSpace(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    return "0";
  }
}

function removeAbandoned(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (Number.isNaN(pid) || isRunning(pid)) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else may not be asked, and is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

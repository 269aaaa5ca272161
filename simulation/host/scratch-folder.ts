/**
 * A folder for state that is deleted when the program ends. It is in memory if there is enough.
 *
 * In memory, because workerd waits for the disk at every commit, on the one thread of all its
 * Workers. For temporary state that is lost time, and on a busy disk most of the time.
 *
 * Guarantee: the folder is removed when the program exits; the folder of a killed program is
 * removed by the next one. Not for state that must be kept.
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning } from "./processes.ts";

const SHARED_MEMORY = "/dev/shm";
/** Containers often have only 64 MB of shared memory, which a drill fills. */
const FREE_MIN_BYTES = 1024 ** 3;

export interface ScratchFolder {
  readonly path: string;
  readonly remove: () => void;
}

export function makeScratchFolder(): ScratchFolder {
  const parent = hasSpace(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir();
  const prefix = `sluice-${processNamespace()}-`;
  removeAbandoned(parent, prefix);
  const path = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
  const remove = (): void => {
    process.off("exit", remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", remove);
  return { path, remove };
}

function hasSpace(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= FREE_MIN_BYTES;
  } catch {
    return false;
  }
}

/**
 * The id of the process namespace, part of the folder's name: containers can share the memory but
 * not the process ids, so that an id means something only within its namespace.
 */
function processNamespace(): string {
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

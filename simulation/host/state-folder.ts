/**
 * The folder in which a local run keeps state and secrets, or a temporary one, and its lock.
 *
 * Guarantee: a folder belongs to one process, because two runtimes on the same SQLite files would
 * sell the same unit twice. The lock names the process; that of a process which has ended, also by
 * kill -9, is taken over. `confirm` finds the one case in which two take the same abandoned lock.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { isRunning, startOf } from "./processes.ts";
import { makeScratchFolder } from "./scratch-folder.ts";

export interface StateFolder {
  readonly path: string;
  /** Null: the secrets are not stored. */
  readonly secretsPath: string | null;
  /** Throws FolderBusyError when another process has taken the folder meanwhile. */
  readonly confirm: () => void;
  readonly close: () => void;
}

/** The message names the process that uses the folder and what to do. */
export class FolderBusyError extends Error {
  override readonly name = "FolderBusyError";

  constructor(folder: string, pid: number) {
    const remedy = `Stop it (kill ${pid}), or choose another folder with --folder.`;
    super(`The folder ${folder} is in use by process ${pid}. ${remedy}`);
  }
}

/** `start` tells a process from a later one with the same id; null where nothing tells it. */
const ownerSchema = z.object({ pid: z.int(), start: z.string().nullable() });
type Owner = z.infer<typeof ownerSchema>;

/** @param folder null: a temporary folder; undefined: `.sluice` in the project */
export function openStateFolder(folder: string | null | undefined, fresh: boolean): StateFolder {
  if (folder === null) {
    const { path, remove } = makeScratchFolder();
    return { path, secretsPath: null, confirm: () => undefined, close: remove };
  }
  const root = resolve(folder ?? join(PROJECT_ROOT, ".sluice"));
  const lock = lockFolder(root);
  const [path, secretsPath] = [join(root, "state"), join(root, "secrets.json")];
  // Removes only the host's own files, because the user can name any folder.
  if (fresh) for (const file of [path, secretsPath]) rmSync(file, { recursive: true, force: true });
  return { path, secretsPath, ...lock };
}

function lockFolder(root: string): Pick<StateFolder, "confirm" | "close"> {
  mkdirSync(root, { recursive: true });
  const file = join(root, "lock.json");
  const mine: Owner = { pid: process.pid, start: startOf(process.pid) };
  const take = (): void => writeFileSync(file, JSON.stringify(mine), { flag: "wx" });
  try {
    take();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    const owner = readOwner(file);
    if (owner !== null && isAlive(owner)) throw new FolderBusyError(root, owner.pid);
    rmSync(file, { force: true });
    take();
  }
  const confirm = (): void => {
    const owner = readOwner(file);
    if (owner?.pid !== process.pid) throw new FolderBusyError(root, owner?.pid ?? 0);
  };
  const close = (): void => {
    process.off("exit", close);
    if (readOwner(file)?.pid === process.pid) rmSync(file, { force: true });
  };
  process.on("exit", close);
  return { confirm, close };
}

/** Null for a lock that a killed process had not written to its end. */
function readOwner(file: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

function isAlive({ pid, start }: Owner): boolean {
  return isRunning(pid) && startOf(pid) === start;
}

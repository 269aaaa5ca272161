/**
 * Processor time of the workerd processes that this program started.
 *
 * On a busy machine it varies less than throughput, because the time of other processes is not in
 * it. It is read from Linux's /proc in ticks of 10 ms, and null on systems without /proc.
 */
import { readdirSync, readFileSync } from "node:fs";

const TICK_MS = 10;

/** Fields of /proc/<pid>/stat after the name, which can contain spaces and brackets. */
function statOf(pid: number): { readonly name: string; readonly fields: readonly string[] } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    const name = text.slice(text.indexOf("(") + 1, end);
    return { name, fields: text.slice(end + 2).split(" ") };
  } catch {
    return null;
  }
}

/** Process ids in the order of their start: the gate's, then the sandbox's if there is one. */
export function findRuntimes(): number[] {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  const found = names
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name));
      const isOurs = stat?.name === "workerd" && Number(stat.fields[1]) === process.pid;
      return isOurs ? [{ pid: Number(name), startedAt: Number(stat.fields[19]) }] : [];
    });
  return found.toSorted((a, b) => a.startedAt - b.startedAt || a.pid - b.pid).map(({ pid }) => pid);
}

/** User and system time of all threads of the process so far. */
export function readProcessorTime_ms(pid: number | undefined): number | null {
  const fields = pid === undefined ? undefined : statOf(pid)?.fields;
  if (fields === undefined) return null;
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

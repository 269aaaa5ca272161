/**
 * Kills the processes named on its standard input when that closes, which it also does when the
 * process at its other end was killed with -9.
 *
 * Lines: `+123` watches a process, `-123` forgets one that has ended, because its id may be given
 * to another. A process of its own, because a killed one can do nothing.
 */
import { createInterface } from "node:readline";

const pids = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith("+")) pids.add(pid);
  else pids.delete(pid);
}
for (const pid of pids) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

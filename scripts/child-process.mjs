/**
 * Waits for a program that this process was started to run, as if it were that program.
 *
 * Plain JavaScript without dependencies, because it also waits for the installation.
 */

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Hands signals on to the child and waits for its end. Ctrl-C reaches a child of the same terminal
 * twice: from the terminal and from here.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number>} its exit code; when a signal ended it, this process ends by it too
 */
export async function endOf(child) {
  const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        for (const each of FORWARDED) process.off(each, forward);
        if (signal !== null) process.kill(process.pid, signal);
        resolve(code ?? 1);
      });
    });
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

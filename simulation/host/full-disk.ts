/**
 * Says once that the disk is full, in place of every error that follows from it.
 *
 * A full disk ends nothing: an object whose write fails starts again from what it had stored, and
 * the gate answers 503 with Retry-After meanwhile. Only the log would grow by megabytes.
 */
const FULL = /SQLITE_FULL|database or disk is full|No space left on device/;
/** After so long without such an error it is said again. */
const QUIET_MS = 60_000;

interface LogLine {
  readonly timestamp: number;
  readonly message: string;
}

/** Returns what to print of a log entry; null: nothing. */
export function createFullDiskFilter(folder: string): (line: LogLine) => string | null {
  let last_ms = Number.NEGATIVE_INFINITY;
  return ({ timestamp, message }) => {
    if (!FULL.test(message)) return message;
    const isKnown = timestamp - last_ms < QUIET_MS;
    last_ms = timestamp;
    if (isKnown) return null;
    return `The disk of ${folder} is full: what must be stored is answered 503 until it has room.`;
  };
}

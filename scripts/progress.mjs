/**
 * Shows how far a long run is, on standard error: on a terminal one line that is redrawn in place,
 * elsewhere a line after two seconds without one and every five seconds from then on.
 *
 * Guarantee: standard output is left alone, so a run that prints the same for the same options
 * still does. Plain JavaScript without dependencies, because an installation shows its progress on
 * whatever Node the machine has.
 */

const TERMINAL = { first_ms: 200, every_ms: 200 };
const LINES = { first_ms: 2000, every_ms: 5000 };
const LOOK_EVERY_MS = 200;
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;
/** To the start of the line, and everything on it erased. */
const ERASE = "\r\u001b[K";

/**
 * @typedef {{ isTTY?: boolean, columns?: number, write(text: string): unknown }} ProgressStream
 * @typedef {string | (() => string)} Shown what is being done and how far it is, in one line;
 * nothing is shown for an empty text
 *
 * @typedef {object} Progress
 * @property {(shown: Shown) => void} show Shows this from here on.
 * @property {() => void} tick Redraws if it is due; for work that lets no timer fire. So does show.
 * @property {(line: string) => void} say Prints a line that stays.
 * @property {() => void} clear Erases the line on a terminal, before something else is printed.
 */

/**
 * Does `work` and shows its progress, with the seconds passed, until it ends.
 *
 * @type {<Result>(
 *   first: Shown,
 *   work: (progress: Progress) => Promise<Result> | Result,
 *   stream?: ProgressStream,
 * ) => Promise<Result>}
 */
export const withProgress = async (first, work, stream = process.stderr) => {
  const isTerminal = stream.isTTY === true;
  const { first_ms, every_ms } = isTerminal ? TERMINAL : LINES;
  const began_ms = performance.now();
  let shown = first;
  let due_ms = began_ms + first_ms;
  const clear = () => {
    if (isTerminal) stream.write(ERASE);
  };
  const tick = () => {
    const now_ms = performance.now();
    if (now_ms < due_ms || shown === "") return;
    due_ms = now_ms + every_ms;
    const text = typeof shown === "string" ? shown : shown();
    const line = `${text} · ${Math.round((now_ms - began_ms) / 1000)} s`;
    // A line that wraps could not be erased.
    const fitting = line.slice(0, (stream.columns || COLUMNS) - 1);
    stream.write(isTerminal ? `${ERASE}${fitting}` : `${line}\n`);
  };
  /** @type {Progress} */
  const progress = {
    show: (next) => {
      shown = next;
      tick();
    },
    tick,
    say: (line) => {
      clear();
      stream.write(`${line}\n`);
    },
    clear,
  };
  const timer = setInterval(tick, LOOK_EVERY_MS);
  try {
    return await work(progress);
  } finally {
    clearInterval(timer);
    clear();
  }
};

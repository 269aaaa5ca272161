/**
 * Tells the person at the terminal how far the crowd is: a bar that redraws itself on a terminal,
 * a plain line every few seconds anywhere else. Writes to standard error only.
 */
import type { Tally } from "../crowd/crowd.ts";

const BAR_WIDTH = 24;
const REDRAW_MS = 200;
const PLAIN_LINE_MS = 5000;

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function progressLine(tally: Tally, requests: number, elapsed_ms: number): string {
  const filled = Math.round((tally.settled / Math.max(tally.shoppers, 1)) * BAR_WIDTH);
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  const seconds = Math.round(elapsed_ms / 1000);
  const { settled, shoppers, waiting, inside, bought } = tally;
  const counts = `${settled}/${shoppers} done, ${waiting} waiting, ${inside} inside`;
  return `${bar} ${counts}, ${bought} bought · ${requests} requests · ${seconds} s`;
}

/** Returns what ends it. */
export function showProgress(
  stream: ProgressStream,
  tally: Tally,
  requests: () => number,
): () => void {
  const startedAt = Date.now();
  const terminal = stream.isTTY === true;
  const draw = (): void => {
    const line = progressLine(tally, requests(), Date.now() - startedAt);
    stream.write(terminal ? `\r\u001b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(draw, terminal ? REDRAW_MS : PLAIN_LINE_MS);
  return () => {
    clearInterval(timer);
    draw();
    if (terminal) stream.write("\n");
  };
}

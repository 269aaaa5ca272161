/**
 * Closing one cohort at all booths of a lane, and bringing new booths to the cohort that is open.
 *
 * Guarantee: the cohort closes only when every booth has answered, so a booth that hangs delays its
 * own lane's cohort and nothing else; asking a booth again gives the same count.
 */
import type { CloseOutcome } from "../src/domain/line/booth.ts";
import { withTimeout } from "../src/platform/with-timeout.ts";

interface Booth {
  close(k: number, force: boolean): Promise<CloseOutcome>;
}

/** Counts by shard; null when nobody came (the cohort stays open) or a booth did not answer. */
export async function closeCohortAtBooths(
  booths: readonly Booth[],
  k: number,
  timeout_ms: number,
): Promise<number[] | null> {
  const ask = (force: boolean): Promise<(CloseOutcome | null)[]> =>
    Promise.all(booths.map((booth) => withTimeout(booth.close(k, force), timeout_ms)));
  const asked = await ask(false);
  if (asked.every((answer) => answer?.kind === "empty")) return null;
  if (asked.some((answer) => answer === null)) return null;
  const closed = asked.some((answer) => answer?.kind === "empty") ? await ask(true) : asked;
  const counts: number[] = [];
  for (const answer of closed) {
    if (answer?.kind !== "closed") return null;
    counts.push(answer.count);
  }
  return counts;
}

/**
 * Brings booths that nobody knows yet to the lane's open cohort: theirs are the closed ones too,
 * with nobody in them. False when one did not answer; asking again is safe.
 */
export async function openBoothsAt(
  booths: readonly Booth[],
  open: number,
  timeout_ms: number,
): Promise<boolean> {
  if (open === 0) return true;
  const asked = booths.map((booth) => withTimeout(booth.close(open - 1, true), timeout_ms));
  return (await Promise.all(asked)).every((answer) => answer !== null);
}

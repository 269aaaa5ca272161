/**
 * A room's calls to the booths of a lane: close a cohort, and bring new booths to the open one.
 *
 * Guarantee: a cohort closes only when every booth has answered, so a booth that hangs delays its
 * own lane's cohort and nothing else. Asking a booth again gives the same count.
 */
import type { CloseOutcome } from "../../src/domain/line/booth.ts";
import { BOOTH_ANSWER_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import type { Booth, RoomPorts } from "./ports.ts";

/** Booths `from` (included) to `to` (excluded) of a lane. */
export function boothsOf(
  { booth }: Pick<RoomPorts, "booth">,
  { id }: Sale,
  { lane, from, to }: { readonly lane: string; readonly from: number; readonly to: number },
): Booth[] {
  return Array.from({ length: to - from }, (_, added) => booth(id, lane, from + added));
}

/** Null when a booth did not answer. */
function ask(booth: Booth, k: number, force: boolean): Promise<CloseOutcome | null> {
  return withTimeout(booth.close(k, force), BOOTH_ANSWER_TIMEOUT_MS);
}

/** Counts by booth. Null when nobody came (the cohort stays open) or a booth did not answer. */
export async function closeCohortAt(booths: readonly Booth[], k: number): Promise<number[] | null> {
  const asked = await Promise.all(
    booths.map(async (booth) => ({ booth, answer: await ask(booth, k, false) })),
  );
  if (asked.some(({ answer }) => answer === null)) return null;
  if (asked.every(({ answer }) => answer?.kind === "empty")) return null;
  // Others of the lane had arrivals, so those without close the cohort as well.
  const closed = await Promise.all(
    asked.map(async ({ booth, answer }) => {
      return answer?.kind === "closed" ? answer : ask(booth, k, true);
    }),
  );
  const counts = closed.flatMap((answer) => (answer?.kind === "closed" ? [answer.count] : []));
  return counts.length === booths.length ? counts : null;
}

/**
 * Brings new booths to the lane's open cohort `k`: they have closed the earlier ones as well, with
 * nobody in them. False when one did not answer; asking again is safe.
 */
export async function openAt(booths: readonly Booth[], k: number): Promise<boolean> {
  if (k === 0) return true;
  const answers = await Promise.all(booths.map((booth) => ask(booth, k - 1, true)));
  return answers.every((answer) => answer !== null);
}

/** How far the crowd of a drill is, as one line: a bar and the counts. */
import type { Tally } from "../crowd/crowd.ts";

const BAR_WIDTH = 24;

export function crowdLine(tally: Tally, requests: number): string {
  const { settled, shoppers, waiting, inside, bought } = tally;
  const filled = Math.round((settled / Math.max(shoppers, 1)) * BAR_WIDTH);
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  const counts = `${settled}/${shoppers} done, ${waiting} waiting, ${inside} inside`;
  return `${bar} ${counts}, ${bought} bought · ${requests} requests`;
}

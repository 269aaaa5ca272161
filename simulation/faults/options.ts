/** The command line of `npm run simulate -- --faults`. */
import { defineCommand, UsageError } from "../../scripts/define-command.ts";

const SEEDS_DEFAULT = 1000;
const SEED = { type: "integer", min: 1, max: 2 ** 31 - 1 } as const;

interface SeedRange {
  readonly firstSeed: number;
  readonly lastSeed: number;
}

/** Null when the text is neither a count nor two seeds in their order. */
function rangeOf(text: string): SeedRange | null {
  const [, first = "1", last = ""] = /^(?:(\d{1,10})\.\.)?(\d{1,10})$/.exec(text) ?? [];
  const range = { firstSeed: Number(first), lastSeed: Number(last) };
  const isInOrder = SEED.min <= range.firstSeed && range.firstSeed <= range.lastSeed;
  return isInOrder && range.lastSeed <= SEED.max ? range : null;
}

export const faultsCommand = defineCommand({
  name: "npm run simulate -- --faults",
  summary: `Plays many small sales in virtual time, each with its own faults, over the rules that
    run in production, and checks the promises P1 to P6, P8, P10 to P13 and P15 after every step.
    The same seed plays the same sale.`,
  options: {
    faults: { type: "flag", help: "simulates orders under faults, not a sale" },
    seeds: {
      type: "text",
      value: "count|first..last",
      accepts: (text) => rangeOf(text) !== null,
      must: `must be a count, or two seeds as "2001..4000", from 1 to ${SEED.max}`,
      help: `the worlds to play, one for each seed: how many from 1 on, or from one seed to another;
        without it ${SEEDS_DEFAULT}`,
    },
    seed: { ...SEED, help: "this one world only" },
    trace: { type: "flag", help: "prints its events line by line; goes with --seed" },
  },
  exitCodes: "0 every promise was kept, 1 one was broken (a line says how to see it again)",
  resolve: ({ seeds, seed, trace }) => {
    if (seed !== null && seeds !== null) {
      throw new UsageError("--seed is one world, --seeds are many: give one of them");
    }
    if (trace && seed === null) {
      throw new UsageError("--trace prints the events of one world: give it with --seed");
    }
    if (seed !== null) return { firstSeed: seed, lastSeed: seed, trace };
    const range = rangeOf(seeds ?? "") ?? { firstSeed: 1, lastSeed: SEEDS_DEFAULT };
    return { ...range, trace };
  },
});

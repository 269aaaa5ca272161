/** The command line of `npm run simulate -- --faults`. */
import { defineCommand, UsageError } from "../../scripts/define-command.ts";

const SEEDS_DEFAULT = 1000;
const SEED = { type: "integer", min: 1, max: 2 ** 31 - 1 } as const;

export const faultsCommand = defineCommand({
  name: "npm run simulate -- --faults",
  summary: `Plays many small sales in virtual time, each with its own faults, over the rules that
    run in production, and checks the promises P1 to P6, P8, P10 and P11 after every step. The same
    seed plays the same sale.`,
  options: {
    faults: { type: "flag", help: "simulates orders under faults, not a sale" },
    seeds: {
      ...SEED,
      help: `how many worlds, one for each seed from 1 on; without it ${SEEDS_DEFAULT}`,
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
    return { firstSeed: seed ?? 1, lastSeed: seed ?? seeds ?? SEEDS_DEFAULT, trace };
  },
});

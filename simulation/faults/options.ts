/**
 * The command line of the simulated faults: what may be said, what is meant when nothing is said,
 * and a sentence for everything else.
 */
import { z } from "zod";
import { readSaid, whole } from "../../scripts/command-line.ts";

export const FAULTS_USAGE = `npm run simulate -- --faults [options]

Lives many small sales in virtual time, each with its own faults, over the rules that run in
production, and holds the promises P1 to P6 against every step. The same seed lives the same story.

  --seeds <n>    how many worlds, one for each seed from 1 on     (default: 1000)
  --seed <n>     this one world only
  --trace        tells its story line by line; goes with --seed
  --help         this text

Exit code: 0 every promise was kept, 1 one was broken (a line tells how to see it again),
2 bad options.
`;

const SEED_MAX = 2 ** 31 - 1;

const optionsSchema = z
  .object({
    seeds: whole("--seeds", SEED_MAX).optional(),
    seed: whole("--seed", SEED_MAX).optional(),
    trace: z.boolean().default(false),
  })
  .refine(({ seed, seeds }) => seed === undefined || seeds === undefined, {
    error: "--seed is one world, --seeds are many: say one of them",
  })
  .refine(({ seed, trace }) => !trace || seed !== undefined, {
    error: "--trace tells the story of one world: say which with --seed",
  });

export interface FaultsOptions {
  readonly firstSeed: number;
  readonly lastSeed: number;
  readonly trace: boolean;
}

export type FaultsCommand =
  | { readonly kind: "options"; readonly options: FaultsOptions }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly messages: readonly string[] };

const SEEDS_DEFAULT = 1000;

/** @param args with or without `--faults` itself */
export function parseFaultsOptions(args: readonly string[]): FaultsCommand {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = { faults: flag, help: flag, trace: flag, seed: text, seeds: text };
  const said = readSaid(args, options, optionsSchema);
  if (said.kind !== "said") return said;
  const { seed, seeds, trace } = said.value;
  const firstSeed = seed ?? 1;
  const lastSeed = seed ?? seeds ?? SEEDS_DEFAULT;
  return { kind: "options", options: { firstSeed, lastSeed, trace } };
}

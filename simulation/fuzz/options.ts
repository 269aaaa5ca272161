/**
 * The command line of the fuzz run: what may be said, what is meant when nothing is said, and a
 * sentence for everything else.
 */
import { z } from "zod";
import { readSaid, whole } from "../../scripts/command-line.ts";
import { FAMILIES, type Family } from "./input.ts";

export const USAGE = `npm run fuzz -- [options]

Starts a fresh Sluice in memory with sales, shoppers, carts and orders in it, sends it inputs that
are all invalid or harmless, and gives a verdict: no answer of 500 or more, every refusal a problem
document with a known code, no error in a log, no secret in an answer or a log, and everything that
is kept is afterwards as it was before. The same seed makes the same inputs.

  --inputs <n>       how many inputs                                 (default: 20000)
  --seed <text>      which inputs                                    (default: 1)
  --only <family>    ${FAMILIES.join(", ")}
  --replay <n>       only the input of that number, told in full; with the same --seed and --only
  --help             this text

Exit code: 0 nothing was found, 1 something was (a line tells how to see it again), 2 bad options.
`;

export const INPUTS_MAX = 100_000_000;
const INPUTS_DEFAULT = 20_000;

const optionsSchema = z
  .object({
    inputs: whole("--inputs", INPUTS_MAX).optional(),
    seed: z
      .string()
      .regex(/^[\w.-]{1,64}$/, "--seed must be letters, digits, '.', '_' and '-'")
      .default("1"),
    only: z.enum(FAMILIES, `--only must be one of ${FAMILIES.join(", ")}`).optional(),
    replay: whole("--replay", INPUTS_MAX).optional(),
  })
  .refine(({ inputs, replay }) => inputs === undefined || replay === undefined, {
    error: "--replay is one input, --inputs are many: say one of them",
  });

export interface FuzzOptions {
  readonly seed: string;
  readonly only: Family | null;
  /** Inputs are numbered from 1. */
  readonly first: number;
  readonly last: number;
  /** One input, told in full. */
  readonly replay: boolean;
}

export type FuzzCommand =
  | { readonly kind: "run"; readonly options: FuzzOptions }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly messages: readonly string[] };

export function readCommandLine(args: readonly string[]): FuzzCommand {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = { help: flag, inputs: text, seed: text, only: text, replay: text };
  const said = readSaid(args, options, optionsSchema);
  if (said.kind !== "said") return said;
  const { seed, only, inputs, replay } = said.value;
  const first = replay ?? 1;
  const last = replay ?? inputs ?? INPUTS_DEFAULT;
  const replayed = replay !== undefined;
  return { kind: "run", options: { seed, only: only ?? null, first, last, replay: replayed } };
}

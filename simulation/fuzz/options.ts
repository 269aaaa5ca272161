/** The command line of `npm run fuzz`. */
import { defineCommand, type OptionsOf, UsageError } from "../../scripts/define-command.ts";
import { FAMILIES } from "./input.ts";

const INPUTS_MAX = 100_000_000;
const INPUTS_DEFAULT = 20_000;

export const fuzzCommand = defineCommand({
  name: "npm run fuzz --",
  summary: `Starts a fresh Sluice in memory with sales, shoppers, carts and orders in it, sends it
    inputs that are all invalid or harmless, and gives a verdict: no answer of 500 or more, every
    refusal a problem document with a known code, no error in a log, no secret in an answer or a
    log, and everything stored is afterwards as it was before. The same seed makes the same
    inputs.`,
  options: {
    inputs: {
      type: "integer",
      min: 1,
      max: INPUTS_MAX,
      help: `how many inputs; without it ${INPUTS_DEFAULT}`,
    },
    seed: {
      type: "text",
      accepts: (text) => /^[\w.-]{1,64}$/.test(text),
      must: "must be letters, digits, '.', '_' and '-'",
      default: "1",
      help: "which inputs",
    },
    only: {
      type: "choice",
      value: "family",
      values: FAMILIES,
      help: "inputs of this family alone",
    },
    replay: {
      type: "integer",
      min: 1,
      max: INPUTS_MAX,
      help: "only the input of that number, printed in full; with the same --seed and --only",
    },
  },
  exitCodes: "0 nothing was found, 1 something was (a line says how to see it again)",
  resolve: ({ inputs, replay, seed, only }) => {
    if (inputs !== null && replay !== null) {
      throw new UsageError("--replay is one input, --inputs are many: give one of them");
    }
    return {
      seed,
      only,
      /** Inputs are numbered from 1. */
      first: replay ?? 1,
      last: replay ?? inputs ?? INPUTS_DEFAULT,
      /** One input, printed in full. */
      replay: replay !== null,
    };
  },
});

export type FuzzOptions = OptionsOf<typeof fuzzCommand>;

/** The command line of `npm run keys`. */
import { FILE } from "../../scripts/command-option.ts";
import { defineCommand, type OptionsOf, UsageError } from "../../scripts/define-command.ts";
import { KEY_PURPOSES, type KeyPurpose } from "../../scripts/secret-set.ts";
import type { Retirement } from "./key-rotation.ts";

type KeysOptions =
  | { readonly kind: "fresh" }
  | { readonly kind: "rotate"; readonly purpose: KeyPurpose; readonly from: From }
  | {
      readonly kind: "retire";
      readonly purpose: KeyPurpose;
      readonly from: From;
      readonly retirement: Retirement;
    };

/** The path of a file; null is standard input. */
type From = string | null;

const PURPOSE = { type: "choice", value: "which", values: KEY_PURPOSES } as const;

export const keysCommand = defineCommand({
  name: "npm run --silent keys --",
  summary: `Without options: prints a fresh set of the gate's secrets as JSON, in the form that
    \`wrangler secret bulk\` and \`npm run deploy -- --gate-secrets\` read.`,
  options: {
    rotate: {
      ...PURPOSE,
      help: "puts a fresh key first in the set and keeps the old ones for verifying",
    },
    retire: {
      ...PURPOSE,
      help: `drops old keys of the set: of admissions those that stopped signing two days ago or
        more, of proofs a day, else those that are named`,
    },
    kid: {
      type: "text",
      value: "kid",
      multiple: true,
      help: "with --retire: drops this key, and no other",
    },
    "overlap-days": {
      type: "integer",
      min: 1,
      max: 3650,
      help: "with --retire: drops those that stopped signing n days ago or more",
    },
    from: {
      ...FILE,
      help: `where the present set is: a JWKS, or JSON as printed without options; without it,
        standard input`,
    },
  },
  notes: `The new set is printed in the shape in which the old one came, to standard output and
    nowhere else. What to do next is printed on standard error, which never shows a key.`,
  exitCodes: "0 done",
  resolve: ({ rotate, retire, kid: kids, overlapDays, from }): KeysOptions => {
    if (rotate !== null && retire !== null) {
      throw new UsageError("--rotate and --retire are two runs");
    }
    if (retire !== null) {
      if (kids.length > 0 && overlapDays !== null) {
        throw new UsageError("--kid and --overlap-days are two runs");
      }
      return { kind: "retire", purpose: retire, from, retirement: { kids, overlapDays } };
    }
    if (kids.length > 0) throw new UsageError("--kid goes with --retire");
    if (overlapDays !== null) throw new UsageError("--overlap-days goes with --retire");
    if (rotate !== null) return { kind: "rotate", purpose: rotate, from };
    if (from !== null) throw new UsageError("--from goes with --rotate or --retire");
    return { kind: "fresh" };
  },
});

export type KeyChange = Exclude<OptionsOf<typeof keysCommand>, { readonly kind: "fresh" }>;

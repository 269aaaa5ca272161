/**
 * The command line of `npm run keys`: what may be said, and a sentence for everything else.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import type { Retirement } from "./key-rotation.ts";
import type { KeyPurpose } from "../../scripts/secret-set.ts";

export const USAGE = `npm run --silent keys -- [options]

Without options: prints a fresh set of the gate's secrets as JSON, in the form that
\`wrangler secret bulk\` and \`npm run deploy -- --gate-secrets\` read.

  --rotate <which>    puts a fresh key first in the set and keeps the old ones for verifying;
                      which: tickets, admissions, passes, webhooks or proofs
  --retire <which>    drops old keys of the set: of admissions those that stopped signing two days
                      ago or more, of proofs a day, else those that are named
    --kid <kid>         drops this one, and no other; may be repeated
    --overlap-days <n>  drops those that stopped signing n days ago or more, 1 to 3650
  --from <file>       where the present set is: a JWKS, or JSON as printed without options;
                      without it, standard input
  --help              this text

The new set is printed in the shape in which the old one came, to standard output and nowhere else.
What to do next is said on standard error, which never shows a key.

Exit code: 0 done, 2 bad options or input.
`;

export type KeysCommand =
  | { readonly kind: "help" }
  | { readonly kind: "fresh" }
  | { readonly kind: "rotate"; readonly purpose: KeyPurpose; readonly from: From }
  | {
      readonly kind: "retire";
      readonly purpose: KeyPurpose;
      readonly from: From;
      readonly retirement: Retirement;
    }
  | { readonly kind: "bad"; readonly message: string };

/** The path of a file; null is standard input. */
type From = string | null;

const PURPOSES = ["tickets", "admissions", "passes", "webhooks", "proofs"] as const;

const purposeOf = (option: string) => {
  const error = `${option} must be tickets, admissions, passes, webhooks or proofs`;
  return z.enum(PURPOSES, error).optional();
};
const daysError = "--overlap-days must be a whole number from 1 to 3650";

const optionsSchema = z.object({
  rotate: purposeOf("--rotate"),
  retire: purposeOf("--retire"),
  from: z.string().min(1, "--from must name a file").optional(),
  kid: z.array(z.string().min(1, "--kid must not be empty")).default([]),
  "overlap-days": z
    .string()
    .regex(/^\d{1,4}$/, daysError)
    .transform(Number)
    .pipe(z.int().min(1, daysError).max(3650, daysError))
    .optional(),
});

export function readCommandLine(args: readonly string[]): KeysCommand {
  const given = parseGiven(args);
  if (given.kind === "bad") return given;
  if (given.values.help === true) return { kind: "help" };
  const parsed = optionsSchema.safeParse(given.values);
  if (!parsed.success) {
    return { kind: "bad", message: parsed.error.issues[0]?.message ?? "bad options" };
  }
  return meant(parsed.data);
}

function parseGiven(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rotate: { type: "string" },
        retire: { type: "string" },
        from: { type: "string" },
        kid: { type: "string", multiple: true },
        "overlap-days": { type: "string" },
        help: { type: "boolean" },
      },
    });
    return { kind: "given", values } as const;
  } catch (error) {
    // A wrong option is node's own TypeError with a code, and as clear as a message of ours.
    if (!(error instanceof TypeError && "code" in error)) throw error;
    return { kind: "bad", message: error.message } as const;
  }
}

function meant(options: z.output<typeof optionsSchema>): KeysCommand {
  const { rotate, retire, kid: kids, "overlap-days": overlapDays = null, from = null } = options;
  const bad = (message: string): KeysCommand => ({ kind: "bad", message });
  if (rotate !== undefined && retire !== undefined)
    return bad("--rotate and --retire are two runs");
  if (retire === undefined) {
    if (kids.length > 0) return bad("--kid goes with --retire");
    if (overlapDays !== null) return bad("--overlap-days goes with --retire");
    if (rotate !== undefined) return { kind: "rotate", purpose: rotate, from };
    return from === null ? { kind: "fresh" } : bad("--from goes with --rotate or --retire");
  }
  if (kids.length > 0 && overlapDays !== null) return bad("--kid and --overlap-days are two runs");
  return { kind: "retire", purpose: retire, from, retirement: { kids, overlapDays } };
}

/**
 * The command line of `npm run verify-draw`, read and checked. Every complaint says which option
 * and what it takes. Tickets are read from their files elsewhere; here they are only named.
 */
import { z } from "zod";
import { readSaid } from "../../scripts/command-line.ts";

export const USAGE = `npm run verify-draw -- --url <url> --sale <id> [options]

Checks the draw of a sale from outside, with the published figures alone and code of its own:
the commitment, the seeds, the cohorts, and the places of the tickets you give.

  --url <url>            the gate, for example http://127.0.0.1:8787
  --sale <id>            the sale
  --commitment <hex>     the commitment as you noted it before the sale, to be compared
  --ticket <jwt>         a ticket whose place is worked out; may be given again
  --ticket-file <path>   a file of tickets, one a line; may be given again
  --help                 this text

Whoever holds a ticket holds its place: show it to nobody, and prefer a file, because others on the
same machine may see a command line.

Exit code: 0 verified, 1 something does not agree, 2 bad options, 3 not yet checkable (the sale is
not over, or the gate does not answer).
`;

const optionsSchema = z.object({
  url: z.url({ protocol: /^https?$/, error: "--url must be an http or https address" }),
  sale: z
    .string("--sale must be given")
    .regex(/^[a-z0-9][a-z0-9-]{0,55}$/, "--sale must be lower-case letters, digits and '-'"),
  commitment: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.string().regex(/^[0-9a-f]{64}$/, "--commitment must be 64 hexadecimal digits"))
    .nullable()
    .default(null),
  ticket: z.array(z.string().min(1, "--ticket must not be empty")).default([]),
  "ticket-file": z.array(z.string().min(1, "--ticket-file must not be empty")).default([]),
});

export interface VerifyOptions {
  readonly url: string;
  readonly sale: string;
  /** Lower-case hex. */
  readonly commitment: string | null;
  readonly tickets: readonly string[];
  readonly ticketFiles: readonly string[];
}

export type CommandLine =
  | { readonly kind: "run"; readonly options: VerifyOptions }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly message: string };

const FLAGS = {
  url: { type: "string" },
  sale: { type: "string" },
  commitment: { type: "string" },
  ticket: { type: "string", multiple: true },
  "ticket-file": { type: "string", multiple: true },
  help: { type: "boolean" },
} as const;

export function readCommandLine(args: readonly string[]): CommandLine {
  const said = readSaid(args, FLAGS, optionsSchema);
  if (said.kind === "help") return said;
  if (said.kind === "refused") return { kind: "bad", message: said.messages.join("\n") };
  const { url, sale, commitment, ticket: tickets } = said.value;
  const ticketFiles = said.value["ticket-file"];
  return { kind: "run", options: { url, sale, commitment, tickets, ticketFiles } };
}

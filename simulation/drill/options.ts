/**
 * The drill's command line: what may be said, what is meant when nothing is said, and a sentence
 * for everything else.
 */
import { z } from "zod";
import { readSaid, whole } from "../../scripts/command-line.ts";
import type { Arrive } from "../crowd/crowd.ts";

export const USAGE = `npm run drill -- [options]

Sends a crowd at a Sluice and gives a verdict on its promises. Without --url it starts a fresh
Sluice of its own, in memory, and stops it again.

  --url <url>            the gate to send the crowd to
  --sandbox-url <url>    its sandbox payment provider, to check the payments (P3)
  --admin-token <token>  the merchant's token; or ADMIN_TOKEN in the environment
  --sale <id>            the sale; made if it does not exist     (default: a new one)
  --shoppers <n>         how many come                           (default: 2000)
  --stock <n>            units on sale, when the sale is made    (default: 100)
  --arrive <how>         step: everybody when the sale starts    (default: step)
                         ramp: more and more over twenty seconds
                         pre-queue: everybody before it starts
  --buy-rate <0 to 1>    share of the shoppers who want to pay   (default: 0.7)
  --chaos                objects die at random moments, messages repeat, one payment call in
                         five fails, and all of them for 30 s; only without --url
  --seed <text>          the same seed sends the same crowd      (default: 1)
  --help                 this text

Exit code: 0 all promises kept, 1 a promise broken or the drill not finished, 2 bad options.
`;

const address = (name: string) => {
  return z.url({ protocol: /^https?$/, error: `${name} must be an http or https address` });
};
const shareError = "--buy-rate must be a number from 0 to 1";

const optionsSchema = z.object({
  url: address("--url").optional(),
  "sandbox-url": address("--sandbox-url").optional(),
  "admin-token": z.string().min(1, "--admin-token must not be empty").optional(),
  sale: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,55}$/, "--sale must be lower-case letters, digits and '-'")
    .optional(),
  shoppers: whole("--shoppers", 100_000).default(2000),
  stock: whole("--stock", 10_000_000).default(100),
  arrive: z
    .enum(["step", "ramp", "pre-queue"], "--arrive must be step, ramp or pre-queue")
    .default("step"),
  "buy-rate": z
    .string()
    .regex(/^(0|1|[01]?\.\d+)$/, shareError)
    .transform(Number)
    .pipe(z.number().max(1, shareError))
    .default(0.7),
  seed: z.string().min(1, "--seed must not be empty").default("1"),
  chaos: z.boolean().default(false),
});

export interface DrillOptions {
  /** Null: the drill starts its own Sluice. */
  readonly target: {
    readonly url: string;
    readonly sandboxUrl: string | null;
    readonly adminToken: string;
  } | null;
  readonly sale: string | null;
  readonly shoppers: number;
  readonly stock: number;
  readonly arrive: Arrive;
  readonly buyRate: number;
  readonly seed: string;
  readonly chaos: boolean;
}

export type CommandLine =
  | { readonly kind: "run"; readonly options: DrillOptions }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly message: string };

const FLAGS = {
  url: { type: "string" },
  "sandbox-url": { type: "string" },
  "admin-token": { type: "string" },
  sale: { type: "string" },
  shoppers: { type: "string" },
  stock: { type: "string" },
  arrive: { type: "string" },
  "buy-rate": { type: "string" },
  seed: { type: "string" },
  chaos: { type: "boolean" },
  help: { type: "boolean" },
} as const;

export function readCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine {
  const said = readSaid(args, FLAGS, optionsSchema);
  if (said.kind === "help") return said;
  if (said.kind === "refused") return { kind: "bad", message: said.messages.join("\n") };
  const { url, sale, shoppers, stock, arrive, seed, chaos } = said.value;
  const common = { sale: sale ?? null, shoppers, stock, arrive, seed, chaos };
  const options = { ...common, buyRate: said.value["buy-rate"] };
  if (url === undefined) {
    if (said.value["sandbox-url"] === undefined) {
      return { kind: "run", options: { ...options, target: null } };
    }
    return { kind: "bad", message: "--sandbox-url goes with --url" };
  }
  if (chaos)
    return { kind: "bad", message: "--chaos goes without --url: it starts its own Sluice" };
  const adminToken = said.value["admin-token"] ?? environment["ADMIN_TOKEN"];
  if (adminToken === undefined || adminToken === "") {
    return { kind: "bad", message: "--url needs --admin-token, or ADMIN_TOKEN in the environment" };
  }
  const target = { url, sandboxUrl: said.value["sandbox-url"] ?? null, adminToken };
  return { kind: "run", options: { ...options, target } };
}

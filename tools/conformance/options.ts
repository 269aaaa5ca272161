/**
 * The command line of `npm run conformance`, read and checked. Every complaint says which option
 * and what it takes, and none shows the secret.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { readBackendUrl } from "../../queues/backends/signed-http.ts";
import { readSecrets } from "../../src/webhooks/signature.ts";

export const USAGE = `npm run conformance -- --payment <url> --orders <url> [options]

Tries a shop's own payment server, order server or both against the contract in docs/backends.md,
through the adapters that Sluice deploys. It makes payments and orders with test methods: aim it at
a test server, never at one that charges cards.

  --payment <url>    the payment server, as in PAYMENT_BACKEND_URL
  --orders <url>     the order server, as in ORDER_BACKEND_URL
  --secret <whsec>   the shared secret; better given as BACKEND_SECRET in the environment, because
                     others on the same machine may see a command line
  --currency <code>  the currency of the test payments (EUR)
  --local            allows plain http
  --help             this text

Exit code: 0 every check passed, 1 some did not, 2 bad options.
`;

export interface Target {
  readonly url: string;
  readonly secrets: readonly Uint8Array<ArrayBuffer>[];
  readonly allowHttp: boolean;
  readonly currency: string;
}

export interface ConformanceOptions {
  readonly payment: Target | null;
  readonly orders: Target | null;
}

export type CommandLine =
  | { readonly kind: "run"; readonly options: ConformanceOptions }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly message: string };

const FLAGS = {
  payment: { type: "string" },
  orders: { type: "string" },
  secret: { type: "string" },
  currency: { type: "string" },
  local: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/)
  .default("EUR");

export function readCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { kind: "bad", message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) return { kind: "help" };
  const problems: string[] = [];
  const allowHttp = values.local ?? false;
  const secret = values.secret ?? environment["BACKEND_SECRET"] ?? "";
  const read = readSecrets(secret);
  if (read.kind === "bad") problems.push(`--secret (or BACKEND_SECRET) ${read.why}`);
  const currency = currencySchema.safeParse(values.currency);
  if (!currency.success) problems.push("--currency must be three capital letters");
  for (const name of ["payment", "orders"] as const) {
    const url = values[name];
    if (url === undefined) continue;
    const address = readBackendUrl(url, allowHttp);
    if (address.kind === "good") continue;
    const hint = allowHttp ? "" : "; --local allows http";
    problems.push(`--${name} ${address.why}${hint}`);
  }
  if (values.payment === undefined && values.orders === undefined) {
    problems.push("--payment or --orders must be given");
  }
  if (problems.length > 0 || read.kind === "bad" || !currency.success) {
    return { kind: "bad", message: problems.join("\n") };
  }
  const shared = { secrets: read.secrets, allowHttp, currency: currency.data };
  const target = (url: string | undefined) => (url === undefined ? null : { url, ...shared });
  const options = { payment: target(values.payment), orders: target(values.orders) };
  return { kind: "run", options };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
}

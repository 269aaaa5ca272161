/**
 * `npm run --silent keys`: prints a fresh set of the gate's secrets as JSON, in the form that
 * `wrangler secret bulk` and `npm run deploy -- --gate-secrets` read; or, with --rotate or
 * --retire, a present set of keys with a fresh first key or without its old ones. The orders
 * Worker's STRIPE_API_KEY comes from Stripe, not from here.
 *
 * Guarantee: keys go to standard output only; standard error names them by `kid`. It only prints;
 * nothing is stored and nothing is sent.
 */
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { UsageError } from "../../scripts/define-command.ts";
import { generateGateSecrets, generateKey } from "../../scripts/secret-set.ts";
import { type KeyChange, keysCommand } from "./options.ts";

async function readInput(from: string | null): Promise<string> {
  if (from === null) return text(process.stdin);
  try {
    return readFileSync(from, "utf8");
  } catch {
    throw new UsageError(`--from ${from}: the file cannot be read.`);
  }
}

async function change(options: KeyChange, now: number): Promise<void> {
  const { printKeySet, readKeySet, retire, rotate } = await import("./key-rotation.ts");
  const present = readKeySet(options.purpose, await readInput(options.from));
  if (present.kind === "bad") throw new UsageError(present.message);
  const outcome =
    options.kind === "rotate"
      ? rotate(present.set, generateKey(options.purpose, now))
      : retire(present.set, options.retirement, now);
  if (outcome.kind === "bad") throw new UsageError(outcome.message);
  process.stdout.write(`${printKeySet(outcome.set)}\n`);
  process.stderr.write(outcome.advice);
}

process.exitCode = await keysCommand.run(async (options) => {
  const now = Date.now();
  if (options.kind === "fresh") {
    process.stdout.write(`${JSON.stringify(generateGateSecrets(now), null, 2)}\n`);
  } else await change(options, now);
  return 0;
});

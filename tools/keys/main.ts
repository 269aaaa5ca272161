/**
 * `npm run --silent keys`: prints a fresh set of the gate's secrets as JSON, in the form that
 * `wrangler secret bulk` and `npm run deploy -- --gate-secrets` read; or, with --rotate or
 * --retire, a present set of keys with a fresh first key or without its old ones. `--help` tells
 * the options. The orders Worker's STRIPE_API_KEY comes from Stripe, not from here.
 *
 * Guarantee: keys go to standard output only; what is said on standard error names them by `kid`.
 * It only prints; nothing is stored and nothing is sent.
 */
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { printKeySet, readKeySet, retire, rotate } from "./key-rotation.ts";
import { type KeysCommand, readCommandLine, USAGE } from "./keys-options.ts";
import { generateGateSecrets, generateKey } from "../../scripts/secret-set.ts";

function refuse(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

/** Null when there is no such file, or it may not be read. */
async function readInput(from: string | null): Promise<string | null> {
  if (from === null) return text(process.stdin);
  try {
    return readFileSync(from, "utf8");
  } catch {
    return null;
  }
}

type Change = Extract<KeysCommand, { readonly kind: "rotate" | "retire" }>;

async function change(command: Change, now: number): Promise<void> {
  const { purpose, from } = command;
  const input = await readInput(from);
  if (input === null) return refuse(`--from ${from}: the file cannot be read.`);
  const present = readKeySet(purpose, input);
  if (present.kind === "bad") return refuse(present.message);
  const outcome =
    command.kind === "rotate"
      ? rotate(present.set, generateKey(purpose, now))
      : retire(present.set, command.retirement, now);
  if (outcome.kind === "bad") return refuse(outcome.message);
  process.stdout.write(`${printKeySet(outcome.set)}\n`);
  process.stderr.write(outcome.advice);
}

const now = Date.now();
const command = readCommandLine(process.argv.slice(2));
switch (command.kind) {
  case "help":
    process.stdout.write(USAGE);
    break;
  case "fresh":
    process.stdout.write(`${JSON.stringify(generateGateSecrets(now), null, 2)}\n`);
    break;
  case "bad":
    refuse(command.message);
    break;
  default:
    await change(command, now);
}

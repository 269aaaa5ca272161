/**
 * `npm run conformance`: a shop tries its own payment and order servers against the contract in
 * docs/backends.md, through the adapters that Sluice deploys and with requests they never send.
 *
 * Exit code 0: every check passed. 1: some did not. 2: the command line made no sense. Findings go
 * to standard output, one a line, complaints to standard error.
 */
import { PAYMENT_TIMEOUT_MS } from "../../src/domain/limits.ts";
import { type Check, type Finding, runChecks } from "./checks.ts";
import { orderChecks } from "./order-checks.ts";
import { readCommandLine, type Target, USAGE } from "./options.ts";
import { paymentChecks } from "./payment-checks.ts";
import { exitCodeOf, lineOf, sumOf } from "./report.ts";
import { Wire } from "./wire.ts";

const BAD_OPTIONS = 2;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function tryTarget(
  what: string,
  target: Target | null,
  checksOf: (wire: Wire) => readonly Check[],
): Promise<readonly Finding[]> {
  if (target === null) return [];
  print(`${what} at ${target.url}`);
  const checks = checksOf(new Wire(target, PAYMENT_TIMEOUT_MS));
  return runChecks(checks, (finding) => print(lineOf(finding)));
}

async function main(): Promise<number> {
  const command = readCommandLine(process.argv.slice(2), process.env);
  if (command.kind === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command.kind === "bad") {
    process.stderr.write(`${command.message}\n\n${USAGE}`);
    return BAD_OPTIONS;
  }
  const { payment, orders } = command.options;
  const findings = [
    ...(await tryTarget("payment server", payment, paymentChecks)),
    ...(await tryTarget("order server", orders, orderChecks)),
  ];
  print(sumOf(findings));
  return exitCodeOf(findings);
}

process.exitCode = await main();

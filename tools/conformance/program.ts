/** A conformance run: the checks of each server, one line for each, and their sum. */
import type { OptionsOf } from "../../scripts/define-command.ts";
import { withProgress } from "../../scripts/progress.mjs";
import { PAYMENT_TIMEOUT_MS } from "../../src/domain/limits.ts";
import { type Check, type Finding, runChecks } from "./checks.ts";
import type { conformanceCommand, Target } from "./options.ts";
import { orderChecks } from "./order-checks.ts";
import { paymentChecks } from "./payment-checks.ts";
import { exitCodeOf, lineOf, sumOf } from "./report.ts";
import { Wire } from "./wire.ts";

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
  return withProgress(what, ({ show, clear }) => {
    return runChecks(checks, {
      begun: ({ name }) => show(`Checking ${name}`),
      found: (finding) => {
        clear();
        print(lineOf(finding));
      },
    });
  });
}

/** @returns the exit code */
export async function testConformance({
  payment,
  orders,
}: OptionsOf<typeof conformanceCommand>): Promise<number> {
  const findings = [
    ...(await tryTarget("payment server", payment, paymentChecks)),
    ...(await tryTarget("order server", orders, orderChecks)),
  ];
  print(sumOf(findings));
  return exitCodeOf(findings);
}

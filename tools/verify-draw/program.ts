/**
 * The check of a draw: reads the tickets, fetches what the gate publishes, and reports.
 */
import { readFileSync } from "node:fs";
import { UsageError } from "../../scripts/define-command.ts";
import { withProgress } from "../../scripts/progress.mjs";
import { FatalError } from "../../simulation/crowd/ask-again.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { createGateClient } from "../../simulation/crowd/gate-client.ts";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { checkDraw } from "./checks.ts";
import { collectDraw } from "./collect.ts";
import type { VerifyOptions } from "./options.ts";
import { EXIT_CODES, verdictOn, writeReport } from "./report.ts";

const CONNECTIONS_MAX = 16;

/** Where its text goes; each piece ends its own lines. */
interface Outlets {
  readonly report: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** Every ticket given, checked without a key. Throws UsageError; a message never shows a ticket. */
function readTickets({ ticket, ticketFile, sale }: VerifyOptions): readonly string[] {
  const named = ticket.map((token, index) => ({ token, name: `--ticket (number ${index + 1})` }));
  for (const path of ticketFile) {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      throw new UsageError(`--ticket-file ${path} cannot be read: ${errorText(error)}`);
    }
    const lines = text.split("\n").map((line) => line.trim());
    lines.forEach((token, index) => {
      if (token !== "") named.push({ token, name: `--ticket-file ${path}, line ${index + 1},` });
    });
  }
  for (const { token, name } of named) {
    const claims = claimsOf(token);
    if (claims === null) throw new UsageError(`${name} is no ticket`);
    if (claims.aud !== sale) {
      throw new UsageError(`${name} is a ticket of sale ${claims.aud}, not ${sale}`);
    }
  }
  return named.map(({ token }) => token);
}

/** @returns the exit code */
export async function verifyDraw(
  options: VerifyOptions,
  { report, complain }: Outlets = {
    report: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
  },
): Promise<number> {
  const tickets = readTickets(options);
  const { url, sale, commitment } = options;
  const gate = createGateClient({ url, connectionsMax: CONNECTIONS_MAX });
  try {
    const collected = await withProgress(`Reading sale ${sale}`, ({ show }) => {
      return collectDraw(gate, sale, tickets, show);
    });
    if (collected.kind === "no_such_sale") {
      throw new UsageError(`--sale ${sale}: there is no such sale at ${url}`);
    }
    const findings = checkDraw(collected.evidence, commitment);
    report(writeReport(url, collected.evidence, findings));
    return EXIT_CODES[verdictOn(findings)];
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    complain(`The draw could not be checked: ${error.message}\n`);
    return EXIT_CODES.not_yet;
  } finally {
    await gate.close();
  }
}

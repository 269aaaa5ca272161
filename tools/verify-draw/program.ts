/**
 * The check of a draw as a program: reads the command line and the tickets, asks the gate, and
 * reports.
 */
import { readFileSync } from "node:fs";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { createGateClient } from "../../simulation/crowd/gate-client.ts";
import { CannotGoOnError } from "../../simulation/crowd/ask-again.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { checkDraw } from "./checks.ts";
import { collectDraw } from "./collect.ts";
import { readCommandLine, USAGE, type VerifyOptions } from "./options.ts";
import { EXIT_CODES, verdictOn, writeReport } from "./report.ts";

const BAD_OPTIONS = 2;
const CONNECTIONS_MAX = 16;

/** Where its text goes; each piece ends its own lines. */
export interface Outlets {
  readonly report: (text: string) => void;
  readonly complain: (text: string) => void;
}

type Tickets =
  | { readonly kind: "read"; readonly tokens: readonly string[] }
  | { readonly kind: "bad"; readonly message: string };

/** Every ticket given, read as far as anybody can read one. Complaints never show the ticket. */
function readTickets({ tickets, ticketFiles, sale }: VerifyOptions): Tickets {
  const named = tickets.map((token, index) => ({ token, name: `--ticket (number ${index + 1})` }));
  for (const path of ticketFiles) {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      return { kind: "bad", message: `--ticket-file ${path} cannot be read: ${errorText(error)}` };
    }
    const lines = text.split("\n").map((line) => line.trim());
    lines.forEach((token, index) => {
      if (token !== "") named.push({ token, name: `--ticket-file ${path}, line ${index + 1},` });
    });
  }
  for (const { token, name } of named) {
    const claims = claimsOf(token);
    if (claims === null) return { kind: "bad", message: `${name} is no ticket` };
    if (claims.aud !== sale) {
      return { kind: "bad", message: `${name} is a ticket of sale ${claims.aud}, not ${sale}` };
    }
  }
  return { kind: "read", tokens: named.map(({ token }) => token) };
}

async function verify(
  options: VerifyOptions,
  tokens: readonly string[],
  { report, complain }: Outlets,
): Promise<number> {
  const { url, sale, commitment } = options;
  const gate = createGateClient({ url, connectionsMax: CONNECTIONS_MAX });
  try {
    const collected = await collectDraw(gate, sale, tokens);
    if (collected.kind === "no_such_sale") {
      complain(`--sale ${sale}: there is no such sale at ${url}\n`);
      return BAD_OPTIONS;
    }
    const findings = checkDraw(collected.evidence, commitment);
    report(writeReport(url, collected.evidence, findings));
    return EXIT_CODES[verdictOn(findings)];
  } catch (error) {
    if (!(error instanceof CannotGoOnError)) throw error;
    complain(`The draw could not be checked: ${error.message}\n`);
    return EXIT_CODES.not_yet;
  } finally {
    await gate.close();
  }
}

/**
 * @param args the command line, without the program's name
 * @returns the exit code
 */
export async function verifyDraw(args: readonly string[], outlets: Outlets): Promise<number> {
  const { report, complain } = outlets;
  const command = readCommandLine(args);
  if (command.kind === "help") {
    report(USAGE);
    return 0;
  }
  if (command.kind === "bad") {
    complain(`${command.message}\n\n${USAGE}\n`);
    return BAD_OPTIONS;
  }
  const tickets = readTickets(command.options);
  if (tickets.kind === "bad") {
    complain(`${tickets.message}\n`);
    return BAD_OPTIONS;
  }
  return verify(command.options, tickets.tokens, outlets);
}

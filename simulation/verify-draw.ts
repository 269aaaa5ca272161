/**
 * `npm run verify-draw`: checks the draw of a sale from outside, over HTTP only, with code that
 * shares no line with the code that runs the sale. docs/fairness.md is what it follows.
 *
 * Exit code 0: verified. 1: something does not agree. 2: the command line made no sense. 3: not
 * yet checkable. The report goes to standard output, complaints to standard error.
 */
import { readFileSync } from "node:fs";
import { claimsOf } from "./drill/fairness.ts";
import { createGateClient } from "./gate-client.ts";
import { CannotGoOnError } from "./insist.ts";
import { checkDraw } from "./verify-draw/checks.ts";
import { collectDraw } from "./verify-draw/collect.ts";
import { readCommandLine, USAGE, type VerifyOptions } from "./verify-draw/options.ts";
import { EXIT_CODES, verdictOn, writeReport } from "./verify-draw/report.ts";

const BAD_OPTIONS = 2;
const CONNECTIONS_MAX = 16;

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
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
      const why = error instanceof Error ? error.message : String(error);
      return { kind: "bad", message: `--ticket-file ${path} cannot be read: ${why}` };
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

async function verify(options: VerifyOptions, tokens: readonly string[]): Promise<number> {
  const { url, sale, commitment } = options;
  const gate = createGateClient({ url, connectionsMax: CONNECTIONS_MAX });
  try {
    const collected = await collectDraw(gate, sale, tokens);
    if (collected.kind === "no_such_sale") {
      complain(`--sale ${sale}: there is no such sale at ${url}`);
      return BAD_OPTIONS;
    }
    const findings = checkDraw(collected.evidence, commitment);
    process.stdout.write(writeReport(url, collected.evidence, findings));
    return EXIT_CODES[verdictOn(findings)];
  } catch (error) {
    if (!(error instanceof CannotGoOnError)) throw error;
    complain(`The draw could not be checked: ${error.message}`);
    return EXIT_CODES.not_yet;
  } finally {
    await gate.close();
  }
}

async function main(): Promise<number> {
  const command = readCommandLine(process.argv.slice(2));
  if (command.kind === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command.kind === "bad") {
    complain(`${command.message}\n\n${USAGE}`);
    return BAD_OPTIONS;
  }
  const tickets = readTickets(command.options);
  if (tickets.kind === "bad") {
    complain(tickets.message);
    return BAD_OPTIONS;
  }
  return verify(command.options, tickets.tokens);
}

process.exitCode = await main();

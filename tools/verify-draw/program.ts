/**
 * The check of a draw: reads the tickets and receipts, fetches what the gate publishes, and
 * reports.
 */
import { readFileSync } from "node:fs";
import { UsageError } from "../../scripts/define-command.ts";
import { withProgress } from "../../scripts/progress.mjs";
import { FatalError } from "../../simulation/crowd/ask-again.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { createGateClient } from "../../simulation/crowd/gate-client.ts";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { checkDraw, checkGiven } from "./checks.ts";
import { collectDraw, type GivenTokens } from "./collect.ts";
import { readCounts } from "./counts.ts";
import type { VerifyOptions } from "./options.ts";
import { saleNamedBy } from "./receipts.ts";
import { EXIT_CODES, verdictOn, verdictOnReceipts, writeReport } from "./report.ts";

const CONNECTIONS_MAX = 16;

/** Where its text goes; each piece ends its own lines. */
interface Outlets {
  readonly report: (text: string) => void;
  readonly complain: (text: string) => void;
}

interface Named {
  readonly token: string;
  /** How a message names it; a token is never shown. */
  readonly name: string;
}

function readLines(option: string, paths: readonly string[]): Named[] {
  return paths.flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      throw new UsageError(`${option} ${path} cannot be read: ${errorText(error)}`);
    }
    const lines = text.split("\n").map((line) => line.trim());
    return lines.flatMap((token, index) => {
      return token === "" ? [] : [{ token, name: `${option} ${path}, line ${index + 1},` }];
    });
  });
}

/** The sale, and every token given, read without a key. Throws UsageError. */
function readTokens(
  options: VerifyOptions,
): GivenTokens & { readonly sale: string; readonly counts: readonly string[] } {
  const { ticket, ticketFile, receipt } = options;
  const given = ticket.map((token, index) => ({ token, name: `--ticket (number ${index + 1})` }));
  const tickets = [...given, ...readLines("--ticket-file", ticketFile)];
  const receipts = readLines("--receipt", receipt);
  const counts = readLines("--counts", options.counts);
  const named = [
    ...counts.map((item) => ({
      ...item,
      kind: "signed count",
      sale: readCounts(item.token)?.sale,
    })),
    ...tickets.map((item) => ({ ...item, kind: "ticket", sale: claimsOf(item.token)?.aud })),
    ...receipts.map((item) => ({ ...item, kind: "receipt", sale: saleNamedBy(item.token) })),
  ];
  const sale = options.sale ?? named.find(({ kind }) => kind === "receipt")?.sale ?? null;
  for (const { name, kind, sale: of = null } of named) {
    if (of === null) throw new UsageError(`${name} is no ${kind}`);
    if (of !== sale) throw new UsageError(`${name} is a ${kind} of sale ${of}, not ${sale}`);
  }
  if (sale === null) throw new UsageError("--receipt names no sale: its file is empty");
  return {
    sale,
    counts: counts.map(({ token }) => token),
    tickets: tickets.map(({ token }) => token),
    receipts: receipts.map(({ token }) => token),
  };
}

/** @returns the exit code */
export async function verifyDraw(
  options: VerifyOptions,
  { report, complain }: Outlets = {
    report: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
  },
): Promise<number> {
  const { sale, counts, ...tokens } = readTokens(options);
  const { url, commitment, beaconChain: accepted } = options;
  const gate = createGateClient({ url, connectionsMax: CONNECTIONS_MAX });
  try {
    const collected = await withProgress(`Reading sale ${sale}`, ({ show }) => {
      return collectDraw(gate, sale, tokens, show);
    });
    if (collected.kind === "no_such_sale") {
      throw new UsageError(`--sale ${sale}: there is no such sale at ${url}`);
    }
    const evidence = { ...collected.evidence, accepted, counts };
    const findings = checkDraw(evidence, commitment);
    const verdict = options.isAboutReceipts
      ? verdictOnReceipts(findings, checkGiven(evidence))
      : verdictOn(findings);
    report(writeReport(url, evidence, findings, verdict));
    return EXIT_CODES[verdict];
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    complain(`The draw could not be checked: ${error.message}\n`);
    return EXIT_CODES.not_yet;
  } finally {
    await gate.close();
  }
}

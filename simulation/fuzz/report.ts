/**
 * The report of a fuzz run, for a terminal.
 */
import { FAMILIES, type Input } from "./input.ts";
import type { Which } from "./generate.ts";
import type { Dearest } from "./costs.ts";
import type { RealServers } from "./real-servers.ts";
import { RULES } from "./judge.ts";
import type { Summary, Violation } from "./run.ts";
import type { Reply } from "./send.ts";

const SHOWN_MAX = 20;

function row(name: string, count: number): string {
  return `  ${name.padEnd(56)}${count.toLocaleString("en-GB").padStart(12)}`;
}

/** None for a route that calls nothing. */
function dearestLine([route, { cost, number }]: readonly [string, Dearest]): string[] {
  const { objects, store, database, counters, queues } = cost;
  const parts = { objects, store, database, counters, queues };
  const called = Object.entries(parts).flatMap(([kind, calls]) => {
    return calls === 0 ? [] : [`${calls} ${kind}`];
  });
  if (called.length === 0) return [];
  return [`  ${route.padEnd(56)}${called.join(", ")} (input ${number})`];
}

/** @param servers on which what reached the shop was tried */
export function fuzzReport(
  which: Which,
  servers: Pick<RealServers, "names" | "missing">,
  { sent, byFamily, byStatus, violations, dearest }: Summary,
): string {
  const statuses = [...byStatus].toSorted(([a], [b]) => a.localeCompare(b));
  return [
    row("inputs", sent),
    ...FAMILIES.map((family) => row(`  about ${family}`, byFamily.get(family) ?? 0)),
    "",
    "answers",
    ...statuses.map(([status, count]) => row(status, count)),
    "",
    `servers on which what reached the shop was tried: ${servers.names.join(", ")}`,
    ...servers.missing.map((name) => `  not tried: ${name}`),
    "",
    "the dearest request of each route, in calls",
    ...[...dearest].toSorted(([a], [b]) => a.localeCompare(b)).flatMap(dearestLine),
    "",
    "rules, and how often each was broken",
    ...RULES.map((rule) => row(rule, violations.filter((one) => one.rule === rule).length)),
    ...violations.slice(0, SHOWN_MAX).flatMap((violation) => violationLines(which, violation)),
  ].join("\n");
}

/** The last line is the command that shows it again. */
function violationLines({ seed, only }: Which, { rule, number, input, what }: Violation): string[] {
  const family = only === null ? "" : ` --only ${only}`;
  const again = `    npm run fuzz -- --seed ${seed}${family} --replay ${number}`;
  return [
    "",
    `  broken: ${rule}`,
    `    ${number === null ? "inputs" : `input ${number}`}: ${input}`,
    `    ${what}`,
    ...(number === null ? [] : [again]),
  ];
}

/** One input and its answer, in full. */
export function exchangeText(input: Input, reply: Reply): string {
  const { request } = input;
  const sent =
    request.kind === "raw"
      ? Buffer.from(request.bytes).toString("latin1")
      : [
          `${request.method} ${request.target}`,
          ...request.headers.map(([name, value]) => `${name}: ${value}`),
          "",
          request.body === null ? "" : Buffer.from(request.body).toString("latin1"),
        ].join("\n");
  const received =
    reply.kind === "answered"
      ? `${reply.status} ${reply.type}\n${reply.headers}\n\n${reply.text}`
      : `${reply.kind}: ${reply.why}`;
  const title = `Input ${input.number}, about ${input.family}: ${input.what}`;
  return `${title}\nIt must be ${input.expect}.\n\n${sent}\n\n${received}\n`;
}

/**
 * What a run over many seeds came to, for a person at a terminal.
 */
import { FAULT_KINDS } from "./faults.ts";
import type { Summary, Violation } from "./run.ts";

const STATES = ["confirmed", "declined", "failed", "cancelled", "rejected"] as const;
const SHOWN_MAX = 20;

function row(name: string, count: number): string {
  return `  ${name.padEnd(24)}${count.toLocaleString("en-GB").padStart(14)}`;
}

export function faultsReport(summary: Summary): string {
  const { seeds, steps, ends, faults, violations } = summary;
  const orders = [...ends.values()].reduce((sum, count) => sum + count, 0);
  return [
    row("seeds", seeds),
    row("steps", steps),
    row("orders", orders),
    "",
    "orders by final state",
    ...STATES.map((state) => row(state, ends.get(state) ?? 0)),
    "",
    "faults",
    ...FAULT_KINDS.map((kind) => row(kind, faults.get(kind) ?? 0)),
    "",
    row("promises broken", violations.length),
    ...violations.slice(0, SHOWN_MAX).flatMap(violationLines),
  ].join("\n");
}

/** The line under a broken promise is the command that shows it again. */
export function violationLines({ seed, step, promise, what }: Violation): string[] {
  return [
    `  seed ${seed}, step ${step}, ${promise}: ${what}`,
    `    npm run simulate -- --faults --seed ${seed} --trace`,
  ];
}

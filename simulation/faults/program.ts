/**
 * `npm run simulate -- --faults`: many worlds, one after the other, and what they came to.
 *
 * Guarantee: the same options print the same metrics; only the line before the last, what it took
 * on this machine, differs. The last line counts the seeds that kept every promise and those that
 * did not; the exit code is 1 when there is one of these.
 */
import type { OptionsOf } from "../../scripts/define-command.ts";
import { withProgress } from "../../scripts/progress.mjs";
import type { faultsCommand } from "./options.ts";
import { faultsReport } from "./report.ts";
import { runSeeds } from "./run.ts";

/** @returns the exit code */
export async function simulateFaults({
  firstSeed,
  lastSeed,
  trace,
}: OptionsOf<typeof faultsCommand>): Promise<number> {
  const began_ms = performance.now();
  const show = trace ? (line: string): void => console.log(line) : null;
  // Crashes and lost calls are errors by the million, and nobody reads their stacks.
  if (!trace) Error.stackTraceLimit = 0;
  const summary = await withProgress("Simulating faults", (progress) => {
    return runSeeds({ firstSeed, lastSeed, show }, ({ seed }) => {
      progress.show(`${seed} of ${lastSeed} seeds`);
    });
  });
  if (trace) console.log("");
  console.log(faultsReport(summary));
  const took_s = (performance.now() - began_ms) / 1000;
  const cpu_s = process.cpuUsage().user / 1e6;
  console.log(`\ntook ${took_s.toFixed(1)} s, ${cpu_s.toFixed(1)} s of them computing`);
  const failed = summary.violations.length;
  console.log(`faults: ${summary.seeds - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

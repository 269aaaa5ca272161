/**
 * The fuzz run: sends the inputs in stretches, finds the one that broke each rule, and reports it.
 */
import { withProgress } from "../../scripts/progress.mjs";
import { type Dearest, noteCost } from "./costs.ts";
import { findInput } from "./find.ts";
import { type Ground, makeGround } from "./ground.ts";
import type { Family } from "./input.ts";
import type { Broken } from "./judge.ts";
import type { FuzzOptions } from "./options.ts";
import type { RealServers } from "./real-servers.ts";
import { exchangeText, fuzzReport } from "./report.ts";
import {
  logViolations,
  sendStretch,
  stateViolations,
  type Stretch,
  type Summary,
  type Violation,
} from "./run.ts";

/** What is stored is read after so many inputs; each reading waits until nothing is written. */
const STRETCH_INPUTS = 50_000;

interface Watch {
  readonly say: (line: string) => void;
  /** Called with the count of inputs sent, and with 0 once the fresh Sluice is running. */
  readonly progress: (sent: number) => void;
}

/** Runs it with progress and a report. @returns the exit code */
export async function runFuzz(options: FuzzOptions): Promise<number> {
  const began_ms = performance.now();
  let sending_ms = began_ms;
  const wanted = options.last - options.first + 1;
  const { summary, servers } = await withProgress(
    "Starting a fresh Sluice with sales, shoppers and orders in it",
    ({ say, show }) => {
      return fuzz(options, {
        say,
        progress: (sent) => {
          if (sent === 0) sending_ms = performance.now();
          show(`${sent} of ${wanted} inputs sent`);
        },
      });
    },
  );
  const { violations, sent } = summary;
  console.log(fuzzReport(options, servers, summary));
  const took_s = (performance.now() - began_ms) / 1000;
  const perSecond = sent / ((performance.now() - sending_ms) / 1000);
  console.log(`\ntook ${took_s.toFixed(1)} s, ${perSecond.toFixed(0)} inputs a second`);
  const failed = violations.length + (sent < wanted && violations.length === 0 ? 1 : 0);
  console.log(`fuzz: ${sent - violations.length} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

interface Fuzzed {
  readonly summary: Summary;
  readonly servers: Pick<RealServers, "names" | "missing">;
}

async function fuzz(options: FuzzOptions, { say, progress }: Watch): Promise<Fuzzed> {
  const ground = await makeGround();
  progress(0);
  const { seed, only, first, last, replay } = options;
  const summaries: Summary[] = [];
  try {
    for (let from = first; from <= last; from += STRETCH_INPUTS) {
      const before = ground.state();
      const stretch = { seed, only, first: from, last: Math.min(from + STRETCH_INPUTS - 1, last) };
      const summary = await sendStretch(ground, stretch, {
        onSent: (sent) => progress(from - first + sent),
        ...(replay ? { onReply: (input, reply) => say(exchangeText(input, reply)) } : {}),
      });
      const stored = await stateViolations(ground, before);
      const logged = await logViolations(ground);
      const found = [
        ...(await traceLogs(ground, stretch, logged, say)),
        ...(await traceState(stretch, stored, say)),
      ];
      summaries.push({ ...summary, violations: [...summary.violations, ...found] });
      if (summary.violations.length + found.length > 0) break;
    }
  } finally {
    await ground.stop();
  }
  return { summary: sumOf(summaries), servers: ground.servers };
}

/** Finds the input of each broken rule about logs, by sending parts of the stretch again. */
async function traceLogs(
  ground: Ground,
  stretch: Stretch,
  logged: readonly Broken[],
  say: Watch["say"],
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const broken of logged.filter((one, index) => index === firstOf(logged, one))) {
    say(`Broken: ${broken.rule} (${broken.what}). Looking for the input …`);
    const number = await findInput(stretch.first, stretch.last, async (first, last) => {
      await sendStretch(ground, { ...stretch, first, last });
      return (await logViolations(ground)).some(({ rule }) => rule === broken.rule);
    });
    violations.push({ ...broken, ...namedBy(stretch, number) });
  }
  return violations;
}

/** Finds the input that changed stored data; each part of the stretch gets a fresh Sluice. */
async function traceState(
  stretch: Stretch,
  stored: readonly Broken[],
  say: Watch["say"],
): Promise<Violation[]> {
  const [broken] = stored;
  if (broken === undefined) return [];
  const { first, last } = stretch;
  for (const { what } of stored) say(`Changed: ${what}`);
  say("Looking for the input …");
  const isBroken = async (low: number, high: number): Promise<boolean> => {
    const ground = await makeGround();
    try {
      const before = ground.state();
      await sendStretch(ground, { ...stretch, first: low, last: high });
      return (await stateViolations(ground, before)).length > 0;
    } finally {
      await ground.stop();
    }
  };
  const number = first === last ? first : await findInput(first, last, isBroken);
  return [{ ...broken, ...namedBy(stretch, number) }];
}

function namedBy({ first, last }: Stretch, number: number | null) {
  if (number === null) return { number, input: `several of ${first} to ${last} together` };
  return { number, input: "the one that broke the rule" };
}

function firstOf(amiss: readonly Broken[], { rule }: Broken): number {
  return amiss.findIndex((one) => one.rule === rule);
}

function sumOf(summaries: readonly Summary[]): Summary {
  const byFamily = new Map<Family, number>();
  const byStatus = new Map<string, number>();
  const dearest = new Map<string, Dearest>();
  for (const summary of summaries) {
    for (const [route, one] of summary.dearest) noteCost(dearest, route, one);
    for (const [key, count] of summary.byFamily)
      byFamily.set(key, (byFamily.get(key) ?? 0) + count);
    for (const [key, count] of summary.byStatus)
      byStatus.set(key, (byStatus.get(key) ?? 0) + count);
  }
  return {
    sent: summaries.reduce((sum, { sent }) => sum + sent, 0),
    byFamily,
    byStatus,
    dearest,
    violations: summaries.flatMap(({ violations }) => violations),
  };
}

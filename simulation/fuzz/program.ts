/**
 * The fuzz run as a program: sends the inputs in stretches, finds out which of them broke what, and
 * says so.
 */
import { findInput } from "./find.ts";
import { type Ground, type GroundOptions, makeGround } from "./ground.ts";
import type { Family } from "./input.ts";
import type { Broken } from "./judge.ts";
import type { FuzzOptions } from "./options.ts";
import { exchangeText } from "./report.ts";
import {
  faultsKept,
  faultsSaid,
  sendStretch,
  type Stretch,
  type Summary,
  type Violation,
} from "./run.ts";

/** What is kept is read after so many inputs; each reading waits for all to come to rest. */
const STRETCH_INPUTS = 50_000;

export interface Watch {
  readonly say: (line: string) => void;
  readonly progress: (sent: number) => void;
}

export async function fuzz(
  options: FuzzOptions,
  { say, progress }: Watch,
  groundOptions: GroundOptions = {},
): Promise<Summary> {
  const ground = await makeGround(groundOptions);
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
      const kept = await faultsKept(ground, before);
      const said = await faultsSaid(ground);
      const found = [
        ...(await whoMadeItSay(ground, stretch, said, say)),
        ...(await whoChanged(stretch, kept, say, groundOptions)),
      ];
      summaries.push({ ...summary, violations: [...summary.violations, ...found] });
      if (summary.violations.length + found.length > 0) break;
    }
  } finally {
    await ground.stop();
  }
  return sumOf(summaries);
}

/** Each broken rule about logs, once, with the input that breaks it when it comes again. */
async function whoMadeItSay(
  ground: Ground,
  stretch: Stretch,
  said: readonly Broken[],
  say: Watch["say"],
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const broken of said.filter((one, index) => index === firstOf(said, one))) {
    say(`Broken: ${broken.rule} (${broken.what}). Looking for the input …`);
    const number = await findInput(stretch.first, stretch.last, async (first, last) => {
      await sendStretch(ground, { ...stretch, first, last });
      return (await faultsSaid(ground)).some(({ rule }) => rule === broken.rule);
    });
    violations.push({ ...broken, ...namedBy(stretch, number) });
  }
  return violations;
}

/** The input after which something is kept otherwise, each part tried on a Sluice of its own. */
async function whoChanged(
  stretch: Stretch,
  kept: readonly Broken[],
  say: Watch["say"],
  groundOptions: GroundOptions,
): Promise<Violation[]> {
  const [broken] = kept;
  if (broken === undefined) return [];
  const { first, last } = stretch;
  for (const { what } of kept) say(`Changed: ${what}`);
  say("Looking for the input …");
  const isAmiss = async (low: number, high: number): Promise<boolean> => {
    const ground = await makeGround(groundOptions);
    try {
      const before = ground.state();
      await sendStretch(ground, { ...stretch, first: low, last: high });
      return (await faultsKept(ground, before)).length > 0;
    } finally {
      await ground.stop();
    }
  };
  const number = first === last ? first : await findInput(first, last, isAmiss);
  return [{ ...broken, ...namedBy(stretch, number) }];
}

function namedBy({ first, last }: Stretch, number: number | null) {
  if (number === null) return { number, input: `some of ${first} to ${last} together` };
  return { number, input: "the one after which it is so" };
}

function firstOf(amiss: readonly Broken[], { rule }: Broken): number {
  return amiss.findIndex((one) => one.rule === rule);
}

function sumOf(summaries: readonly Summary[]): Summary {
  const byFamily = new Map<Family, number>();
  const byStatus = new Map<string, number>();
  for (const summary of summaries) {
    for (const [key, count] of summary.byFamily)
      byFamily.set(key, (byFamily.get(key) ?? 0) + count);
    for (const [key, count] of summary.byStatus)
      byStatus.set(key, (byStatus.get(key) ?? 0) + count);
  }
  return {
    sent: summaries.reduce((sum, { sent }) => sum + sent, 0),
    byFamily,
    byStatus,
    violations: summaries.flatMap(({ violations }) => violations),
  };
}

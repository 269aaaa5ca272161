/**
 * Runs seeds, one world each, and sums up what was seen.
 *
 * Guarantee: a seed that breaks a promise is reported with its step and what was seen; the others
 * are run all the same.
 */
import { BrokenPromise, type PromiseName } from "./broken.ts";
import type { Faults, FaultKind } from "./faults.ts";
import { PRODUCT_RULES, type Rules } from "./rules.ts";
import { Trace } from "./trace.ts";
import { World } from "./world.ts";

export interface Violation {
  readonly seed: number;
  readonly step: number;
  readonly promise: PromiseName | "bug";
  readonly what: string;
}

export interface SeedResult {
  readonly seed: number;
  readonly steps: number;
  readonly hash: string;
  readonly ends: ReadonlyMap<string, number>;
  readonly faults: Faults["counts"];
  readonly violation: Violation | null;
}

export async function runSeed(
  seed: number,
  rules: Rules = PRODUCT_RULES,
  show: ((line: string) => void) | null = null,
): Promise<SeedResult> {
  const trace = new Trace(show);
  const world = new World(seed, rules, trace);
  let violation: Violation | null = null;
  try {
    await world.live();
  } catch (error) {
    const step = world.time.steps;
    violation = { seed, step, ...seen(error) };
  }
  const { steps } = world.time;
  return {
    seed,
    steps,
    hash: trace.hash,
    ends: world.promises.ends,
    faults: world.faults.counts,
    violation,
  };
}

function seen(error: unknown): Pick<Violation, "promise" | "what"> {
  if (error instanceof BrokenPromise) return { promise: error.promise, what: error.what };
  return { promise: "bug", what: error instanceof Error ? (error.stack ?? error.message) : "?" };
}

export interface Summary {
  readonly seeds: number;
  readonly steps: number;
  readonly ends: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly violations: readonly Violation[];
}

export interface Seeds {
  readonly firstSeed: number;
  readonly lastSeed: number;
  /** Receives each line of each story. */
  readonly show?: ((line: string) => void) | null;
}

/** @param progress called after each seed */
export async function runSeeds(
  { firstSeed, lastSeed, show = null }: Seeds,
  progress: (result: SeedResult) => void = () => undefined,
): Promise<Summary> {
  let steps = 0;
  const ends = new Map<string, number>();
  const faults = new Map<FaultKind, number>();
  const violations: Violation[] = [];
  for (let seed = firstSeed; seed <= lastSeed; seed += 1) {
    const result = await runSeed(seed, PRODUCT_RULES, show);
    steps += result.steps;
    for (const [state, count] of result.ends) ends.set(state, (ends.get(state) ?? 0) + count);
    for (const [kind, count] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
    if (result.violation !== null) violations.push(result.violation);
    progress(result);
  }
  return { seeds: lastSeed - firstSeed + 1, steps, ends, faults, violations };
}

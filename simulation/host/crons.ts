/**
 * Fires crons when they are due, because Miniflare fires none by itself.
 *
 * Guarantee: a cron is fired at the minutes at which the platform would, and not twice for one of
 * them; instants that passed while the machine slept are left out. What goes wrong in a run is
 * said and stops nothing. No timer keeps the process alive.
 * Not for every cron: only those that come each so many minutes, as ours do.
 */
import { errorText } from "../../src/encoding/error-text.ts";

const MINUTE_MS = 60_000;
const EVERY = /^\*\/([1-9]\d?) \* \* \* \*$/;

/** The time between two runs. Throws for a cron of another form. */
export function cronPeriod_ms(cron: string): number {
  const minutes = Number(EVERY.exec(cron)?.[1]);
  // A period that the hour is no multiple of would begin anew with each hour.
  if (Number.isNaN(minutes) || 60 % minutes !== 0) {
    throw new Error(`The cron ${cron} is not one that the local host can keep`);
  }
  return minutes * MINUTE_MS;
}

export interface Crons {
  readonly stop: () => void;
}

export type StartCrons = (
  crons: readonly string[],
  fire: (cron: string) => Promise<void>,
  say: (problem: string) => void,
) => Crons;

export const startCrons: StartCrons = (crons, fire, say) => {
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;
  const run = async (cron: string): Promise<void> => {
    try {
      await fire(cron);
    } catch (error) {
      // A run that was cut off by the end is no problem of anybody's.
      if (!stopped) say(`The cron ${cron} failed: ${errorText(error)}`);
    }
  };
  const wait = (cron: string, period_ms: number, after_ms: number): void => {
    const now = Date.now();
    const due_ms = (Math.floor(Math.max(now, after_ms) / period_ms) + 1) * period_ms;
    const timer = setTimeout(() => {
      wait(cron, period_ms, due_ms);
      void run(cron);
    }, due_ms - now);
    timer.unref();
    timers.set(cron, timer);
  };
  const periods = crons.map((cron) => [cron, cronPeriod_ms(cron)] as const);
  for (const [cron, period_ms] of periods) wait(cron, period_ms, 0);
  return {
    stop: () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
};

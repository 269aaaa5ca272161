/**
 * Fires crons when they are due, because Miniflare does not.
 *
 * Guarantee: a cron is fired at the same minutes as on the platform, and at most once for each of
 * them; runs missed while the machine slept are skipped. A run that fails is reported and does not
 * stop later runs. No timer keeps the process alive.
 * Only for crons of the form "every n minutes", which is the only form that Sluice uses.
 */
import { errorText } from "../../src/encoding/error-text.ts";

const MINUTE_MS = 60_000;
const EVERY = /^\*\/([1-9]\d?) \* \* \* \*$/;

/** The time between two runs. Throws for a cron that has another form. */
export function cronPeriod_ms(cron: string): number {
  const minutes = Number(EVERY.exec(cron)?.[1]);
  // A period that does not divide the hour would start again at each full hour.
  if (Number.isNaN(minutes) || 60 % minutes !== 0) {
    throw new Error(`The local host does not support the cron ${cron}`);
  }
  return minutes * MINUTE_MS;
}

export interface Crons {
  readonly stop: () => void;
}

export type StartCrons = (
  crons: readonly string[],
  fire: (cron: string) => Promise<void>,
  report: (problem: string) => void,
) => Crons;

export const startCrons: StartCrons = (crons, fire, report) => {
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;
  const run = async (cron: string): Promise<void> => {
    try {
      await fire(cron);
    } catch (error) {
      // A run that was interrupted because the host stops is not a failure.
      if (!stopped) report(`The cron ${cron} failed: ${errorText(error)}`);
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

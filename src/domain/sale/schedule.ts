/**
 * A sale's schedule and the phase it is in: scheduled, prequeue, live, ended.
 *
 * Guarantee: at the instant of a boundary the later phase has begun.
 */

/** When the sale opens, starts and ends. Merchant actions can change the planned times. */
export interface Schedule {
  readonly opensAt_ms: number;
  readonly startsAt_ms: number;
  readonly endsAt_ms: number;
}

/**
 * The end of a sale that has none. Documents and rooms store it like any other end, so that earlier
 * releases read them; pages and other formats do not show it.
 */
export const NO_END = "9999-12-31T23:59:59Z";
const NO_END_MS = Date.parse(NO_END);

export function hasEnd({ endsAt_ms }: Pick<Schedule, "endsAt_ms">): boolean {
  return endsAt_ms < NO_END_MS;
}

export type Phase = "scheduled" | "prequeue" | "live" | "ended";

/** The planned instants, as RFC 3339 texts of the sale document. */
export interface PlannedTimes {
  readonly opensAt: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

export function scheduleOf(planned: PlannedTimes): Schedule {
  return {
    opensAt_ms: Date.parse(planned.opensAt),
    startsAt_ms: Date.parse(planned.startsAt),
    endsAt_ms: Date.parse(planned.endsAt),
  };
}

export function phaseAt(schedule: Schedule, now: number): Phase {
  if (now >= schedule.endsAt_ms) return "ended";
  if (now >= schedule.startsAt_ms) return "live";
  return now >= schedule.opensAt_ms ? "prequeue" : "scheduled";
}

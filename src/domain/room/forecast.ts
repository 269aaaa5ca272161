/**
 * How fast the line will move, and how sure that is.
 *
 * Calls come in two ways. While seats are free they come at the sale's rate; once the seats are
 * taken, one comes for each seat given back. So the long wait of a drop follows from how long
 * people stay, which is unknown before the first have left:
 *
 *   hazard  seats given back per seat and second: at first a guess from the session's length, then
 *           what was seen; the two are mixed (as logarithms) by how much was seen
 *   pace    min(rate, seats × hazard ÷ chance that a call is taken up) calls a second, where
 *           seats = min(maxActive, units × overcall)
 *   soon    free seats ÷ that chance: calls that come at the rate
 *   wait    min(position, soon) ÷ rate + max(position − soon, 0) ÷ pace
 *
 * Under throttle, the likely and the longest wait use rate × throttle in place of the rate, because
 * the end of an outage is unknown. The shortest uses the whole rate, because it may end now.
 *
 * The interval is that wait with the pace times and divided by `spread`, which is 2.5 without any
 * evidence and narrows with it, and with a margin for the chance in a small count. An estimate:
 * pauses, a changed rate and returned units move it.
 */
import { chanceOf, type ShowRate } from "./show-rate.ts";

/** Seats given back, and the time seats were taken meanwhile; older evidence fades. */
export interface Turnover {
  /** All admissions that had ended when this was last counted. */
  readonly ended: number;
  readonly gone: number;
  readonly seatSeconds: number;
}

export const NEW_TURNOVER: Turnover = { ended: 0, gone: 0, seatSeconds: 0 };

/** Evidence halves with every so many seconds. */
const MEMORY_S = 900;
/** Before anybody has left, people are assumed to stay about a quarter of the session. */
const STAYS_PER_SESSION = 4;
const SPREAD_UNSEEN = 2.5;
/** With much evidence, what remains is that the next half hour differs from the last. */
const SPREAD_SEEN = 1.25;
/** In a small shop, so many seats given back weigh as much as the guess does. */
const TRUSTED_GONE_MIN = 15;
const GONE_BEFORE_EXPECTING = 10;
/** From a call to its claim, at best: a snapshot's age, a poll, a claim. */
const CALL_TAKES_S = 2.5;

/** @param ended all admissions that had ended by the end of this tick */
export function countTurnover(
  turnover: Turnover,
  ended: number,
  active: number,
  elapsed_ms: number,
): Turnover {
  const elapsed_s = elapsed_ms / 1000;
  const fade = 0.5 ** (elapsed_s / MEMORY_S);
  return {
    ended,
    gone: turnover.gone * fade + Math.max(ended - turnover.ended, 0),
    seatSeconds: turnover.seatSeconds * fade + active * elapsed_s,
  };
}

/**
 * Seats of those in use that will be free before a call made now is claimed. The room calls for a
 * seat when it is about to be free, not when it is empty, because the call has to reach a page that
 * polls every two seconds. Zero before a fair number have left.
 */
export function leavingSoon({ gone, seatSeconds }: Turnover, active: number): number {
  if (gone < GONE_BEFORE_EXPECTING || seatSeconds <= 0) return 0;
  return active * (gone / seatSeconds) * CALL_TAKES_S;
}

/** Seats given back per seat and second, and the factor by which that may be wrong. */
export interface Hazard {
  readonly perSecond: number;
  readonly spread: number;
}

/**
 * The weight of the evidence, 0 … 1: half when as many have left as there are seats. Before that
 * the sale is too young: those who stay long, or all if they stay about equally long, are missing.
 */
export function turnoverTrust({ gone }: Turnover, seats: number): number {
  return gone ** 2 / (gone ** 2 + Math.max(seats, TRUSTED_GONE_MIN) ** 2);
}

/** The guess and the evidence, mixed by the weight of the evidence. */
export function hazardOf(turnover: Turnover, session_s: number, seats: number): Hazard {
  const { gone, seatSeconds } = turnover;
  const guess = STAYS_PER_SESSION / session_s;
  if (gone < 1 || seatSeconds <= 0) return { perSecond: guess, spread: SPREAD_UNSEEN };
  const seen = gone / seatSeconds;
  const weight = turnoverTrust(turnover, seats);
  const mixed = (1 - weight) * Math.log(guess) + weight * Math.log(seen);
  const unsure = (1 - weight) * Math.log(SPREAD_UNSEEN) + weight * Math.log(SPREAD_SEEN);
  return { perSecond: Math.exp(mixed), spread: Math.exp(unsure) };
}

/** Deviations of a Poisson count that an interval allows for. */
const CHANCE_WIDTH = 1.3;

/** What a gate needs to compute a wait: numbers of one lane. */
export interface Forecast {
  /** Calls that come as fast as the rate allows. */
  readonly soon: number;
  readonly ratePerSecond: number;
  /** Calls per second after those. */
  readonly pace: number;
  readonly spread: number;
  /** `pace` as if the rate had no limit; absent in a snapshot of an older deployment. */
  readonly bySeats?: number | undefined;
  /** The part of the rate that is called at now; absent in a snapshot of an older deployment. */
  readonly throttle?: number | undefined;
}

export interface ForecastFacts {
  readonly turnover: Turnover;
  readonly showRate: ShowRate;
  readonly session_s: number;
  readonly claimWindow_ms: number;
  /** Seats that may be filled: `maxActive`, or fewer when there are few units left. */
  readonly seats: number;
  readonly ratePerMinute: number;
  /** The part of the rate that the order pipeline bears, 0.05 … 1. */
  readonly throttle: number;
  /** Seats neither taken nor likely to be claimed. */
  readonly free: number;
  /** The lane's part of the calls, 0 … 1. */
  readonly share: number;
}

export function forecastOf(facts: ForecastFacts): Forecast {
  const { turnover, session_s, seats, share } = facts;
  const comes = Math.max(chanceOf(facts.showRate, 0, facts.claimWindow_ms), 0.01);
  const { perSecond, spread } = hazardOf(turnover, session_s, seats);
  const ratePerSecond = (facts.ratePerMinute / 60) * share;
  const bySeats = ((seats * perSecond) / comes) * share;
  return {
    soon: (Math.max(facts.free, 0) / comes) * share,
    ratePerSecond,
    pace: Math.min(bySeats, ratePerSecond),
    spread,
    bySeats,
    throttle: facts.throttle,
  };
}

export interface Wait {
  readonly low_s: number;
  readonly high_s: number;
  /** The likeliest; polls are paced by it. */
  readonly likely_s: number;
}

/** The wait at a place in line; null when the lane's share is nothing. */
export function forecastWait(position: number, forecast: Forecast): Wait | null {
  const { soon, ratePerSecond, pace, spread, throttle = 1 } = forecast;
  if (ratePerSecond <= 0 || pace <= 0) return null;
  const rest = Math.max(position - soon, 0);
  // Seats become free one by one and by chance, which a short line feels more than a long one.
  const luck = CHANCE_WIDTH * Math.sqrt(rest);
  const first_s = Math.min(position, soon) / ratePerSecond;
  // Nobody is called faster than the rate, however fast seats become free.
  const fastest_s = position / ratePerSecond;
  const shortest_s = first_s + Math.max(rest - luck, 0) / pace / spread;
  const pressedRate = ratePerSecond * throttle;
  const pressedPace = Math.min(pace, pressedRate);
  const pressedFirst_s = Math.min(position, soon) / pressedRate;
  return {
    low_s: Math.floor(Math.max(shortest_s, fastest_s) * 0.9),
    high_s: Math.ceil(pressedFirst_s + ((rest + luck) / pressedPace) * spread) + 5,
    likely_s: pressedFirst_s + rest / pressedPace,
  };
}

/**
 * The chance that a turn comes before the sale ends: an estimate from the forecast.
 *
 * The line moves at min(rate, calls by seats given back), see `forecast.ts`. The rate is known; the
 * second is uncertain by the factor `spread`, so its logarithm is taken as normal:
 *
 *   needed  rest ÷ (seconds until the end − seconds of the calls that come at the rate)
 *   chance  0 where the rate is below what is needed, otherwise P(bySeats × e^(σZ) ≥ needed)
 *   σ²      (ln spread ÷ 1.4)² + 1 ÷ rest     the second because seats become free one by one
 *
 * Not known to it: an end that the merchant moves, a pause, a rate that changes later.
 */
import { hasEnd } from "../sale/schedule.ts";
import type { Forecast } from "./forecast.ts";

/** The interval of a wait, `spread` to both sides, holds about five in six. */
const SPREAD_DEVIATIONS = 1.4;

/** @param position 1 is the next to be called */
export function chanceInTime(
  position: number,
  schedule: { readonly startsAt_ms: number; readonly endsAt_ms: number },
  now: number,
  forecast: Forecast,
): number {
  if (!hasEnd(schedule)) return 1;
  const { soon, ratePerSecond, pace, spread, throttle = 1 } = forecast;
  const left_s = (schedule.endsAt_ms - Math.max(now, schedule.startsAt_ms)) / 1000;
  const rate = ratePerSecond * throttle;
  if (left_s <= 0 || rate <= 0) return 0;
  const rest = Math.max(position - soon, 0);
  const forRest_s = left_s - Math.min(position, soon) / rate;
  if (forRest_s <= 0) return 0;
  if (rest === 0) return 1;
  const needed = rest / forRest_s;
  const bySeats = forecast.bySeats ?? pace;
  if (needed > rate || bySeats <= 0) return 0;
  const deviation = Math.hypot(Math.log(spread) / SPREAD_DEVIATIONS, 1 / Math.sqrt(rest));
  return normalShare(Math.log(bySeats / needed) / deviation);
}

/**
 * P(Z < z) for a standard normal Z, to 7 digits after the point: Abramowitz and Stegun, Handbook of
 * Mathematical Functions, 26.2.17.
 */
export function normalShare(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(z));
  const terms = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
  const sum = terms.reduceRight((rest, term) => (rest + term) * t, 0);
  const beyond = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
  return z < 0 ? beyond : 1 - beyond;
}

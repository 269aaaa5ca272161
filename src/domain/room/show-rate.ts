/**
 * The chance that a call which is still open will be claimed, learned by its age.
 *
 * Most shoppers claim within seconds of being called, and those who have not by then are mostly
 * gone. Counting every open call at one average rate would leave seats empty behind no-shows, so
 * the room learns, per slice of the claim window, how likely an open call is claimed within it
 * (a discrete hazard, as in Kaplan-Meier's estimator), and multiplies what remains.
 *
 * Not exact: older evidence fades, so that a crowd that changes its habits is followed.
 */

export const SHOW_RATE_SLICES = 24;
/** Assumed before anything was seen: nine in ten come, evenly over a sixth of the window. */
const PRIOR_SHOW = 0.9;
const PRIOR_WEIGHT = 4;
/** Evidence halves with every this many calls. */
const MEMORY_CALLS = 400;

export interface ShowRate {
  /** Open calls that entered the slice, faded. */
  readonly entered: readonly number[];
  /** Of those, claimed within it. */
  readonly claimed: readonly number[];
}

/** Hazard of the prior: the chance to be claimed within a slice when still open at its start. */
function priorHazard(slice: number): number {
  const soon = SHOW_RATE_SLICES / 6;
  if (slice >= soon) return 0.01;
  const share = PRIOR_SHOW / soon;
  return share / (1 - share * slice);
}

export function newShowRate(): ShowRate {
  const slices = Array.from({ length: SHOW_RATE_SLICES }, (_, slice) => slice);
  return {
    entered: slices.map(() => PRIOR_WEIGHT),
    claimed: slices.map((slice) => PRIOR_WEIGHT * priorHazard(slice)),
  };
}

export function sliceOf(age_ms: number, window_ms: number): number {
  const slice = Math.floor((age_ms / window_ms) * SHOW_RATE_SLICES);
  return Math.min(Math.max(slice, 0), SHOW_RATE_SLICES - 1);
}

/** A batch of `open` calls came to the end of a slice, in which `claimed` of them were claimed. */
export function learn(rate: ShowRate, slice: number, open: number, claimed: number): ShowRate {
  if (open <= 0) return rate;
  const fade = 0.5 ** (open / MEMORY_CALLS);
  const at = (values: readonly number[], add: number): number[] =>
    values.map((value, index) => (index === slice ? value * fade + add : value));
  return { entered: at(rate.entered, open), claimed: at(rate.claimed, claimed) };
}

/**
 * The chance that a call of this age is still claimed before the window ends: 0 … 1. Inside a
 * slice it falls evenly, because a slice is only seconds long.
 */
export function chanceOf(rate: ShowRate, age_ms: number, window_ms: number): number {
  const first = sliceOf(age_ms, window_ms);
  const passed = (age_ms / window_ms) * SHOW_RATE_SLICES - first;
  let stays = 1;
  for (let slice = first; slice < SHOW_RATE_SLICES; slice += 1) {
    const entered = rate.entered[slice] ?? 1;
    const claimed = rate.claimed[slice] ?? 0;
    const stay = 1 - Math.min(claimed / Math.max(entered, 1e-9), 1);
    stays *= slice === first ? stay ** (1 - Math.min(Math.max(passed, 0), 1)) : stay;
  }
  return 1 - stays;
}

/**
 * How fast a backend is called while it answers "too many requests" (429), as a pure reducer.
 *
 * A backend that throttles is well: it says how much it takes. So 429 opens no breaker. Instead
 * calls are held to twice the rate at which it let calls through in the last seconds, which is the
 * adaptive throttling of Google's SRE book ("Handling Overload"): at that rate a limited backend
 * always has enough to do, and a caller needs to know neither the limit nor the other callers.
 *
 * Guarantee: without a 429 in the window calls are not limited; with one, never below
 * `slowest_perS`, so that a backend which takes calls again is noticed. While calls wait, a new one
 * does not overtake them. Among those that wait there is no strict order.
 */

export interface PaceRules {
  readonly window_ms: number;
  /** Calls made for one that passes. */
  readonly perPassed: number;
  readonly slowest_perS: number;
  /** A call asks again after this long at most, because by then the rate may be another. */
  readonly wait_ms: number;
  /** Unused rate of this long may be used in a burst. */
  readonly burst_ms: number;
}

export const PACE_DEFAULTS: PaceRules = {
  window_ms: 5000,
  perPassed: 2,
  slowest_perS: 2,
  wait_ms: 2000,
  burst_ms: 1000,
};

export interface PaceState {
  /** When calls that were not throttled ended, within the window. */
  readonly passed: readonly number[];
  readonly throttledAt_ms: number | null;
  /** The instant up to which the rate is used up, and the last one given to a waiting call. */
  readonly used_ms: number;
  readonly promised_ms: number;
}

export const NEW_PACE: PaceState = {
  passed: [],
  throttledAt_ms: null,
  used_ms: 0,
  promised_ms: 0,
};

/** Calls a second; null: not limited. */
export function paceOf(state: PaceState, rules: PaceRules, now: number): number | null {
  const { throttledAt_ms } = state;
  if (throttledAt_ms === null || now - throttledAt_ms >= rules.window_ms) return null;
  const passed = state.passed.filter((at_ms) => at_ms > now - rules.window_ms).length;
  const passed_perS = passed / (rules.window_ms / 1000);
  return Math.max(passed_perS * rules.perPassed, rules.slowest_perS);
}

/**
 * May a call be made now? `until_ms` is null, or when to ask again.
 * @param waited whether this call has waited before; another one does not overtake those that wait
 */
export function askPace(
  state: PaceState,
  waited: boolean,
  rules: PaceRules,
  now: number,
): { readonly state: PaceState; readonly until_ms: number | null } {
  const rate = paceOf(state, rules, now);
  if (rate === null) return { state, until_ms: null };
  const spacing_ms = 1000 / rate;
  const used_ms = Math.max(state.used_ms, now);
  const isNext = waited || state.promised_ms <= now;
  if (isNext && used_ms - now < rules.burst_ms) {
    return { state: { ...state, used_ms: used_ms + spacing_ms }, until_ms: null };
  }
  const next_ms = Math.max(state.promised_ms, used_ms - rules.burst_ms) + spacing_ms;
  const promised_ms = Math.min(next_ms, now + rules.wait_ms);
  return { state: { ...state, promised_ms }, until_ms: Math.ceil(promised_ms) };
}

/** Records a finished call. */
export function recordPace(
  state: PaceState,
  isThrottled: boolean,
  rules: PaceRules,
  now: number,
): PaceState {
  if (isThrottled) return { ...state, throttledAt_ms: now };
  const recent = state.passed.filter((at_ms) => at_ms > now - rules.window_ms);
  return { ...state, passed: [...recent, now] };
}

/**
 * How fast a backend is called, by all isolates together: never faster than the operator's limit,
 * and slower while it answers "too many requests" (429). A pure reducer, kept by `BackendPace`.
 *
 * A backend that throttles is well: it says how much it takes. So 429 opens no breaker. Instead
 * calls are held to twice the rate at which it let calls through in the last seconds, which is the
 * adaptive throttling of Google's SRE book ("Handling Overload"): at that rate a limited backend
 * always has enough to do, and nobody needs to know its limit. Where it lets nothing through, the
 * next call is made when its `Retry-After` says.
 *
 * Guarantee: without a limit and without a 429 in the window, calls are not held back. With a
 * limit, no period has more calls than the limit and one second's burst. A call that cannot be made
 * now gets an instant, those of waiting calls in the order in which they came; a call that comes
 * back goes before new ones.
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
  /** Calls lent at once: those of this long at the rate, so that a fast backend costs few calls. */
  readonly slice_ms: number;
  readonly sliceMax: number;
  /** A longer `Retry-After` is cut to this, because it may be of one call only. */
  readonly pauseMax_ms: number;
}

export const PACE_DEFAULTS: PaceRules = {
  window_ms: 5000,
  perPassed: 2,
  slowest_perS: 2,
  wait_ms: 10_000,
  burst_ms: 1000,
  slice_ms: 40,
  sliceMax: 50,
  pauseMax_ms: 30_000,
};

/** Finished calls of one isolate, since it last told them. */
export interface CallReport {
  readonly passed: number;
  readonly throttled: number;
  /** As the last throttled answer asked for; 0: it did not. */
  readonly retryAfter_ms: number;
  /** How long ago that was. */
  readonly over_ms: number;
}

export const NO_CALLS: CallReport = { passed: 0, throttled: 0, retryAfter_ms: 0, over_ms: 0 };

export interface PaceState {
  /** Calls that were not throttled, by when they were made and told, within the window. */
  readonly passed: readonly {
    readonly from_ms: number;
    readonly at_ms: number;
    readonly calls: number;
  }[];
  readonly throttledAt_ms: number | null;
  /** Nothing is called until then. */
  readonly pausedUntil_ms: number;
  /** The instant up to which the rate is used up. */
  readonly used_ms: number;
  /** The last instants given to calls that wait: to those that came back, and to new ones. */
  readonly promised_ms: { readonly again: number; readonly fresh: number };
}

export const NEW_PACE: PaceState = {
  passed: [],
  throttledAt_ms: null,
  pausedUntil_ms: 0,
  used_ms: 0,
  promised_ms: { again: 0, fresh: 0 },
};

function passed_perS({ passed }: PaceState, rules: PaceRules, now: number): number {
  const recent = passed.filter(({ at_ms }) => at_ms > now - rules.window_ms);
  const calls = recent.reduce((sum, told) => sum + told.calls, 0);
  // Just after a pause in the calls the window is not yet full.
  const over_ms = now - Math.min(now, ...recent.map(({ from_ms }) => from_ms));
  return calls / (Math.min(Math.max(over_ms, rules.burst_ms), rules.window_ms) / 1000);
}

/** Calls a second that may be made, and that are expected to pass; null: not limited. */
export function paceOf(
  state: PaceState,
  callsPerMinute: number | null,
  rules: PaceRules,
  now: number,
): { readonly calls_perS: number; readonly passes_perS: number } | null {
  const limit_perS = callsPerMinute === null ? Infinity : callsPerMinute / 60;
  const { throttledAt_ms, pausedUntil_ms } = state;
  const lastSign_ms = Math.max(throttledAt_ms ?? -Infinity, pausedUntil_ms);
  const isThrottled = throttledAt_ms !== null && now - lastSign_ms < rules.window_ms;
  if (!isThrottled) {
    return callsPerMinute === null ? null : { calls_perS: limit_perS, passes_perS: limit_perS };
  }
  const passing_perS = passed_perS(state, rules, now);
  const calls_perS = Math.max(passing_perS * rules.perPassed, rules.slowest_perS);
  const passes_perS = Math.max(passing_perS, rules.slowest_perS);
  return {
    calls_perS: Math.min(calls_perS, limit_perS),
    passes_perS: Math.min(passes_perS, limit_perS),
  };
}

export type Lent =
  /** Calls may be made freely for a while, until one is throttled. */
  | { readonly kind: "free" }
  /** @property forNew whether a call that has not waited may be one of them */
  | { readonly kind: "calls"; readonly calls: number; readonly forNew: boolean }
  | { readonly kind: "wait"; readonly wait_ms: number };

/** Lends calls to an isolate. @param waited whether a call that came back asks, or a new one */
export function lend(
  state: PaceState,
  waited: boolean,
  callsPerMinute: number | null,
  rules: PaceRules,
  now: number,
): { readonly state: PaceState; readonly lent: Lent } {
  const pace = paceOf(state, callsPerMinute, rules, now);
  if (pace === null) return { state, lent: { kind: "free" } };
  const spacing_ms = 1000 / pace.calls_perS;
  const used_ms = Math.max(state.used_ms, now, state.pausedUntil_ms - rules.burst_ms);
  const isPaused = now < state.pausedUntil_ms;
  const { again, fresh } = state.promised_ms;
  const noneWaits = Math.max(again, fresh) <= now;
  if (!isPaused && (waited || noneWaits) && used_ms - now < rules.burst_ms) {
    const slice = Math.floor((pace.calls_perS * rules.slice_ms) / 1000);
    const left = Math.ceil((now + rules.burst_ms - used_ms) / spacing_ms);
    const calls = Math.max(1, Math.min(slice, left, rules.sliceMax));
    const next = { ...state, used_ms: used_ms + calls * spacing_ms };
    return { state: next, lent: { kind: "calls", calls, forNew: noneWaits } };
  }
  const first_ms = Math.max(used_ms - rules.burst_ms, now, state.pausedUntil_ms - 1);
  const before_ms = waited ? Math.max(again, first_ms) : Math.max(again, fresh, first_ms);
  const promised_ms = Math.min(before_ms + 1000 / pace.passes_perS, now + rules.wait_ms);
  const next = waited ? { again: promised_ms, fresh } : { again, fresh: promised_ms };
  const wait_ms = Math.max(1, Math.ceil(promised_ms - now));
  return { state: { ...state, promised_ms: next }, lent: { kind: "wait", wait_ms } };
}

/** Adds what an isolate tells of its finished calls. */
export function tellPace(
  state: PaceState,
  { passed, throttled, retryAfter_ms, over_ms }: CallReport,
  rules: PaceRules,
  now: number,
): PaceState {
  if (passed === 0 && throttled === 0) return state;
  const recent = state.passed.filter(({ at_ms }) => at_ms > now - rules.window_ms);
  const told =
    passed === 0 ? recent : [...recent, { from_ms: now - over_ms, at_ms: now, calls: passed }];
  if (throttled === 0) return { ...state, passed: told };
  // While calls pass, how many pass is better evidence than what one answer asks for.
  const pause_ms = told.length === 0 ? Math.min(retryAfter_ms, rules.pauseMax_ms) : 0;
  const pausedUntil_ms = Math.max(state.pausedUntil_ms, now + pause_ms);
  return { ...state, passed: told, throttledAt_ms: now, pausedUntil_ms };
}

/** How long a new call would wait now: what a room slows down by. */
export function paceWait_ms({ promised_ms, pausedUntil_ms }: PaceState, now: number): number {
  return Math.max(0, promised_ms.again - now, promised_ms.fresh - now, pausedUntil_ms - now);
}

/**
 * A circuit breaker as a pure reducer over a rolling window of calls.
 *
 * Guarantee: it opens only past a minimum number of calls, recovers by the clock alone (`retryAt`
 * is absolute, so an isolate with an old copy recovers too), and each consecutive opening lasts
 * longer. After it closes, the backlog passes at a rate that doubles until it is unlimited.
 * Two isolates agree through `merge`: the higher epoch wins, an old copy never overrides a newer.
 * The rules may change between any two calls (`backend-limits.ts`): the next decision goes by the
 * new ones, and no change leaves it open for longer than the rules of its opening.
 * Not a lock: while KV lags, each isolate sends its own probes and has its own rate.
 */
import { z } from "zod";
import { jsonText } from "../encoding/json.ts";
import { storedReader } from "../encoding/stored-reader.ts";

export interface BreakerRules {
  readonly window_ms: number;
  /** With fewer calls in the window it does not open. */
  readonly callsMin: number;
  readonly failureRate: number;
  readonly slowCall_ms: number;
  readonly slowRate: number;
  readonly openFor_ms: number;
  readonly openForMax_ms: number;
  readonly probes: number;
  /** Successful probes in a row that close it. */
  readonly successesToClose: number;
  /** Calls a second just after it closed; the rate doubles every `rampDouble_ms`. */
  readonly rampFrom_perS: number;
  readonly rampDouble_ms: number;
  /** This long after it closed the rate is unlimited. */
  readonly ramp_ms: number;
}

export const BREAKER_DEFAULTS: BreakerRules = {
  window_ms: 30_000,
  callsMin: 10,
  failureRate: 0.3,
  slowCall_ms: 4000,
  slowRate: 0.8,
  openFor_ms: 5000,
  openForMax_ms: 60_000,
  probes: 2,
  successesToClose: 3,
  rampFrom_perS: 5,
  rampDouble_ms: 3000,
  ramp_ms: 15_000,
};

/** Unused rate of the last second may be used in a burst. */
const RAMP_BURST_MS = 1000;

/** Each has its own breaker, and in KV the keys `breaker:<backend>` and `force:<backend>`. */
export const BACKENDS = ["payment", "orders"] as const;
export type Backend = (typeof BACKENDS)[number];

/** The operator's override of a breaker (KV `force:<backend>`); null without one. */
export const forceSchema = z.enum(["open", "closed"]).nullable();
export type Force = z.infer<typeof forceSchema>;

/** The state that isolates share through KV; written on transitions only. */
export const sharedBreakerSchema = z.discriminatedUnion("state", [
  z.object({
    v: z.literal(1),
    state: z.literal("closed"),
    epoch: z.int(),
    by: z.string(),
    /** Absent when it was never open. */
    closedAt_ms: z.number().optional(),
  }),
  z.object({
    v: z.literal(1),
    state: z.literal("open"),
    epoch: z.int(),
    openedAt_ms: z.number(),
    retryAt_ms: z.number(),
    /** Openings in a row without a close between. */
    openings: z.int(),
    reason: z.string(),
    by: z.string(),
  }),
]);
export type SharedBreaker = z.infer<typeof sharedBreakerSchema>;

export const sharedBreakerReader = storedReader(sharedBreakerSchema);

/** As KV holds it: text, or null when it was never written. */
export const writtenBreakerSchema = jsonText.pipe(sharedBreakerReader).nullable();

export interface Call {
  readonly at_ms: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

export interface BreakerState {
  readonly shared: SharedBreaker;
  /** The window of this isolate. */
  readonly calls: readonly Call[];
  /** Probes sent since `retryAt`, the last at `sentAt_ms`; `successes` are consecutive. */
  readonly probing: {
    readonly sent: number;
    readonly successes: number;
    readonly sentAt_ms: number;
  };
  /**
   * After closing: `used_ms` is the instant up to which the rate is used up, `promised_ms` the last
   * instant given to a waiting call.
   */
  readonly ramp: { readonly used_ms: number; readonly promised_ms: number };
}

const NO_PROBES = { sent: 0, successes: 0, sentAt_ms: 0 } as const;
const NO_RAMP = { used_ms: 0, promised_ms: 0 } as const;

export function newBreaker(by: string): BreakerState {
  return {
    shared: { v: 1, state: "closed", epoch: 0, by },
    calls: [],
    probing: NO_PROBES,
    ramp: NO_RAMP,
  };
}

/** Adopts the state that another isolate wrote if its epoch is higher, never an older one. */
export function merge(state: BreakerState, read: SharedBreaker | null): BreakerState {
  if (read === null || read.epoch <= state.shared.epoch) return state;
  return { shared: read, calls: [], probing: NO_PROBES, ramp: NO_RAMP };
}

/**
 * The state to publish after a transition when KV already shows `read`. It gets the higher epoch,
 * because this isolate has seen the backend later than the one that wrote `read`.
 */
export function outrank(state: BreakerState, read: SharedBreaker | null): BreakerState {
  const epoch = Math.max(state.shared.epoch, (read?.epoch ?? 0) + 1);
  return { ...state, shared: { ...state.shared, epoch } };
}

/** Calls a second allowed at that time after closing; null: unlimited. */
export function rampRate(sinceClosed_ms: number, rules: BreakerRules): number | null {
  if (sinceClosed_ms < 0 || sinceClosed_ms >= rules.ramp_ms) return null;
  return rules.rampFrom_perS * 2 ** Math.floor(sinceClosed_ms / rules.rampDouble_ms);
}

export type Permission =
  | { readonly kind: "go"; readonly probe: boolean }
  | { readonly kind: "wait"; readonly until_ms: number };

export interface BreakerDecision {
  readonly state: BreakerState;
  readonly permission: Permission;
}

/** May a call be made now? `forced`, the operator's override, takes precedence. */
export function ask(
  state: BreakerState,
  forced: "open" | "closed" | null,
  rules: BreakerRules,
  now: number,
): BreakerDecision {
  const go = (probe: boolean, next = state): BreakerDecision => {
    return { state: next, permission: { kind: "go", probe } };
  };
  const wait = (until_ms: number): BreakerDecision => {
    return { state, permission: { kind: "wait", until_ms } };
  };
  if (forced === "open") return wait(now + rules.openFor_ms);
  const { shared } = state;
  if (forced === "closed") return go(false);
  if (shared.state === "closed") return askRamp(state, shared.closedAt_ms, rules, now);
  const retryAt_ms = retryAtOf(shared, rules);
  if (now < retryAt_ms) return wait(retryAt_ms);
  const { sent, successes, sentAt_ms } = state.probing;
  // Probes without an answer are forgotten `openFor_ms` after the last of them was sent, because
  // otherwise no isolate would ever probe again.
  const waitedOut = now >= sentAt_ms + rules.openFor_ms;
  const inFlight = waitedOut ? 0 : sent - successes;
  if (inFlight >= rules.probes) return wait(now + 1000);
  const probing = { sent: successes + inFlight + 1, successes, sentAt_ms: now };
  return go(true, { ...state, probing });
}

/** A closed breaker: limits the rate after an outage, so that the backlog does not overload it. */
function askRamp(
  state: BreakerState,
  closedAt_ms: number | undefined,
  rules: BreakerRules,
  now: number,
): BreakerDecision {
  const rate = closedAt_ms === undefined ? null : rampRate(now - closedAt_ms, rules);
  if (closedAt_ms === undefined || rate === null) {
    return { state, permission: { kind: "go", probe: false } };
  }
  const spacing_ms = 1000 / rate;
  const used_ms = Math.max(state.ramp.used_ms, now);
  if (used_ms - now < RAMP_BURST_MS) {
    const ramp = { ...state.ramp, used_ms: used_ms + spacing_ms };
    return { state: { ...state, ramp }, permission: { kind: "go", probe: false } };
  }
  // Each waiting call gets its own instant, so that they do not all retry at once.
  const last_ms = Math.max(state.ramp.promised_ms, used_ms - RAMP_BURST_MS);
  const rateThen = rampRate(last_ms - closedAt_ms, rules);
  const promised_ms = last_ms + (rateThen === null ? 0 : 1000 / rateThen);
  const until_ms = Math.min(Math.ceil(promised_ms), closedAt_ms + rules.ramp_ms);
  const ramp = { ...state.ramp, promised_ms };
  return { state: { ...state, ramp }, permission: { kind: "wait", until_ms } };
}

function openTime_ms(openings: number, { openFor_ms, openForMax_ms }: BreakerRules): number {
  return Math.min(openFor_ms * 2 ** (openings - 1), openForMax_ms);
}

/** A shorter open time counts for a breaker that is open already, a longer one from the next. */
function retryAtOf(
  { openedAt_ms, retryAt_ms, openings }: Extract<SharedBreaker, { state: "open" }>,
  rules: BreakerRules,
): number {
  return Math.min(retryAt_ms, openedAt_ms + openTime_ms(openings, rules));
}

function open(
  state: BreakerState,
  reason: string,
  by: string,
  rules: BreakerRules,
  now: number,
): BreakerState {
  const { shared } = state;
  const openings = shared.state === "open" ? shared.openings + 1 : 1;
  return {
    shared: {
      v: 1,
      state: "open",
      epoch: shared.epoch + 1,
      openedAt_ms: now,
      retryAt_ms: now + openTime_ms(openings, rules),
      openings,
      reason,
      by,
    },
    calls: [],
    probing: NO_PROBES,
    ramp: NO_RAMP,
  };
}

/** A probe that was not sent answers nothing: another call may take its place. */
export function forgetProbe(state: BreakerState): BreakerState {
  const { probing } = state;
  const sent = Math.max(probing.successes, probing.sent - 1);
  return { ...state, probing: { ...probing, sent } };
}

/** Records a finished call. The state's `shared` part changes exactly when it must be published. */
export function record(
  state: BreakerState,
  result: { readonly failed: boolean; readonly duration_ms: number; readonly probe: boolean },
  by: string,
  rules: BreakerRules,
  now: number,
): BreakerState {
  const slow = result.duration_ms >= rules.slowCall_ms;
  if (state.shared.state === "open") {
    if (!result.probe) return state;
    if (result.failed) return open(state, "a probe failed", by, rules, now);
    // Slow calls may be what opened it, so a slow probe does not count as a success.
    if (slow) return open(state, "a probe was slow", by, rules, now);
    const successes = state.probing.successes + 1;
    if (successes < rules.successesToClose) {
      return { ...state, probing: { ...state.probing, successes } };
    }
    const epoch = state.shared.epoch + 1;
    return {
      shared: { v: 1, state: "closed", epoch, by, closedAt_ms: now },
      calls: [],
      probing: NO_PROBES,
      ramp: NO_RAMP,
    };
  }
  const recent = state.calls.filter((call) => call.at_ms > now - rules.window_ms);
  const calls = [...recent, { at_ms: now, failed: result.failed, slow }];
  const next = { ...state, calls };
  if (calls.length < rules.callsMin) return next;
  const share = (count: number): number => count / calls.length;
  const failures = share(calls.filter((call) => call.failed).length);
  const slows = share(calls.filter((call) => call.slow).length);
  const percent = (value: number): string => `${Math.round(value * 100)} %`;
  if (failures >= rules.failureRate) {
    return open(next, `${percent(failures)} of ${calls.length} calls failed`, by, rules, now);
  }
  if (slows >= rules.slowRate) {
    return open(next, `${percent(slows)} of ${calls.length} calls were slow`, by, rules, now);
  }
  return next;
}

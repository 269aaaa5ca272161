/**
 * The throttle: which part of its rate the room may call at, so that no more shoppers are let in
 * than the order pipeline can serve.
 *
 *   breakers  0.1 while one is open, 0.25 while one is being probed, else 1
 *   pace      by how long a new call to a backend waits that throttles or is limited: 1 up to 2 s,
 *             falling to 0.05 at 10 s
 *   backlog   by the median age of the orders in progress: 1 up to 10 s, falling to 0.05 at 60 s
 *   bears     the minimum of these
 *   throttle  min(bears, throttle + 0.05 × seconds passed)
 *
 * Guarantee: it is never below 0.05 and never above 1, it falls at once and rises slowly. A few are
 * always let in, because only an order can show that the pipeline works again. An unknown state
 * (no reading, an old one, an unreadable value) does not slow the room.
 * Not for stopping calls to a backend: the breaker does that (`breaker.ts`).
 */
import { z } from "zod";
import type { SharedBreaker } from "../breaker.ts";
import { PIPELINE_READING_MAX_MS } from "../limits.ts";

export const THROTTLE_MIN = 0.05;
const OPEN_BEARS = 0.1;
const PROBED_BEARS = 0.25;
const PACE_FINE_MS = 2000;
const PACE_FULL_MS = 10_000;
const BACKLOG_FINE_MS = 10_000;
const BACKLOG_FULL_MS = 60_000;
/** From nothing to everything in about twenty seconds, while the pipeline works off its backlog. */
const RISE_PER_SECOND = 0.05;

export const throttleSchema = z.object({
  value: z.number().min(THROTTLE_MIN).max(1),
  /** When it was last computed; it rises with the time since then. */
  at_ms: z.number(),
});
export type Throttle = Readonly<z.infer<typeof throttleSchema>>;

export const NO_THROTTLE: Throttle = { value: 1, at_ms: 0 };

/** One backend's values in KV. */
export interface BackendReading {
  /** Null: never written, or unreadable. */
  readonly breaker: SharedBreaker | null;
  /** The operator's override (`force:<backend>`), which comes first. */
  readonly force: "open" | "closed" | null;
  /** How long a new call to it would wait, by its object; left out: unknown. */
  readonly wait_ms?: number;
}

export interface PipelineReading {
  /** When KV was read. */
  readonly at_ms: number;
  readonly backends: readonly BackendReading[];
}

function backendBears({ breaker, force }: BackendReading, now: number): number {
  if (force === "open") return OPEN_BEARS;
  if (force === "closed" || breaker === null || breaker.state === "closed") return 1;
  if (now < breaker.retryAt_ms) return OPEN_BEARS;
  // A failed probe writes a later `retryAt` within a minute or two. Without one nothing was probed,
  // and an outage of last week must not slow a sale of today.
  return now < breaker.retryAt_ms + PIPELINE_READING_MAX_MS ? PROBED_BEARS : 1;
}

/** 1 up to `fine_ms`, falling evenly to the minimum at `full_ms`. */
function falling(value_ms: number, fine_ms: number, full_ms: number): number {
  const over = (value_ms - fine_ms) / (full_ms - fine_ms);
  return 1 - (1 - THROTTLE_MIN) * Math.min(Math.max(over, 0), 1);
}

function backlogBears(age_ms: number): number {
  return falling(age_ms, BACKLOG_FINE_MS, BACKLOG_FULL_MS);
}

function paceBears({ wait_ms = 0 }: BackendReading): number {
  return falling(wait_ms, PACE_FINE_MS, PACE_FULL_MS);
}

/**
 * The part of the rate that the pipeline bears, 0.05 … 1.
 * @param backlogAge_ms median age of the orders in progress, see `backlog.ts`; null: too few
 */
export function bears(
  reading: PipelineReading | null,
  backlogAge_ms: number | null,
  now: number,
): number {
  const known = reading !== null && now - reading.at_ms < PIPELINE_READING_MAX_MS;
  const backends = known ? reading.backends : [];
  const breakers = backends.map((backend) => backendBears(backend, now));
  return Math.min(
    1,
    ...breakers,
    ...backends.map(paceBears),
    backlogAge_ms === null ? 1 : backlogBears(backlogAge_ms),
  );
}

/** Falls to what the pipeline bears at once, and rises towards it by a twentieth a second. */
export function follow(throttle: Throttle, pipelineBears: number, now: number): Throttle {
  const passed_s = Math.max(now - throttle.at_ms, 0) / 1000;
  const risen = throttle.value + RISE_PER_SECOND * passed_s;
  const value = Math.min(Math.max(Math.min(pipelineBears, risen), THROTTLE_MIN), 1);
  return { value, at_ms: now };
}

/**
 * The `cfWaitingRoom` object of Cloudflare Waiting Room, filled in for a shopper of Sluice, so that
 * apps and page templates made for that product keep working.
 *
 * Source: `json_response_enabled` of Cloudflare's API documentation. Guarantee: every field is
 * present in every state, with its type; an unknown text is "unavailable", an unknown number 0. No
 * field claims anything that does not hold in Sluice: `docs/formats.md` lists what each means here.
 * Not for decisions: a shopper who is let in never gets it.
 */
import type { Sale } from "../sale/sale.ts";
import { hasEnd, phaseAt, type Phase, type Schedule } from "../sale/schedule.ts";
import type { Standing } from "../room/standing.ts";

export interface CloudflareWaitingRoom {
  readonly inWaitingRoom: true;
  readonly waitTimeKnown: boolean;
  /** Times are whole minutes, rounded up. */
  readonly waitTime: number;
  readonly waitTime25Percentile: number;
  readonly waitTime50Percentile: number;
  readonly waitTime75Percentile: number;
  readonly waitTimeFormatted: string;
  readonly queueIsFull: boolean;
  readonly queueAll: boolean;
  /** ISO 8601. */
  readonly lastUpdated: string;
  readonly refreshIntervalSeconds: number;
  readonly queueingMethod: "fifo" | "random" | "passthrough" | "reject";
  readonly isFIFOQueue: boolean;
  readonly isRandomQueue: boolean;
  readonly isPassthroughQueue: boolean;
  readonly isRejectQueue: boolean;
  readonly isEventActive: boolean;
  readonly isEventPrequeueing: boolean;
  readonly timeUntilEventStart: number;
  readonly timeUntilEventStartFormatted: string;
  readonly timeUntilEventEnd: number;
  readonly timeUntilEventEndFormatted: string;
  readonly shuffleAtEventStart: boolean;
  /** HTML, or empty. */
  readonly turnstile: string;
  readonly infiniteQueue: boolean;
}

export interface WaitingFacts {
  readonly sale: { readonly admission: Pick<Sale["admission"], "method"> };
  readonly schedule: Schedule;
  /** Null for a shopper without a place: the sale is not open, or requires a proof first. */
  readonly standing: Pick<Standing, "state" | "cohort" | "wait"> | null;
  /** Time until the client should ask again. */
  readonly retryAfter_s: number;
  /** HTML of the form for the proof; empty when none is required. */
  readonly turnstile: string;
  readonly now: number;
}

const UNAVAILABLE = "unavailable";

/** At least 1, because 0 means that the wait is unknown. */
function minutesOf(wait_s: number): number {
  return Math.max(Math.ceil(wait_s / 60), 1);
}

function numberOf(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** "1 minute", "15 minutes", "2 hours 5 minutes". */
export function minutesText(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return numberOf(minutes, "minute");
  const text = numberOf(hours, "hour");
  return rest === 0 ? text : `${text} ${numberOf(rest, "minute")}`;
}

/**
 * `random` where the draw decides: for the first cohort of a lottery, which is its prequeue. Later
 * cohorts come after it in order of arrival, whatever the method.
 */
function methodOf({ sale, standing }: WaitingFacts, phase: Phase): "fifo" | "random" | "reject" {
  if (phase === "ended") return "reject";
  if (sale.admission.method === "fifo") return "fifo";
  const cohort = standing?.cohort ?? null;
  const isDrawn = cohort === null ? phase !== "live" : cohort === 0;
  return isDrawn ? "random" : "fifo";
}

type WaitFields = Pick<
  CloudflareWaitingRoom,
  | "waitTimeKnown"
  | "waitTime"
  | "waitTime25Percentile"
  | "waitTime50Percentile"
  | "waitTime75Percentile"
  | "waitTimeFormatted"
>;

const WAIT_UNKNOWN: WaitFields = {
  waitTimeKnown: false,
  waitTime: 0,
  waitTime25Percentile: 0,
  waitTime50Percentile: 0,
  waitTime75Percentile: 0,
  waitTimeFormatted: UNAVAILABLE,
};

function waitFields({ standing }: WaitingFacts, isRandom: boolean): WaitFields {
  const state = standing?.state ?? null;
  // Called while every seat is taken: the shopper gets the next free one.
  const wait = state === "called" ? { low_s: 0, high_s: 60 } : (standing?.wait ?? null);
  if (wait === null || (state !== "queued" && state !== "called")) return WAIT_UNKNOWN;
  const low = minutesOf(wait.low_s);
  const high = minutesOf(wait.high_s);
  const median = minutesOf((wait.low_s + wait.high_s) / 2);
  const known = { waitTimeKnown: true, waitTime: median };
  if (!isRandom) return { ...WAIT_UNKNOWN, ...known, waitTimeFormatted: minutesText(median) };
  const text = low === high ? minutesText(low) : `${minutesText(low)} to ${minutesText(high)}`;
  return {
    ...known,
    waitTime25Percentile: low,
    waitTime50Percentile: median,
    waitTime75Percentile: high,
    waitTimeFormatted: text,
  };
}

/** Minutes until an instant, as number and text; 0 and "unavailable" when it does not apply. */
function timeUntil(at_ms: number, now: number, applies: boolean): [number, string] {
  if (!applies) return [0, UNAVAILABLE];
  const minutes = minutesOf((at_ms - now) / 1000);
  return [minutes, minutesText(minutes)];
}

export function cloudflareWaitingRoom(facts: WaitingFacts): CloudflareWaitingRoom {
  const { sale, schedule, standing, now } = facts;
  const phase = phaseAt(schedule, now);
  const queueingMethod = methodOf(facts, phase);
  const isPrequeueing = phase === "prequeue";
  const isActive = isPrequeueing || (phase === "live" && hasEnd(schedule));
  const [timeUntilEventStart, timeUntilEventStartFormatted] = timeUntil(
    schedule.startsAt_ms,
    now,
    isPrequeueing,
  );
  const [timeUntilEventEnd, timeUntilEventEndFormatted] = timeUntil(
    schedule.endsAt_ms,
    now,
    isActive && hasEnd(schedule),
  );
  const isOver = queueingMethod === "reject";
  return {
    inWaitingRoom: true,
    ...waitFields(facts, queueingMethod === "random"),
    // Never: a line of Sluice has no maximum length.
    queueIsFull: false,
    queueAll: standing?.state === "paused" || standing?.state === "sold_out",
    lastUpdated: new Date(now).toISOString(),
    refreshIntervalSeconds: isOver ? 0 : Math.max(Math.ceil(facts.retryAfter_s), 1),
    queueingMethod,
    isFIFOQueue: queueingMethod === "fifo",
    isRandomQueue: queueingMethod === "random",
    isPassthroughQueue: false,
    isRejectQueue: isOver,
    isEventActive: isActive,
    isEventPrequeueing: isPrequeueing,
    timeUntilEventStart,
    timeUntilEventStartFormatted,
    timeUntilEventEnd,
    timeUntilEventEndFormatted,
    shuffleAtEventStart: isActive && sale.admission.method === "lottery",
    turnstile: facts.turnstile,
    infiniteQueue: false,
  };
}

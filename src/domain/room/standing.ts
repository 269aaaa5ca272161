/**
 * Where a shopper stands: a ticket compared with the sale's snapshot.
 *
 * Guarantee (P9): it needs the ticket, the snapshot and the cohort's manifest, all of which a gate
 * has in memory; no object is called. Waits are estimates.
 */
import type { Place } from "../line/cohort.ts";
import { forecastWait, type Wait } from "./forecast.ts";
import { chanceInTime } from "./odds-in-time.ts";
import { oddsOf, type OddsFacts } from "./odds.ts";
import { POLL_AFTER_MAX_S, POLL_AFTER_MIN_S } from "../limits.ts";
import type { LaneSnapshot, RoomSnapshot } from "./snapshot.ts";
import type { Level } from "../stock/stock-ledger.ts";

export const SHOPPER_STATES = [
  "prequeue",
  "queued",
  "called",
  "admitted",
  "lapsed",
  "paused",
  "sold_out",
  "ended",
] as const;
export type ShopperState = (typeof SHOPPER_STATES)[number];

export interface Standing {
  readonly state: ShopperState;
  readonly lane: string;
  readonly cohort: number | null;
  /** Place in the lane's whole line, 0 first; null until the ticket's cohort has closed. */
  readonly rank: number | null;
  /** 1 is the next to be called. */
  readonly position: number | null;
  readonly called: number;
  readonly wait: { readonly low_s: number; readonly high_s: number } | null;
  readonly pollAfter_s: number;
  readonly stock: readonly ShownStock[];
  /** Chance of a turn while something is left and before the end: `oddsAt`; an estimate. */
  readonly odds: number | null;
  readonly message: string | null;
  readonly stale: boolean;
  readonly at_ms: number;
}

/** What shoppers see of a SKU. */
export interface ShownStock {
  readonly sku: string;
  readonly level: Level;
  /** Units; null unless the sale shows them. */
  readonly available: number | null;
  /** None is available, and units in carts or in orders in progress may come back. */
  readonly mayReturn?: boolean | undefined;
}

export interface Seen {
  readonly snapshot: RoomSnapshot;
  /** The room did not answer; this is the last snapshot. */
  readonly stale: boolean;
  readonly now: number;
  /** 0 … 1, spreads the polls of a crowd. */
  readonly chance: number;
}

const NO_LANE: LaneSnapshot = { closed: 0, called: 0, lapsedBelow: 0, pace: 0 };
const NOTHING_SEEN: OddsFacts = { took: 0, without: 0, perTaker: 1, inFlight: 0 };

/** By SKU, as the sale lets shoppers see it. */
export function shownStock({ stock, showsUnits }: RoomSnapshot): readonly ShownStock[] {
  if (showsUnits === true) return stock;
  return stock.map((level) => ({ ...level, available: null }));
}

/** Null when the sale has no such lane, also for names that every object has as a member. */
export function laneIn({ lanes }: Pick<RoomSnapshot, "lanes">, lane: string): LaneSnapshot | null {
  return Object.hasOwn(lanes, lane) ? (lanes[lane] ?? null) : null;
}

function stateOf(seen: Seen, lane: LaneSnapshot, rank: number | null): ShopperState {
  const { snapshot } = seen;
  if (snapshot.phase === "ended") return "ended";
  if (snapshot.phase !== "live") return "prequeue";
  if (rank !== null && rank < lane.lapsedBelow) return "lapsed";
  if (snapshot.soldOut) return "sold_out";
  if (snapshot.paused) return "paused";
  return rank !== null && rank < lane.called ? "called" : "queued";
}

/** Where there is no forecast: from the pace of the last calls alone. */
export function waitOf(position: number, pace: number): { low_s: number; high_s: number } | null {
  if (pace <= 0) return null;
  const expected_s = position / pace;
  return { low_s: Math.floor(expected_s * 0.7), high_s: Math.ceil(expected_s * 1.5) + 2 };
}

function expectedWait(position: number, { forecast, pace }: LaneSnapshot): Wait | null {
  if (forecast !== undefined) return forecastWait(position, forecast);
  const wait = waitOf(position, pace);
  return wait === null ? null : { ...wait, likely_s: (wait.low_s + wait.high_s) / 2 };
}

/**
 * When to poll again: a fifth of the expected wait, at least 2 s, at most half the claim window (so
 * that nobody lapses when the rate suddenly rises), spread by chance so that a line does not poll
 * in step. Before the start: in time for the start, and spread over the seconds after it.
 */
export function pollAfter(seen: Seen, expected_s: number | null): number {
  const { snapshot, now, chance } = seen;
  const most = Math.max(Math.min(snapshot.claimWindow_s / 2, POLL_AFTER_MAX_S), POLL_AFTER_MIN_S);
  const toStart_s = (snapshot.schedule.startsAt_ms - now) / 1000;
  let wanted = expected_s === null ? 2 * POLL_AFTER_MIN_S : expected_s / 5;
  if (snapshot.phase === "prequeue" || snapshot.phase === "scheduled") {
    wanted =
      toStart_s > most ? most : Math.max(toStart_s, 0) + POLL_AFTER_MIN_S + (most * chance) / 4;
  }
  const spread = wanted * (0.85 + 0.3 * chance);
  return Math.round(Math.min(Math.max(spread, POLL_AFTER_MIN_S), most) * 10) / 10;
}

/** The standing of a ticket's owner. `rank` is null until the cohort's manifest is known. */
export function standingOf(
  ticket: Pick<Place, "lane" | "cohort">,
  rank: number | null,
  seen: Seen,
): Standing {
  const { snapshot } = seen;
  const lane = laneIn(snapshot, ticket.lane) ?? NO_LANE;
  const state = stateOf(seen, lane, rank);
  const position = rank === null ? null : Math.max(rank - lane.called + 1, 0);
  const waits = state === "queued" || state === "paused" || state === "sold_out";
  const told = position !== null && waits ? expectedWait(position, lane) : null;
  const near = state === "called" || state === "lapsed";
  return {
    state,
    lane: ticket.lane,
    cohort: ticket.cohort,
    rank,
    position,
    called: lane.called,
    wait: told === null ? null : { low_s: told.low_s, high_s: told.high_s },
    pollAfter_s: near ? POLL_AFTER_MIN_S : pollAfter(seen, told?.likely_s ?? null),
    stock: shownStock(snapshot),
    odds:
      position === null || !waits || snapshot.unlimited === true
        ? null
        : oddsAt(seen, lane, position),
    message: snapshot.message,
    stale: seen.stale,
    at_ms: snapshot.at_ms,
  };
}

/**
 * Before this position come the shoppers called and let in, those ahead in the lane, and as many of
 * the other lanes as their weights call meanwhile. Those who join them later are unknown.
 *
 * Two things can come first: the last unit (`odds.ts`) and the end of the sale (`odds-in-time.ts`).
 * Their chances are multiplied, as if neither depended on the other.
 */
function oddsAt({ snapshot, now }: Seen, lane: LaneSnapshot, position: number): number {
  const { lanes, unitsLeft, odds, schedule } = snapshot;
  const { took, without, perTaker, inFlight } = odds ?? NOTHING_SEEN;
  let places = Math.max(position, 1) + inFlight;
  for (const other of Object.values(lanes)) {
    if (other === lane || other.waiting === undefined) continue;
    const perCall = (other.weight ?? 1) / (lane.weight ?? 1);
    places += Math.min(other.waiting, position * perCall);
  }
  const whileLeft = oddsOf(unitsLeft, places, { took, without, perTaker });
  // A snapshot of an older deployment has no forecast.
  if (lane.forecast === undefined) return whileLeft;
  return Math.round(whileLeft * chanceInTime(position, schedule, now, lane.forecast) * 1000) / 1000;
}

/** The standing of somebody who is in the shop. */
export function admittedStanding(lane: string, seen: Seen): Standing {
  const { snapshot } = seen;
  return {
    state: snapshot.phase === "ended" ? "ended" : "admitted",
    lane,
    cohort: null,
    rank: null,
    position: null,
    called: laneIn(snapshot, lane)?.called ?? 0,
    wait: null,
    pollAfter_s: 10,
    stock: shownStock(snapshot),
    odds: null,
    message: snapshot.message,
    stale: seen.stale,
    at_ms: snapshot.at_ms,
  };
}

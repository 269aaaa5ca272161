/**
 * The snapshot of a room: what every gate answers polls from, the forecast of each lane included.
 *
 * Guarantee: it is made of the room's state alone, and holds neither the secret of the draw nor
 * anything about one shopper, so it may be cached anywhere. Not for deciding whom to call
 * (`calls.ts`), nor for the formulas of the forecast (`forecast.ts`) and the odds (`odds.ts`).
 */
import type { Sale } from "../sale/sale.ts";
import { phaseAt, scheduleOf, type Phase, type Schedule } from "../sale/schedule.ts";
import { levelOf, unitsNotSold, type Level } from "../stock/stock-ledger.ts";
import { forecastOf, turnoverTrust, type Forecast } from "./forecast.ts";
import type { BeaconChain } from "../line/beacon.ts";
import type { CountedCohort } from "../line/draw.ts";
import { unitsPerTaker, type OddsFacts } from "./odds.ts";
import { expectedClaims } from "./open-calls.ts";
import { revokedIds } from "./revoked.ts";
import { isSoldOut, type RoomState } from "./room-state.ts";
import { chanceOf } from "./show-rate.ts";
import type { TokensInForce } from "./token-standing.ts";

export interface LaneSnapshot {
  readonly closed: number;
  readonly called: number;
  readonly lapsedBelow: number;
  /** Calls per second of the last seconds. */
  readonly pace: number;
  /** How the line is expected to move; absent in a snapshot of an older deployment. */
  readonly forecast?: Forecast | undefined;
  /** Places not called yet, and the lane's weight; absent likewise. */
  readonly waiting?: number | undefined;
  readonly weight?: number | undefined;
  /** The counts of a cohort that waits for its draw. */
  readonly counted?: SignedCounts | undefined;
}

/** What is published of a cohort before its draw. */
export type SignedCounts = CountedCohort & { readonly signature: string };

/** What a gate needs to answer a poll. */
export interface RoomSnapshot {
  readonly sale: string;
  readonly phase: Phase;
  readonly paused: boolean;
  readonly soldOut: boolean;
  readonly queueing: boolean;
  /** The part of its rate that the room calls at, 0.05 … 1: less while orders are held up. */
  readonly throttle: number;
  readonly schedule: Schedule;
  readonly lanes: Readonly<Record<string, LaneSnapshot>>;
  readonly booths: number;
  readonly stock: readonly {
    readonly sku: string;
    readonly available: number;
    readonly level: Level;
    /** None is available, and units in carts or in orders in progress may come back. */
    readonly mayReturn?: boolean | undefined;
  }[];
  /** Shoppers may see how many units are available; absent: only the level. */
  readonly showsUnits?: true | undefined;
  /** Units neither ordered nor sold: those in carts may still come back. */
  readonly unitsLeft: number;
  /** Set for a sale without items: nothing can sell out, and there are no odds. */
  readonly unlimited?: true | undefined;
  /** Ids of admissions without numbers that ended before their tokens; absent without any. */
  readonly revoked?: readonly string[] | undefined;
  /** Absent where no gate asks for it, and in a snapshot of an older deployment. */
  readonly tokens?: TokensInForce | undefined;
  /** What the odds are computed from; absent in a snapshot of an older deployment. */
  readonly odds?: OddsFacts | undefined;
  readonly claimWindow_s: number;
  readonly message: string | null;
  readonly commitment: string;
  /** The chain whose rounds decide first cohorts; absent without one. */
  readonly beacon?: BeaconChain | undefined;
  /** When the secret is due, as things are now; absent once it was, and without an end. */
  readonly revealsAt_ms?: number | undefined;
  /** Absent while the secret is secret. */
  readonly revealedAt_ms?: number | undefined;
  /** Of the sale document; a gate with an older one fetches it again. */
  readonly revision: number;
  readonly version: number;
  readonly at_ms: number;
}

/** What a snapshot says that is not of the room's state. */
type SnapshotFacts = Pick<
  RoomSnapshot,
  "booths" | "commitment" | "beacon" | "revision" | "tokens" | "revealsAt_ms" | "revealedAt_ms"
>;

interface Undrawn {
  readonly cohort: CountedCohort;
  readonly signature: string;
}

export function snapshotOf(
  room: RoomState,
  sale: Sale,
  { undrawn = [], ...facts }: SnapshotFacts & { readonly undrawn?: readonly Undrawn[] },
  now: number,
): RoomSnapshot {
  const lanes = Object.fromEntries(
    room.lanes.map(({ id, closed, called, lapsedBelow, pace, places, weight }) => {
      const forecast = forecastIn(room, sale, id, now);
      const waiting = places - called;
      const shown = { closed, called, lapsedBelow, pace, forecast, waiting, weight };
      const open = undrawn.find(({ cohort }) => cohort.lane === id);
      if (open === undefined) return [id, shown];
      return [id, { ...shown, counted: { ...open.cohort, signature: open.signature } }];
    }),
  );
  return {
    sale: sale.id,
    phase: phaseAt(room.schedule, now),
    paused: room.paused,
    soldOut: isSoldOut(room),
    queueing: room.queueing,
    throttle: room.throttle.value,
    schedule: room.schedule,
    lanes,
    stock: room.stock.map((level) => {
      const { sku, available } = level;
      const mayReturn = available <= 0 && unitsNotSold(level) > 0;
      return { sku, available, level: levelOf(level), mayReturn };
    }),
    ...(sale.stockDisplay === "exact" ? { showsUnits: true } : {}),
    unitsLeft: room.stock.reduce((sum, { available, held }) => sum + available + held, 0),
    ...(sale.items.length === 0 ? { unlimited: true } : { odds: oddsFactsIn(room, sale, now) }),
    claimWindow_s: sale.admission.claimWindowSeconds,
    ...(room.revoked.length === 0 ? {} : { revoked: revokedIds(room.revoked, now) }),
    message: room.message,
    version: room.version,
    at_ms: now,
    ...facts,
  };
}

/**
 * What is assumed of a room that does not answer, for shoppers who are in: their sale as its
 * document has it. Nobody is let in by it, nothing is known of the stock, and no token is revoked.
 */
export function assumedSnapshot(sale: Sale, now: number): RoomSnapshot {
  const schedule = scheduleOf(sale);
  return {
    sale: sale.id,
    phase: phaseAt(schedule, now),
    paused: false,
    soldOut: false,
    queueing: true,
    throttle: 1,
    schedule,
    lanes: {},
    booths: 1,
    stock: [],
    unitsLeft: 0,
    claimWindow_s: sale.admission.claimWindowSeconds,
    message: null,
    commitment: "",
    revision: 0,
    version: 0,
    at_ms: now,
  };
}

/**
 * What a gate computes odds from. Somebody who is in, or will probably come, stands for more than
 * one place, because some places never come. Those who give up go before those who buy, so the
 * places settled so far say little before the seats have changed hands.
 */
function oddsFactsIn(room: RoomState, sale: Sale, now: number): OddsFacts {
  const claimWindow_ms = sale.admission.claimWindowSeconds * 1000;
  const { placeOutcomes, showRate, seats, turnover } = room;
  const comes = Math.max(chanceOf(showRate, 0, claimWindow_ms), 0.01);
  // Who has ordered took their units already: they are before nobody.
  const there = seats.active - seats.ordering + expectedClaims(room, claimWindow_ms, now);
  const trust = turnoverTrust(turnover, seatsToFill(room, sale));
  return {
    took: placeOutcomes.took * trust,
    without: placeOutcomes.without * trust,
    perTaker: unitsPerTaker(placeOutcomes),
    inFlight: there / comes,
  };
}

/** `maxActive`, or fewer when there are few units left. */
function seatsToFill({ stock, maxActive }: RoomState, sale: Sale): number {
  const units = stock.reduce((sum, { available, held }) => sum + available + held, 0);
  // Until a stock level is reported, calls wait for it, but forecasts do not.
  if (stock.length === 0) return maxActive;
  return Math.min(maxActive, Math.ceil(units * sale.admission.overcall));
}

/** A lane where nobody waits would take its part of the calls if somebody came. */
function forecastIn(room: RoomState, sale: Sale, lane: string, now: number): Forecast {
  const { sessionSeconds: session_s, claimWindowSeconds } = sale.admission;
  const claimWindow_ms = claimWindowSeconds * 1000;
  const { turnover, showRate, ratePerMinute, throttle } = room;
  const seats = seatsToFill(room, sale);
  const sharing = room.lanes.filter((item) => item.id === lane || item.places > item.called);
  const weights = sharing.reduce((sum, { weight }) => sum + weight, 0);
  const weight = sharing.find(({ id }) => id === lane)?.weight ?? 0;
  return forecastOf({
    turnover,
    showRate,
    session_s,
    claimWindow_ms,
    seats,
    ratePerMinute,
    throttle: throttle.value,
    free: seats - room.seats.active - room.seats.kept - expectedClaims(room, claimWindow_ms, now),
    share: weight / Math.max(weights, 1),
  });
}

/**
 * The snapshot of a room: what every gate answers polls from.
 *
 * Guarantee: it is made of the room's state alone, and holds neither the secret of the draw nor
 * anything about one shopper, so it may be cached anywhere.
 */
import { levelOf, type Level } from "../stock-level.ts";
import { phaseAt, type Phase, type Sale, type Schedule } from "../sale/sale.ts";
import type { Forecast } from "./forecast.ts";
import { forecastIn, oddsFactsIn } from "./lane-forecast.ts";
import type { OddsFacts } from "./odds.ts";
import { revokedIds } from "./revoked.ts";
import { isSoldOut, type RoomState } from "./room-state.ts";

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
}

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
  }[];
  /** Units neither ordered nor sold: those in carts may still come back. */
  readonly unitsLeft: number;
  /** Set for a sale without items: nothing can sell out, and there are no odds to tell. */
  readonly unlimited?: true | undefined;
  /** Ids of admissions that ended before their tokens; absent when there are none. */
  readonly revoked?: readonly string[] | undefined;
  /** What the odds are told from; absent in a snapshot of an older deployment. */
  readonly odds?: OddsFacts | undefined;
  readonly claimWindow_s: number;
  readonly message: string | null;
  readonly commitment: string;
  /** Of the sale document; a gate with an older one fetches it again. */
  readonly revision: number;
  readonly version: number;
  readonly at_ms: number;
}

export function snapshotOf(
  room: RoomState,
  sale: Sale,
  facts: { readonly booths: number; readonly commitment: string; readonly revision: number },
  now: number,
): RoomSnapshot {
  const lanes = Object.fromEntries(
    room.lanes.map(({ id, closed, called, lapsedBelow, pace, places, weight }) => {
      const forecast = forecastIn(room, sale, id, now);
      const waiting = places - called;
      return [id, { closed, called, lapsedBelow, pace, forecast, waiting, weight }];
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
      return { sku: level.sku, available: level.available, level: levelOf(level) };
    }),
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

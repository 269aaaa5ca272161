/**
 * What a room's state says about its next minutes: the claims to expect, and a lane's forecast.
 *
 * Guarantee: it only reads. Not for deciding whom to call (`room-calls.ts`), and not for the
 * formulas of the forecast (`forecast.ts`).
 */
import { forecastOf, type Forecast } from "./forecast.ts";
import type { RoomState } from "./room.ts";
import type { Sale } from "./sale.ts";
import { chanceOf } from "./show-rate.ts";

/** Calls not claimed yet that will probably be, at this instant. */
export function expectedClaims(room: RoomState, claimWindow_ms: number, now: number): number {
  return room.calls.reduce((sum, { from, to, claimed, calledAt_ms }) => {
    const open = to - from - claimed;
    return sum + open * chanceOf(room.showRate, now - calledAt_ms, claimWindow_ms);
  }, 0);
}

/** A lane where nobody waits would take its part of the calls if somebody came. */
export function forecastIn(room: RoomState, sale: Sale, lane: string, now: number): Forecast {
  const { sessionSeconds: session_s, claimWindowSeconds, overcall } = sale.admission;
  const claimWindow_ms = claimWindowSeconds * 1000;
  const { turnover, showRate, maxActive, ratePerMinute, stock } = room;
  const units = stock.reduce((sum, { available, held }) => sum + available + held, 0);
  // Before any level was reported nothing is known of the stock; calls wait for it, not words.
  const seats = stock.length === 0 ? maxActive : Math.min(maxActive, Math.ceil(units * overcall));
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
    free: seats - room.seats.active - expectedClaims(room, claimWindow_ms, now),
    share: weight / Math.max(weights, 1),
  });
}

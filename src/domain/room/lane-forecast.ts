/**
 * What a room's state says about its next minutes: a lane's forecast, and what odds are told from.
 *
 * Guarantee: it only reads. Not for deciding whom to call (`calls.ts`), and not for the
 * formulas of the forecast (`forecast.ts`) and of the odds (`odds.ts`).
 */
import { forecastOf, turnoverTrust, type Forecast } from "./forecast.ts";
import { unitsPerTaker, type OddsFacts } from "./odds.ts";
import { expectedClaims } from "./open-calls.ts";
import type { RoomState } from "./room-state.ts";
import type { Sale } from "../sale/sale.ts";
import { chanceOf } from "./show-rate.ts";

/**
 * What the odds are told from. Somebody who is in, or will probably come, stands for more than one
 * place: of the places some never come. Who gives up goes before who buys, so what is settled says
 * little before the seats have changed hands.
 */
export function oddsFactsIn(room: RoomState, sale: Sale, now: number): OddsFacts {
  const claimWindow_ms = sale.admission.claimWindowSeconds * 1000;
  const { placeOutcomes, showRate, seats, turnover } = room;
  const comes = Math.max(chanceOf(showRate, 0, claimWindow_ms), 0.01);
  const there = seats.active + expectedClaims(room, claimWindow_ms, now);
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
  // Before any level was reported nothing is known of the stock; calls wait for it, not words.
  if (stock.length === 0) return maxActive;
  return Math.min(maxActive, Math.ceil(units * sale.admission.overcall));
}

/** A lane where nobody waits would take its part of the calls if somebody came. */
export function forecastIn(room: RoomState, sale: Sale, lane: string, now: number): Forecast {
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
    free: seats - room.seats.active - expectedClaims(room, claimWindow_ms, now),
    share: weight / Math.max(weights, 1),
  });
}

/**
 * A shopper's way through the waiting room, once there is a ticket: stand, claim, leave.
 *
 * Guarantee: asking changes nothing; a room that does not answer is a `retry`, never a lost place.
 */
import { mayHaveOpened } from "../domain/line/booth.ts";
import type { Place } from "../domain/line/cohort.ts";
import { CLAIM_RETRY_S, SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import {
  admittedStanding,
  laneIn,
  standingOf,
  type Seen,
  type Standing,
} from "../domain/room/standing.ts";
import { roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { Admission } from "../tokens/admissions.ts";
import { letGo } from "./cart.ts";
import { deviceFor, deviceSeen, lacksDevice, type DeviceNeeded } from "./device-binding.ts";
import {
  inShop,
  type AdmissionRefused,
  type InShop,
  type SaleContext,
  type Unreachable,
  type Visit,
} from "./visit.ts";

/** Somebody who is let in. */
export interface Admitted {
  readonly kind: "admitted";
  /** The signed admission, and what is in it. */
  readonly token: string;
  readonly admission: Admission;
  readonly standing: Standing;
}

/** A room's answer as its shopper is given it. */
export function admittedBy(
  { token, admission }: Pick<Admitted, "token" | "admission">,
  seen: Seen,
): Admitted {
  return { kind: "admitted", token, admission, standing: admittedStanding(admission.lane, seen) };
}

/** Null for a ticket whose place no booth ever handed out. */
export async function standingOfTicket(
  { gate, seen }: SaleContext,
  ticket: Place,
): Promise<Standing | null> {
  const { snapshot, now } = seen;
  const lane = laneIn(snapshot, ticket.lane);
  if (lane === null) return null;
  if (ticket.cohort >= lane.closed) {
    const possible = mayHaveOpened(ticket.cohort, lane.closed, now - snapshot.at_ms);
    return possible ? standingOf(ticket, null, seen) : null;
  }
  const ranked = await gate.snapshots.rank(snapshot.sale, ticket);
  if (ranked.kind === "no_such_place") return null;
  return standingOf(ticket, ranked.kind === "ranked" ? ranked.rank : null, seen);
}

export type TicketRefused = {
  readonly kind: "ticket_required" | "ticket_invalid" | "ticket_replayed";
};

const TICKET_INVALID: TicketRefused = { kind: "ticket_invalid" };

function refuseTicket({ ticket }: Visit): TicketRefused {
  if (ticket.kind === "replayed") return { kind: "ticket_replayed" };
  return ticket.kind === "none" ? { kind: "ticket_required" } : TICKET_INVALID;
}

export type StandingOutcome =
  | { readonly kind: "standing"; readonly standing: Standing }
  /** In the shop, on another device; a claim with the ticket goes on here. */
  | { readonly kind: "admission_replayed" }
  | TicketRefused;

/** Where the visitor stands. An admission comes before a ticket. */
export async function askStanding(visit: Visit): Promise<StandingOutcome> {
  const { admission, ticket, seen } = visit;
  if (admission.kind === "valid") {
    return { kind: "standing", standing: admittedStanding(admission.admission.lane, seen) };
  }
  if (admission.kind === "replayed") return { kind: "admission_replayed" };
  if (ticket.kind !== "valid") return refuseTicket(visit);
  const standing = await standingOfTicket(visit, ticket.ticket);
  return standing === null ? TICKET_INVALID : { kind: "standing", standing };
}

export type ClaimTurnOutcome =
  | Admitted
  | { readonly kind: "not_called"; readonly standing: Standing; readonly seatsFull: boolean }
  | { readonly kind: "turn_lapsed" }
  | { readonly kind: "sale_over" }
  | TicketRefused
  | DeviceNeeded
  | Unreachable;

/** Takes up the turn of the visit's ticket. */
export async function claimTurn(visit: Visit): Promise<ClaimTurnOutcome> {
  const { gate, sale, seen } = visit;
  if (visit.ticket.kind !== "valid") return refuseTicket(visit);
  if (lacksDevice(visit)) return { kind: "device_required" };
  const { ticket } = visit.ticket;
  const outcome = await withTimeout<RoomAnswer<"claim">>(
    roomOf(gate.env, sale.id).claim(ticket, deviceFor(visit), deviceSeen(visit)),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  switch (outcome?.kind) {
    case undefined:
      return { kind: "room_unavailable" };
    case "admitted":
      return admittedBy(outcome, seen);
    case "turn_lapsed":
    case "sale_over":
      return outcome;
    case "no_such_place":
      return TICKET_INVALID;
    case "no_sale":
      return { kind: "sale_not_found" };
    case "not_called":
    case "held_up":
    case "queue":
    case "seats_full": {
      const standing = await standingOfTicket(visit, ticket);
      if (standing === null) return TICKET_INVALID;
      if (outcome.kind !== "seats_full") return { kind: "not_called", standing, seatsFull: false };
      // The gate's snapshot may be a second behind the room, which has called this turn.
      const called = { ...standing, state: "called", pollAfter_s: CLAIM_RETRY_S } as const;
      return { kind: "not_called", standing: called, seatsFull: true };
    }
  }
}

export type TurnTaken =
  | { readonly kind: "open" }
  /** `used`: it was taken up. */
  | { readonly kind: "over"; readonly used: boolean }
  | Admitted
  | DeviceNeeded
  | Unreachable;

/**
 * What has become of a turn, as the room knows it.
 * @param ticket its id
 * @param place null when there was none
 */
export async function turnTaken(
  visit: Visit,
  ticket: string,
  place: Place | null,
): Promise<TurnTaken> {
  const turn = await withTimeout<RoomAnswer<"turn">>(
    roomOf(visit.gate.env, visit.sale.id).turn(ticket, place, deviceFor(visit), deviceSeen(visit)),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  switch (turn?.kind) {
    case undefined:
      return { kind: "room_unavailable" };
    case "no_sale":
      return { kind: "sale_not_found" };
    case "admitted":
      return lacksDevice(visit) ? { kind: "device_required" } : admittedBy(turn, visit.seen);
    case "open":
    case "over":
      return turn;
  }
}

export type LeaveOutcome =
  | { readonly kind: "left" }
  | { readonly kind: "room_unavailable" }
  | AdmissionRefused;

/**
 * Frees the seat, gives up an order that waits for the bank, and lets go of every hold. Leaving
 * twice is leaving. Goes on when the browser does not wait for the answer: else a shopper could
 * leave their seat and keep their units.
 */
export async function leave(
  visit: Pick<Visit, "gate" | "sale" | "admission">,
): Promise<LeaveOutcome> {
  const shopper = inShop(visit);
  if (shopper.kind !== "in_shop") return shopper;
  const leaving = leaveShop(shopper);
  shopper.gate.waitUntil(leaving);
  return leaving;
}

async function leaveShop(shopper: InShop): Promise<LeaveOutcome> {
  const { gate, sale, admission } = shopper;
  const room = roomOf(gate.env, sale.id);
  // The room tells an order in progress: it is asked until it has answered.
  const left = await withTimeout(room.leave(admission.id), SHOPPER_CALL_TIMEOUT_MS);
  if (left === null) return { kind: "room_unavailable" };
  await letGo(shopper, { isFinal: true });
  return { kind: "left" };
}

/**
 * A shopper's way through the waiting room, once there is a ticket: ask, claim, leave.
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
import { admissionRefusal, dropCart, type AdmissionRefused } from "./cart.ts";
import { deviceFor, lacksDevice, type DeviceNeeded } from "./device-binding.ts";
import { visitOf, type Carried, type GateContext, type Visit } from "./visit.ts";

/** Somebody who is let in. */
export interface Admitted {
  readonly kind: "admitted";
  /** The signed admission, and what is in it. */
  readonly token: string;
  readonly admission: Admission;
  readonly standing: Standing;
}

/** A room's answer as its shopper is given it. */
export function admittedBy({ token, admission }: Omit<Admitted, "standing">, seen: Seen): Admitted {
  return { kind: "admitted", token, admission, standing: admittedStanding(admission.lane, seen) };
}

export type Unreachable =
  | { readonly kind: "sale_not_found" }
  | { readonly kind: "room_unavailable" };

/** Null for a ticket whose place no booth ever handed out. */
export async function standingOfTicket(
  context: GateContext,
  { seen }: Pick<Visit, "seen">,
  ticket: Place,
): Promise<Standing | null> {
  const { snapshot, now } = seen;
  const lane = laneIn(snapshot, ticket.lane);
  if (lane === null) return null;
  if (ticket.cohort >= lane.closed) {
    const possible = mayHaveOpened(ticket.cohort, lane.closed, now - snapshot.at_ms);
    return possible ? standingOf(ticket, null, seen) : null;
  }
  const ranked = await context.snapshots.rank(snapshot.sale, ticket);
  if (ranked.kind === "no_such_place") return null;
  return standingOf(ticket, ranked.kind === "ranked" ? ranked.rank : null, seen);
}

export type StandingOutcome =
  | { readonly kind: "standing"; readonly standing: Standing; readonly visit: Visit }
  | { readonly kind: "ticket_required"; readonly visit: Visit }
  | { readonly kind: "ticket_invalid"; readonly visit: Visit }
  /** In the shop, on another device; a claim with the ticket goes on here. */
  | { readonly kind: "admission_replayed"; readonly visit: Visit }
  | Unreachable;

/** Where the carrier of these tokens stands. An admission comes before a ticket. */
export async function askStanding(
  context: GateContext,
  sale: string,
  carried: Carried,
): Promise<StandingOutcome> {
  const found = await visitOf(context, sale, carried);
  if (found.kind !== "visit") return found;
  const { visit } = found;
  if (visit.admission !== null) {
    const standing = admittedStanding(visit.admission.lane, visit.seen);
    return { kind: "standing", standing, visit };
  }
  if (visit.admissionRefused === "replayed") return { kind: "admission_replayed", visit };
  if (visit.ticket === null) {
    return { kind: visit.ticketRefused ? "ticket_invalid" : "ticket_required", visit };
  }
  const standing = await standingOfTicket(context, visit, visit.ticket);
  if (standing === null) return { kind: "ticket_invalid", visit };
  return { kind: "standing", standing, visit };
}

export type ClaimTurnOutcome =
  | Admitted
  | { readonly kind: "not_called"; readonly standing: Standing; readonly seatsFull: boolean }
  | { readonly kind: "turn_lapsed" }
  | { readonly kind: "sale_over" }
  | { readonly kind: "ticket_required" }
  | { readonly kind: "ticket_invalid" }
  | DeviceNeeded
  | Unreachable;

export async function claimTurn(
  context: GateContext,
  sale: string,
  carried: Carried,
): Promise<ClaimTurnOutcome> {
  const found = await visitOf(context, sale, carried);
  if (found.kind !== "visit") return found;
  const { visit } = found;
  const { ticket, seen } = visit;
  if (ticket === null) return { kind: visit.ticketRefused ? "ticket_invalid" : "ticket_required" };
  if (lacksDevice(visit.sale, carried.caller)) return { kind: "device_required" };
  const outcome = await withTimeout<RoomAnswer<"claim">>(
    roomOf(context.env, sale).claim(ticket, deviceFor(visit.sale, carried.caller)),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (outcome === null) return { kind: "room_unavailable" };
  switch (outcome.kind) {
    case "admitted":
      return admittedBy(outcome, seen);
    case "turn_lapsed":
    case "sale_over":
      return outcome;
    case "no_such_place":
      return { kind: "ticket_invalid" };
    case "no_sale":
      return { kind: "sale_not_found" };
    case "not_called":
    case "held_up":
    case "queue":
    case "seats_full": {
      const standing = await standingOfTicket(context, visit, ticket);
      if (standing === null) return { kind: "ticket_invalid" };
      const seatsFull = outcome.kind === "seats_full";
      // The gate's snapshot may be a second behind the room; the room's word on the turn counts.
      const called = { ...standing, state: "called", pollAfter_s: CLAIM_RETRY_S } as const;
      const told = seatsFull ? called : standing;
      return { kind: "not_called", standing: told, seatsFull };
    }
  }
}

export type LeaveOutcome = { readonly kind: "left" } | AdmissionRefused;

/** Frees the seat and lets go of every hold. Leaving twice is leaving. */
export async function leave(
  context: GateContext,
  sale: string,
  carried: Carried,
): Promise<LeaveOutcome> {
  const found = await visitOf(context, sale, carried);
  if (found.kind !== "visit") return found;
  const { visit } = found;
  const { admission } = visit;
  if (admission === null) return admissionRefusal(visit);
  const left = await withTimeout(
    roomOf(context.env, sale).leave(admission.id),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (left === null) return { kind: "room_unavailable" };
  await dropCart(context, visit.sale, admission);
  return { kind: "left" };
}

/**
 * A shopper's way through the waiting room: join, ask, claim, leave.
 *
 * Guarantee: whoever is answered with a place has it: the booth's mark is durable first. A booth
 * or room that does not answer is a `retry`, never a lost place.
 */
import { CLAIM_RETRY_S } from "../domain/limits.ts";
import { GENERAL_LANE } from "../domain/sale.ts";
import { admittedStanding, standingOf, type Standing } from "../domain/standing.ts";
import type { Admission } from "../tokens/admissions.ts";
import { signTicket, type Ticket } from "../tokens/tickets.ts";
import { admissionRefusal, dropCart, type AdmissionRefused } from "./cart.ts";
import {
  answerWithin,
  roomOf,
  visitOf,
  type Carried,
  type GateContext,
  type Visit,
} from "./visit.ts";

export interface Admitted {
  readonly admission: string;
  readonly expiresAt_ms: number;
  readonly standing: Standing;
}

type Unreachable = { readonly kind: "sale_not_found" } | { readonly kind: "room_unavailable" };

export type JoinOutcome =
  | { readonly kind: "joined"; readonly ticket: string; readonly standing: Standing }
  /** A valid ticket was carried; the place is kept. */
  | { readonly kind: "already_joined"; readonly ticket: string; readonly standing: Standing }
  | ({ readonly kind: "admitted" } & Admitted)
  | { readonly kind: "sale_not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" }
  | { readonly kind: "pass_invalid" }
  | { readonly kind: "booth_unavailable" }
  | Unreachable;

/** @param pass a merchant's pass into a lane; none is accepted while no pass keys are configured */
export async function join(
  context: GateContext,
  sale: string,
  carried: Carried,
  pass: string | null,
): Promise<JoinOutcome> {
  const found = await visitOf(context, sale, carried);
  if (found.kind !== "visit") return found;
  const { visit } = found;
  const { snapshot } = visit.seen;
  if (
    visit.admission !== null &&
    visit.admissionToken !== null &&
    (await isSeated(context, visit.admission))
  ) {
    const { expiresAt_ms, lane } = visit.admission;
    const standing = admittedStanding(lane, visit.seen);
    return { kind: "admitted", admission: visit.admissionToken, expiresAt_ms, standing };
  }
  if (visit.ticket !== null && visit.ticketToken !== null) {
    const standing = await standingOfTicket(context, visit, visit.ticket);
    if (standing !== null && standing.state !== "lapsed") {
      return { kind: "already_joined", ticket: visit.ticketToken, standing };
    }
  }
  if (snapshot.phase === "scheduled") {
    return { kind: "sale_not_open", opensAt_ms: snapshot.schedule.opensAt_ms };
  }
  if (snapshot.phase === "ended") return { kind: "sale_over" };
  if (pass !== null) return { kind: "pass_invalid" };
  if (snapshot.phase === "live" && !snapshot.queueing) {
    const admitted = await admitNow(context, visit);
    if (admitted !== null) return admitted;
  }
  return takeTicket(context, visit);
}

/** Left or spent, an admission is no way in; if the room does not answer, it counts as it says. */
async function isSeated({ env }: GateContext, admission: Admission): Promise<boolean> {
  const standing = await answerWithin(roomOf(env, admission.sale).standing(admission.id));
  return standing === null || standing === "active";
}

/** Null when the room wants a ticket after all, or does not answer. */
async function admitNow(context: GateContext, visit: Visit): Promise<JoinOutcome | null> {
  const { env } = context;
  const id = `now_${crypto.randomUUID()}`;
  const subject = `sub_${crypto.randomUUID()}`;
  const room = roomOf(env, visit.sale.id);
  const outcome = await room.admitNow(id, subject, GENERAL_LANE).catch(() => null);
  if (outcome?.kind !== "admitted") return null;
  const { token, expiresAt_ms } = outcome;
  const standing = admittedStanding(GENERAL_LANE, visit.seen);
  return { kind: "admitted", admission: token, expiresAt_ms, standing };
}

/** FNV-1a: spreads subjects evenly over booths; nothing depends on it being hard to guess. */
export function boothFor(subject: string, booths: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < subject.length; index += 1) {
    hash = Math.imul(hash ^ subject.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash % booths;
}

async function takeTicket(context: GateContext, visit: Visit): Promise<JoinOutcome> {
  const { env, keys, now } = context;
  const { sale, seen } = visit;
  const { booths, schedule } = seen.snapshot;
  const subject = `sub_${crypto.randomUUID()}`;
  const shard = boothFor(subject, booths);
  const name = `${sale.id}/${GENERAL_LANE}/${shard}`;
  const booth = env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(name));
  const drawClosesAt_ms = sale.admission.method === "lottery" ? schedule.startsAt_ms : null;
  const place = await booth.join(drawClosesAt_ms).catch(() => null);
  if (place === null) return { kind: "booth_unavailable" };
  const ticket: Ticket = {
    sale: sale.id,
    id: `tkt_${crypto.randomUUID()}`,
    subject,
    lane: GENERAL_LANE,
    cohort: place.cohort,
    shard,
    index: place.index,
  };
  const token = await signTicket(keys, ticket, now);
  return { kind: "joined", ticket: token, standing: standingOf(ticket, null, seen) };
}

/** Null for a ticket whose place no booth ever handed out. */
async function standingOfTicket(
  context: GateContext,
  { seen }: Pick<Visit, "seen">,
  ticket: Ticket,
): Promise<Standing | null> {
  const { snapshot } = seen;
  const closed = snapshot.lanes[ticket.lane]?.closed ?? 0;
  if (ticket.cohort >= closed) return standingOf(ticket, null, seen);
  const ranked = await context.snapshots
    .rank(snapshot.sale, ticket)
    .catch(() => ({ kind: "not_closed" as const }));
  if (ranked.kind === "no_such_place") return null;
  return standingOf(ticket, ranked.kind === "ranked" ? ranked.rank : null, seen);
}

export type StandingOutcome =
  | { readonly kind: "standing"; readonly standing: Standing; readonly visit: Visit }
  | { readonly kind: "ticket_required"; readonly visit: Visit }
  | { readonly kind: "ticket_invalid"; readonly visit: Visit }
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
  if (visit.ticket === null) {
    return { kind: visit.ticketRefused ? "ticket_invalid" : "ticket_required", visit };
  }
  const standing = await standingOfTicket(context, visit, visit.ticket);
  if (standing === null) return { kind: "ticket_invalid", visit };
  return { kind: "standing", standing, visit };
}

export type ClaimTurnOutcome =
  | ({ readonly kind: "admitted" } & Admitted)
  | { readonly kind: "not_called"; readonly standing: Standing; readonly seatsFull: boolean }
  | { readonly kind: "turn_lapsed" }
  | { readonly kind: "sale_over" }
  | { readonly kind: "ticket_required" }
  | { readonly kind: "ticket_invalid" }
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
  const outcome = await roomOf(context.env, sale)
    .claim(ticket)
    .catch(() => null);
  if (outcome === null) return { kind: "room_unavailable" };
  switch (outcome.kind) {
    case "admitted": {
      const { token, expiresAt_ms } = outcome;
      const standing = admittedStanding(ticket.lane, seen);
      return { kind: "admitted", admission: token, expiresAt_ms, standing };
    }
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
  const left = await roomOf(context.env, sale)
    .leave(admission.id)
    .catch(() => null);
  if (left === null) return { kind: "room_unavailable" };
  await dropCart(context, visit.sale, admission);
  return { kind: "left" };
}

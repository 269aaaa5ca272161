/**
 * A shopper at a guarded address who has no admission: takes up their turn if it has come, else
 * joins for them where that is asked for, else says where they stand.
 *
 * Guarantee: nobody gets in but by the room's word. Whoever joins has the place before they are
 * told; a page that is loaded again with its ticket never joins twice. A ticket whose turn was
 * taken up gives the same admission again, as long as that lasts; after it, it is good for nothing.
 */
import type { PassRefusal } from "../domain/pass-refusal.ts";
import type { Standing } from "../domain/room/standing.ts";
import { join, type JoinWish } from "../shopper/join.ts";
import type { ProofRefused } from "../shopper/proof.ts";
import { deviceFor, lacksDevice } from "../shopper/device-binding.ts";
import type { Caller, Carried, GateContext, Visit } from "../shopper/visit.ts";
import { askStanding, claimTurn } from "../shopper/waiting.ts";
import { turnTaken, type AskedTurn } from "../shopper/entry.ts";
import type { Admission } from "../tokens/admissions.ts";

export type TurnOutcome =
  | {
      readonly kind: "admitted";
      /** Signed, and what is in it. */
      readonly token: string;
      readonly admission: Admission;
      /** By the ticket that was carried, which leads in again; else that ticket is used up. */
      readonly byTicket: boolean;
    }
  | {
      readonly kind: "waiting";
      readonly standing: Standing;
      readonly seatsFull: boolean;
      /** Given just now; null when they carry it already. */
      readonly ticket: string | null;
    }
  /** Without a ticket, and not asked to join. */
  | { readonly kind: "not_joined" }
  | { readonly kind: "pass_invalid"; readonly reason: PassRefusal }
  /** Joining needs a proof of being human, and none that is good was brought. */
  | { readonly kind: "proof"; readonly refused: ProofRefused }
  | { readonly kind: "not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" }
  | { readonly kind: "rate_limited" | "booth_unavailable" | "room_unavailable" };

export interface Asking {
  readonly sale: string;
  readonly ticket: string | null;
  /** An admission that is no good any more: its turn was used, so a new one is joined for. */
  readonly wasIn: boolean;
  /** A merchant's pass into a lane, or null. */
  readonly pass: string | null;
  /** Of being human, or null. */
  readonly proof: string | null;
  readonly caller: Caller;
  /** Whether to join for whoever has no place. */
  readonly joins: boolean;
  /** Whether whoever's turn has passed on joins again unasked: an app has no button for it. */
  readonly rejoins: boolean;
  /** Asked once, before anything is changed. */
  readonly isOverLimit: () => Promise<boolean>;
}

/** What is asked on the way. The rest of this file only chooses. */
export interface Journey {
  askStanding(sale: string, carried: Carried): ReturnType<typeof askStanding>;
  claimTurn(sale: string, carried: Carried): ReturnType<typeof claimTurn>;
  turnTaken(visit: Visit, asked: AskedTurn): ReturnType<typeof turnTaken>;
  join(sale: string, carried: Carried, wish: JoinWish): ReturnType<typeof join>;
}

export function journeyIn(context: GateContext): Journey {
  return {
    askStanding: (sale, carried) => askStanding(context, sale, carried),
    claimTurn: (sale, carried) => claimTurn(context, sale, carried),
    turnTaken: (visit, asked) => turnTaken(context, visit, asked),
    join: (sale, carried, wish) => join(context, sale, carried, wish),
  };
}

interface Way {
  readonly journey: Journey;
  readonly asking: Asking;
}

export async function takeTurn(journey: Journey, asking: Asking): Promise<TurnOutcome> {
  const way: Way = { journey, asking };
  const { sale, ticket, joins, caller } = asking;
  const carried: Carried = { ticket, admission: null, caller };
  const asked = await journey.askStanding(sale, carried);
  switch (asked.kind) {
    case "standing": {
      const { standing, visit } = asked;
      if (standing.state === "called") return claim(way, { visit, standing });
      if (standing.state === "lapsed") return turnPassed(way, { visit, standing });
      return { kind: "waiting", standing, seatsFull: false, ticket: null };
    }
    case "ticket_required":
    case "ticket_invalid":
    case "admission_replayed":
      return joins ? joinAfresh(way) : { kind: "not_joined" };
    case "sale_not_found":
    case "room_unavailable":
      return { kind: "room_unavailable" };
  }
}

interface Stands {
  readonly visit: Visit;
  readonly standing: Standing;
}

async function claim(way: Way, stands: Stands): Promise<TurnOutcome> {
  const { journey, asking } = way;
  if (await asking.isOverLimit()) return { kind: "rate_limited" };
  const { sale, ticket, caller } = asking;
  const outcome = await journey.claimTurn(sale, { ticket, admission: null, caller });
  switch (outcome.kind) {
    case "admitted": {
      const { token, admission } = outcome;
      return { kind: "admitted", token, admission, byTicket: true };
    }
    case "not_called": {
      const { standing, seatsFull } = outcome;
      return { kind: "waiting", standing, seatsFull, ticket: null };
    }
    case "turn_lapsed":
      // A snapshot may not say so yet.
      return turnPassed(way, stands, false);
    case "ticket_invalid":
    case "ticket_required":
      return asking.joins ? joinAfresh(way, false) : { kind: "not_joined" };
    case "sale_over":
      return { kind: "sale_over" };
    // The sale has begun to tell devices apart this very moment.
    case "device_required":
      return { kind: "booth_unavailable" };
    case "sale_not_found":
    case "room_unavailable":
      return { kind: "room_unavailable" };
  }
}

/**
 * The turn was taken up, or not in time: the room knows. Whoever shows no page is not worth its
 * time; their next page asks.
 */
async function turnPassed(
  way: Way,
  { visit, standing }: Stands,
  counts = true,
): Promise<TurnOutcome> {
  const { journey, asking } = way;
  const { ticket } = visit;
  const lapsed = { ...standing, state: "lapsed", position: null } as const;
  const passed = { kind: "waiting", standing: lapsed, seatsFull: false, ticket: null } as const;
  if (!asking.joins || ticket === null) return passed;
  if (counts && (await asking.isOverLimit())) return { kind: "rate_limited" };
  const { caller } = asking;
  const device = deviceFor(visit.sale, caller);
  const turn = await journey.turnTaken(visit, {
    ticket: ticket.id,
    place: ticket,
    device,
  });
  switch (turn.kind) {
    case "admitted": {
      if (lacksDevice(visit.sale, caller)) return { kind: "booth_unavailable" };
      const { token, admission } = turn;
      return { kind: "admitted", token, admission, byTicket: true };
    }
    case "silent":
    case "sale_not_found":
      return { kind: "room_unavailable" };
    case "open":
    case "over": {
      const wasIn = asking.wasIn || (turn.kind === "over" && turn.used);
      const again = wasIn || asking.rejoins || !visit.seen.snapshot.queueing;
      return again ? joinAfresh(way, false) : passed;
    }
  }
}

async function joinAfresh({ journey, asking }: Way, counts = true): Promise<TurnOutcome> {
  const { sale, pass, proof, caller, isOverLimit } = asking;
  if (counts && (await isOverLimit())) return { kind: "rate_limited" };
  const carried: Carried = { ticket: null, admission: null, caller };
  const wish = { pass, proof, key: null, afresh: false };
  const outcome = await journey.join(sale, carried, wish);
  switch (outcome.kind) {
    case "admitted": {
      const { token, admission } = outcome;
      return { kind: "admitted", token, admission, byTicket: false };
    }
    case "joined":
    case "already_joined": {
      const { standing, ticket } = outcome;
      return { kind: "waiting", standing, seatsFull: false, ticket };
    }
    case "sale_not_open":
      return { kind: "not_open", opensAt_ms: outcome.opensAt_ms };
    case "sale_over":
    case "booth_unavailable":
      return { kind: outcome.kind };
    case "device_required":
      return { kind: "booth_unavailable" };
    case "proof_required":
    case "proof_invalid":
    case "proof_unavailable":
      return { kind: "proof", refused: outcome };
    case "pass_invalid":
      return outcome;
    case "sale_not_found":
    case "room_unavailable":
      return { kind: "room_unavailable" };
  }
}

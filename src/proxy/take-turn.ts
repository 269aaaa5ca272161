/**
 * A shopper at a guarded address who has no admission: takes up their turn if it has come, else
 * joins for them where that is asked for, else answers where they stand. Reads on into
 * `shopper/waiting.ts` and `shopper/join.ts`.
 *
 * Guarantee: nobody gets in unless the room admits them. A place is durable before it is answered;
 * a page that is loaded again with its ticket never joins twice. A ticket whose turn was taken up
 * gives the same admission again, as long as that lasts; after it, it is good for nothing.
 */
import type { Rights } from "../domain/guards/request-cause.ts";
import type { PassRefusal } from "../domain/line/pass-places.ts";
import type { Standing } from "../domain/room/standing.ts";
import { admitsAtOnce, type JoinOutcome } from "../shopper/entry.ts";
import { join, type JoinWish } from "../shopper/join.ts";
import type { ProofRefused } from "../shopper/proof.ts";
import type { ValidAdmission, Visit } from "../shopper/visit.ts";
import type { Write } from "../web/rate-limits.ts";
import { askStanding, claimTurn, turnTaken, type ClaimTurnOutcome } from "../shopper/waiting.ts";

export type TurnOutcome =
  | {
      readonly kind: "admitted";
      readonly admission: ValidAdmission;
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
  /** Without a ticket, and not to be joined. */
  | { readonly kind: "not_joined" }
  /** A seat is free, but it is unknown whether the browser keeps cookies. Nothing was taken. */
  | { readonly kind: "cookie_needed" }
  | { readonly kind: "pass_invalid"; readonly reason: PassRefusal }
  /** Joining needs a proof of being human, and none that is good was brought. */
  | { readonly kind: "proof"; readonly refused: ProofRefused }
  | { readonly kind: "not_open"; readonly opensAt_ms: number }
  | { readonly kind: "sale_over" }
  | { readonly kind: "rate_limited" | "booth_unavailable" | "room_unavailable" }
  | { readonly kind: "network_full" };

export interface Asking {
  /** By the ticket alone, because an admission that is good never comes here. */
  readonly visit: Visit;
  readonly wish: JoinWish;
  /** An admission is over: its turn was used, so a new one is joined for. */
  readonly wasIn: boolean;
  /** What the request may take, by its cause. */
  readonly rights: Rights;
  /** Whether to join again unasked when the turn has passed: an app has no button for it. */
  readonly rejoins: boolean;
  /** Asked once, before anything is changed. */
  readonly isOverLimit: (write: Write) => Promise<boolean>;
}

/** The use cases on the way. The rest of this file only chooses. */
export interface Journey {
  readonly askStanding: typeof askStanding;
  readonly claimTurn: typeof claimTurn;
  readonly turnTaken: typeof turnTaken;
  readonly join: typeof join;
}

const JOURNEY: Journey = { askStanding, claimTurn, turnTaken, join };

export async function takeTurn(asking: Asking, journey = JOURNEY): Promise<TurnOutcome> {
  const asked = await journey.askStanding(asking.visit);
  if (asked.kind !== "standing") return joinAnew(asking, journey);
  const { standing } = asked;
  if (standing.state === "called" && asking.rights.claims) return claim(asking, journey, standing);
  if (standing.state === "lapsed") return turnPassed(asking, journey, standing);
  return { kind: "waiting", standing, seatsFull: false, ticket: null };
}

async function claim(asking: Asking, journey: Journey, standing: Standing): Promise<TurnOutcome> {
  if (await asking.isOverLimit("other")) return { kind: "rate_limited" };
  const outcome = await journey.claimTurn(asking.visit);
  switch (outcome.kind) {
    case "turn_lapsed":
      // A snapshot may not say so yet.
      return turnPassed(asking, journey, standing, false);
    case "ticket_invalid":
    case "ticket_replayed":
    case "ticket_required":
      return joinAnew(asking, journey, false);
    default:
      return turnOutcomeOf(outcome, true);
  }
}

/**
 * The turn was taken up, or not in time: the room knows. A request that shows no page does not ask
 * it; the shopper's next page does.
 */
async function turnPassed(
  asking: Asking,
  journey: Journey,
  standing: Standing,
  counts = true,
): Promise<TurnOutcome> {
  const { ticket, seen } = asking.visit;
  const lapsed = { ...standing, state: "lapsed", position: null } as const;
  const passed = { kind: "waiting", standing: lapsed, seatsFull: false, ticket: null } as const;
  if (!asking.rights.joins || ticket.kind !== "valid") return passed;
  if (counts && (await asking.isOverLimit("other"))) return { kind: "rate_limited" };
  const turn = await journey.turnTaken(asking.visit, ticket.ticket.id, ticket.ticket);
  if (turn.kind !== "open" && turn.kind !== "over") return turnOutcomeOf(turn, true);
  const wasIn = asking.wasIn || (turn.kind === "over" && turn.used);
  const again = wasIn || asking.rejoins || !seen.snapshot.queueing;
  return again ? joinAnew(asking, journey, false) : passed;
}

/** As a new shopper, without the ticket carried. */
async function joinAnew(asking: Asking, journey: Journey, counts = true): Promise<TurnOutcome> {
  const { visit, wish, rights, isOverLimit } = asking;
  if (!rights.joins) return { kind: "not_joined" };
  if (rights.seatNeedsCookie && admitsAtOnce(visit.seen)) return { kind: "cookie_needed" };
  if (counts && (await isOverLimit("join"))) return { kind: "rate_limited" };
  const outcome = await journey.join({ ...visit, ticket: { kind: "none" } }, wish);
  return turnOutcomeOf(outcome, false);
}

type Settled = Exclude<
  JoinOutcome | ClaimTurnOutcome,
  { readonly kind: "turn_lapsed" | "ticket_required" | "ticket_invalid" | "ticket_replayed" }
>;

/** Each outcome of a use case as the guard goes on with it. */
function turnOutcomeOf(outcome: Settled, byTicket: boolean): TurnOutcome {
  switch (outcome.kind) {
    case "admitted": {
      const { token, admission } = outcome;
      return { kind: "admitted", admission: { kind: "valid", token, admission }, byTicket };
    }
    case "joined":
    case "already_joined": {
      const { standing, ticket } = outcome;
      return { kind: "waiting", standing, seatsFull: false, ticket };
    }
    case "not_called": {
      const { standing, seatsFull } = outcome;
      return { kind: "waiting", standing, seatsFull, ticket: null };
    }
    case "sale_not_open":
      return { kind: "not_open", opensAt_ms: outcome.opensAt_ms };
    case "proof_required":
    case "proof_invalid":
    case "proof_unavailable":
      return { kind: "proof", refused: outcome };
    case "pass_invalid":
      return outcome;
    case "sale_over":
    case "network_full":
      return { kind: outcome.kind };
    case "booth_unavailable":
    // The sale has begun to tell devices apart this very moment.
    case "device_required":
      return { kind: "booth_unavailable" };
    case "sale_not_found":
    case "room_unavailable":
      return { kind: "room_unavailable" };
  }
}

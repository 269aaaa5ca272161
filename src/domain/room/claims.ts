/**
 * Who is let in: claims, the direct way when nobody waits, and what became of a turn.
 *
 * Guarantee (P8): nobody is let in without being called; admissions in use, with the seats that
 * unpaid orders keep, never exceed `maxActive`; and a claim repeated with the same ticket gets the
 * same admission.
 */
import {
  admissionIdOf,
  standingAt,
  type AdmissionPlace,
  type AdmissionRecord,
} from "./admission.ts";
import type { CallRules } from "./calls.ts";
import { earnTokens, roomToCall } from "./calls.ts";
import { settlePlaces } from "./odds.ts";
import { batchOf, countClaim, keepTurn } from "./open-calls.ts";
import { isSoldOut, type RoomState } from "./room-state.ts";
import { NEW_SEAT_DEVICES } from "./seat-devices.ts";
import type { Sale } from "../sale/sale.ts";
import { phaseAt } from "../sale/schedule.ts";

export interface Claim {
  readonly ticket: string;
  readonly subject: string;
  readonly lane: string;
  /** Null while the ticket's cohort is still open. */
  readonly rank: number | null;
  /** The ticket's place, which a new admission keeps for the order's receipt. */
  readonly place?: Omit<AdmissionPlace, "rank"> | undefined;
  /** The admission this ticket already has. */
  readonly existing: AdmissionRecord | null;
}

export type ClaimOutcome =
  | { readonly kind: "admitted"; readonly admission: AdmissionRecord; readonly isNew: boolean }
  | { readonly kind: "not_called" }
  /** In time, but every seat is taken: the turn is kept until then at least. */
  | { readonly kind: "seats_full"; readonly keepUntil_ms: number }
  /** Paused or sold out: nobody is let in now, and no window runs. */
  | { readonly kind: "held_up" }
  | { readonly kind: "turn_lapsed" }
  | { readonly kind: "sale_over" };

export interface ClaimDecision {
  readonly room: RoomState;
  readonly outcome: ClaimOutcome;
}

export interface ClaimRules extends CallRules {
  readonly session_ms: number;
}

export function claimRulesOf({ admission, items }: Sale): ClaimRules {
  const { claimWindowSeconds, sessionSeconds, overcall } = admission;
  return {
    claimWindow_ms: claimWindowSeconds * 1000,
    session_ms: sessionSeconds * 1000,
    overcall,
    unlimited: items.length === 0,
  };
}

function issue(
  room: RoomState,
  claim: Claim,
  place: AdmissionRecord["place"],
  rules: ClaimRules,
  now: number,
): ClaimDecision {
  const admission: AdmissionRecord = {
    id: admissionIdOf(claim.ticket),
    ticket: claim.ticket,
    subject: claim.subject,
    lane: claim.lane,
    issuedAt_ms: now,
    expiresAt_ms: Math.min(now + rules.session_ms, room.schedule.endsAt_ms),
    standing: "active",
    ordersDone: 0,
    orderInProgress: null,
    orderBegunAt_ms: null,
    ordersEnded: [],
    place,
    devices: NEW_SEAT_DEVICES,
  };
  const seats = {
    ...room.seats,
    claimed: room.seats.claimed + 1,
    active: room.seats.active + 1,
  };
  return { room: { ...room, seats }, outcome: { kind: "admitted", admission, isNew: true } };
}

/** One ticket has one admission, ever: claimed again, it is the same, or it was used. */
function againWith(existing: AdmissionRecord, now: number): ClaimOutcome {
  if (standingAt(existing, now) !== "active") return { kind: "turn_lapsed" };
  return { kind: "admitted", admission: existing, isNew: false };
}

/**
 * Precedence: the same admission again, turn_lapsed (it was used), sale_over, not_called,
 * turn_lapsed (too late), held_up, seats_full, admitted.
 */
export function claim(
  room: RoomState,
  asked: Claim,
  rules: ClaimRules,
  now: number,
): ClaimDecision {
  const same = (outcome: ClaimOutcome): ClaimDecision => ({ room, outcome });
  const { existing, rank } = asked;
  if (existing !== null) return same(againWith(existing, now));
  const phase = phaseAt(room.schedule, now);
  if (phase === "ended") return same({ kind: "sale_over" });
  const lane = room.lanes.find((item) => item.id === asked.lane);
  if (phase !== "live" || lane === undefined || rank === null || rank >= lane.called) {
    return same({ kind: "not_called" });
  }
  // Not by the clock: a turn lapses for the status and for the claim with the same tick.
  const batch = rank < lane.lapsedBelow ? undefined : batchOf(room, asked.lane, rank);
  if (batch === undefined) return same({ kind: "turn_lapsed" });
  if (room.paused || isSoldOut(room)) return same({ kind: "held_up" });
  if (room.seats.active + room.seats.kept >= room.maxActive) {
    const kept = keepTurn(room, batch, rank, { window_ms: rules.claimWindow_ms, now });
    return { room: kept.room, outcome: { kind: "seats_full", keepUntil_ms: kept.keptUntil_ms } };
  }
  const place = asked.place === undefined ? undefined : { ...asked.place, rank };
  const issued = issue(room, asked, place, rules, now);
  return { ...issued, room: countClaim(issued.room, batch, rank) };
}

export type AdmitNowOutcome = ClaimOutcome | { readonly kind: "queue" };

/** With nobody waiting a shopper needs no ticket; the first refusal turns queueing on. */
export function admitNow(
  room: RoomState,
  asked: Omit<Claim, "rank" | "place">,
  rules: ClaimRules,
  now: number,
): { readonly room: RoomState; readonly outcome: AdmitNowOutcome } {
  const { existing } = asked;
  if (existing !== null) return { room, outcome: againWith(existing, now) };
  if (phaseAt(room.schedule, now) !== "live" || room.queueing) {
    return { room, outcome: { kind: "queue" } };
  }
  const elapsed_ms = Math.max(now - room.tickedAt_ms, 0);
  const earned = { ...earnTokens(room, elapsed_ms), tickedAt_ms: now };
  const { rateTokens } = earned;
  const full = room.paused || rateTokens < 1 || roomToCall(room, rules, now) < 1;
  if (full) {
    const version = room.version + 1;
    return { room: { ...earned, queueing: true, version }, outcome: { kind: "queue" } };
  }
  const spent = { ...earned, rateTokens: rateTokens - 1 };
  return issue(spent, { ...asked, rank: null }, null, rules, now);
}

/** `rank` is also null without a place. */
export type AskedTurn = Pick<Claim, "lane" | "rank" | "existing">;

export type Turn =
  | { readonly kind: "admitted"; readonly admission: AdmissionRecord }
  /** It has not come, or may still be claimed. */
  | { readonly kind: "open" }
  /** `used`: it was claimed, and the admission has ended. */
  | { readonly kind: "over"; readonly used: boolean };

/**
 * What became of a turn, for a shopper with a pass who comes again after being called.
 * `over` is final: from then on no claim with this ticket succeeds. So it follows only from what
 * never shrinks (`lapsedBelow`) and from admissions that ended, never from a claim window that a
 * pause might still extend.
 */
export function turnOf(room: RoomState, asked: AskedTurn, now: number): Turn {
  const { lane: id, rank, existing } = asked;
  if (existing !== null) {
    if (standingAt(existing, now) !== "active") return { kind: "over", used: true };
    return { kind: "admitted", admission: existing };
  }
  if (rank === null) return { kind: "open" };
  const lane = room.lanes.find((item) => item.id === id);
  const lapsed = lane !== undefined && rank < lane.lapsedBelow;
  return lapsed ? { kind: "over", used: false } : { kind: "open" };
}

/**
 * An admission stopped being active; its seat is free from now on.
 * @param took whether it led to an order
 */
export function freeSeat(
  room: RoomState,
  how: "spent" | "left" | "expired",
  took: boolean = how === "spent",
): RoomState {
  const { seats } = room;
  const next = { ...seats, active: seats.active - 1, [how]: seats[how] + 1 };
  const settled = { took: took ? 1 : 0, without: took ? 0 : 1 };
  return { ...room, seats: next, placeOutcomes: settlePlaces(room.placeOutcomes, settled) };
}

/**
 * Who is let in: claims, and the direct way when nobody waits.
 *
 * Guarantee (P8): nobody is let in without being called, admissions in use never exceed
 * `maxActive`, and a claim repeated with the same ticket gets the same admission.
 */
import { standingAt, type AdmissionRecord } from "./admission.ts";
import type { CallRules } from "./room-calls.ts";
import { roomToCall } from "./room-calls.ts";
import { isSoldOut, type RoomState } from "./room.ts";
import { phaseAt } from "./sale.ts";

export interface Claim {
  readonly ticket: string;
  readonly subject: string;
  readonly lane: string;
  /** Null while the ticket's cohort is still open. */
  readonly rank: number | null;
  /** The admission this ticket already has. */
  readonly existing: AdmissionRecord | null;
  /** A turn kept because all seats were taken when it was claimed in time. */
  readonly keptUntil_ms: number | null;
}

export type ClaimOutcome =
  | { readonly kind: "admitted"; readonly admission: AdmissionRecord; readonly isNew: boolean }
  | { readonly kind: "not_called" }
  /** In time, but every seat is taken: the turn is kept until then. */
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

function issue(room: RoomState, claim: Claim, rules: ClaimRules, now: number): ClaimDecision {
  const admission: AdmissionRecord = {
    id: `adm_${claim.ticket}`,
    ticket: claim.ticket,
    subject: claim.subject,
    lane: claim.lane,
    issuedAt_ms: now,
    expiresAt_ms: Math.min(now + rules.session_ms, room.schedule.endsAt_ms),
    standing: "active",
    ordersDone: 0,
    orderInProgress: null,
  };
  const seats = {
    ...room.seats,
    claimed: room.seats.claimed + 1,
    active: room.seats.active + 1,
  };
  return { room: { ...room, seats }, outcome: { kind: "admitted", admission, isNew: true } };
}

/** One ticket has one admission, ever: asked again, it is the same, or it was used. */
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
  const batch = room.calls.find((item) => {
    return item.lane === asked.lane && item.from <= rank && rank < item.to;
  });
  const open = batch !== undefined && now - batch.calledAt_ms < rules.claimWindow_ms;
  const kept = asked.keptUntil_ms !== null && asked.keptUntil_ms > now;
  if (!open && !kept) return same({ kind: "turn_lapsed" });
  if (room.paused || isSoldOut(room)) return same({ kind: "held_up" });
  if (room.seats.active >= room.maxActive) {
    return same({ kind: "seats_full", keepUntil_ms: now + rules.claimWindow_ms });
  }
  const issued = issue(room, asked, rules, now);
  if (batch === undefined) {
    // A kept turn whose window ended was counted as lapsed; it was taken up after all.
    const seats = { ...issued.room.seats, lapsed: issued.room.seats.lapsed - 1 };
    return { ...issued, room: { ...issued.room, seats } };
  }
  const calls = room.calls.map((item) => {
    return item === batch ? { ...item, claimed: item.claimed + 1 } : item;
  });
  return { ...issued, room: { ...issued.room, calls } };
}

export type AdmitNowOutcome = ClaimOutcome | { readonly kind: "queue" };

/** With nobody waiting a shopper needs no ticket; the first refusal turns queueing on. */
export function admitNow(
  room: RoomState,
  asked: Omit<Claim, "rank" | "keptUntil_ms">,
  rules: ClaimRules,
  now: number,
): { readonly room: RoomState; readonly outcome: AdmitNowOutcome } {
  const { existing } = asked;
  if (existing !== null) return { room, outcome: againWith(existing, now) };
  if (phaseAt(room.schedule, now) !== "live" || room.queueing) {
    return { room, outcome: { kind: "queue" } };
  }
  const elapsed_ms = Math.max(now - room.tickedAt_ms, 0);
  const perSecond = room.ratePerMinute / 60;
  const most = Math.max(perSecond * 2, 1);
  const rateTokens = Math.min(room.rateTokens + (perSecond * elapsed_ms) / 1000, most);
  const earned = { ...room, rateTokens, tickedAt_ms: now };
  const full = room.paused || rateTokens < 1 || roomToCall(room, rules, now) < 1;
  if (full) {
    const version = room.version + 1;
    return { room: { ...earned, queueing: true, version }, outcome: { kind: "queue" } };
  }
  const spent = { ...earned, rateTokens: rateTokens - 1 };
  return issue(spent, { ...asked, rank: null, keptUntil_ms: null }, rules, now);
}

/** An admission stopped being active; its seat is free from now on. */
export function freeSeat(room: RoomState, how: "spent" | "left" | "expired"): RoomState {
  const { seats } = room;
  const next = { ...seats, active: seats.active - 1, [how]: seats[how] + 1 };
  return { ...room, seats: next };
}

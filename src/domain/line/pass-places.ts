/**
 * Subjects that join with a merchant's pass: which place each has, and why a pass is refused.
 *
 * Guarantee: a subject has one live place in a sale. A stored place is given again, on every device
 * and after a lost answer; it changes only when its round is over, which the room decides
 * (`turnOf`), and never before the place was called. So nobody can draw again for a better rank.
 * Two requests at once may each be offered a place; the first one stored counts, and the other
 * becomes a rank that nobody claims.
 */
import { digestOf } from "../../encoding/json.ts";
import type { Place } from "./cohort.ts";

/**
 * Why a merchant's pass is not accepted. Stable codes: sent over HTTP, kept in a cookie, explained
 * by the pages.
 */
export const PASS_REFUSALS = [
  "malformed",
  "wrong_type",
  "unknown_key",
  "wrong_algorithm",
  "bad_signature",
  "other_sale",
  "no_expiry",
  "expired",
  "not_yet_valid",
  "unknown_lane",
] as const;

export type PassRefusal = (typeof PASS_REFUSALS)[number];

/** A place in line, and when it was taken. */
export interface PassPlace extends Place {
  readonly joinedAt_ms: number;
}

export interface PassEntry {
  /** Counts the turns of the subject in this sale: 0 is the first. */
  readonly round: number;
  /** Null while no place was needed: a subject admitted at once has none. */
  readonly place: PassPlace | null;
}

export interface PassArrival extends PassEntry {
  /** True for a subject without an entry so far. */
  readonly isNew: boolean;
}

/**
 * The entry of a subject that joins.
 * @param over the round that the room reports as over; null when the room was not called. A round
 *   ends only once, so a repeated call gives up one place and not two.
 */
export function arrive(kept: PassEntry | null, over: number | null): PassArrival {
  if (kept === null) return { round: 0, place: null, isNew: true };
  if (over !== null && over === kept.round) {
    return { round: kept.round + 1, place: null, isNew: false };
  }
  return { ...kept, isNew: false };
}

/** The first place that is offered in a round is the round's place. */
export function keepPlace(kept: PassEntry | null, offered: PassPlace): PassEntry {
  if (kept === null) return { round: 0, place: offered };
  return kept.place === null ? { round: kept.round, place: offered } : kept;
}

/** The prefix differs from that of shoppers without a pass (`sub_`). */
export function passSubjectOf(sub: string): string {
  return `pass:${sub}`;
}

/**
 * The ticket id of a subject's turn. An admission without a ticket uses this id too, so the room,
 * which admits a ticket once, admits a subject's turn once.
 */
export function passTicketIdOf(sale: string, subject: string, round: number): string {
  return `tkt_${digestOf([sale, subject, round]).slice(0, 40)}`;
}

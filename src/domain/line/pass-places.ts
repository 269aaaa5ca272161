/**
 * Subjects that come by a merchant's pass: which place each of them has.
 *
 * Guarantee: a subject has one live place in a sale. A place once kept is told again, on every
 * device and after a lost answer; it changes only when its round is over, which the room alone
 * says (`turn.ts`) and never before the place was called. So nobody draws again for a better lot.
 * Two who ask at once may each be offered a place; the first one kept counts, and the other
 * becomes a rank that nobody claims.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Place } from "./cohort.ts";

/** A place in line, and when it was taken. */
export interface PassPlace extends Place {
  readonly joinedAt_ms: number;
}

export interface PassEntry {
  /** Counts the turns of the subject in this sale: 0 is the first. */
  readonly round: number;
  /** Null while no place was needed: whoever is let in at once has none. */
  readonly place: PassPlace | null;
}

export interface PassArrival extends PassEntry {
  /** Nobody has come with this subject before. */
  readonly isNew: boolean;
}

/**
 * Somebody comes with the subject.
 * @param over the round that the room has called over; null when it was not asked. A round that
 *   has ended already is not ended again, so asking twice gives up one place and not two.
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

/** Never the subject of somebody without a pass: those are random and begin otherwise. */
export function passSubjectOf(sub: string): string {
  return `pass:${sub}`;
}

/**
 * The ticket of a subject's turn. Whoever is let in without a ticket is let in under this id too,
 * so the room, which admits a ticket once, admits a subject's turn once.
 */
export function passTicketIdOf(sale: string, subject: string, round: number): string {
  const named = JSON.stringify([sale, subject, round]);
  return `tkt_${bytesToHex(sha256(utf8ToBytes(named))).slice(0, 40)}`;
}

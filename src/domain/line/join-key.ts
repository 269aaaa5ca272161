/**
 * A join that may be repeated: the client chooses a key, and the same key means the same shopper.
 *
 * Guarantee: the subject, and an admission without a ticket, follow from sale, lane and key alone,
 * so a repeated join reaches the same booth and is admitted once. A ticket's id follows from
 * subject and place: two places are two tickets, so one lost in an answer does not affect another.
 * Not an identity: the client chooses the key, and another key, or none, gets another place.
 */
import { digestOf } from "../../encoding/json.ts";
import type { PlaceInBooth } from "./booth.ts";
import type { Place } from "./cohort.ts";

/** Never the subject of a pass, which begins otherwise. */
export function keyedSubjectOf(sale: string, lane: string, key: string): string {
  return `sub_${digestOf(["join", sale, lane, key]).slice(0, 40)}`;
}

/** The ticket id of a shopper who is admitted at once, without a place. */
export function directTicketIdOf(sale: string, subject: string): string {
  return `tkt_${digestOf(["direct", sale, subject]).slice(0, 40)}`;
}

export function placedTicketIdOf(sale: string, subject: string, place: Place): string {
  const { lane, shard, cohort, index } = place;
  return `tkt_${digestOf(["placed", sale, subject, lane, shard, cohort, index]).slice(0, 40)}`;
}

/** A place as a booth returns it for a join that may be repeated. */
export interface KeptPlace extends PlaceInBooth {
  readonly joinedAt_ms: number;
}

export interface AnsweredPlace extends KeptPlace {
  /** It was given before, to the same subject. */
  readonly again: boolean;
}

export function keptOf({ cohort, index, joinedAt_ms }: KeptPlace): KeptPlace {
  return { cohort, index, joinedAt_ms };
}

export interface SeatingPlan {
  /** So many places are new. */
  readonly fresh: number;
  /** For each join: the place it has already, or which of the new ones it gets. */
  readonly slots: readonly (KeptPlace | number)[];
}

/**
 * Who of those that ask together gets a new place; the same subject twice gets one.
 * @param known the place a subject was given before
 */
export function planSeating(
  subjects: readonly string[],
  known: (subject: string) => KeptPlace | undefined,
): SeatingPlan {
  const firsts = new Map<string, number>();
  let fresh = 0;
  const slots = subjects.map((subject) => {
    const slot = known(subject) ?? firsts.get(subject);
    if (slot !== undefined) return slot;
    firsts.set(subject, fresh);
    fresh += 1;
    return fresh - 1;
  });
  return { fresh, slots };
}

/** The answers to a plan. @param first of the new places; null when there are none */
export function seatAll(
  { slots }: SeatingPlan,
  first: PlaceInBooth | null,
  now: number,
): AnsweredPlace[] {
  const taken = new Set<number>();
  return slots.map((slot) => {
    if (typeof slot !== "number") return { ...slot, again: true };
    if (first === null) throw new RangeError("a plan with new places needs the first of them");
    const again = taken.has(slot);
    taken.add(slot);
    return { cohort: first.cohort, index: first.index + slot, joinedAt_ms: now, again };
  });
}

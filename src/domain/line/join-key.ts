/**
 * Repeatable joins: the client chooses a key for its join, and the same key means the same shopper.
 *
 * Guarantee: the subject, and the ticket id of an admission without a place, follow from sale, lane
 * and key alone, so a repeated join reaches the same booth and is admitted once. A ticket's id
 * follows from subject and place: two places are two tickets, so a ticket whose answer was lost
 * cannot make a later one invalid. A client's key is bound to the client: with the same key
 * somebody else is another shopper. Not a proof of identity: the client chooses the key, and
 * another key, or none, gets another place.
 */
import { digestOf } from "../../encoding/json.ts";
import type { PlaceInBooth } from "./booth.ts";
import type { Place } from "./cohort.ts";

/** What a client's key is bound to; each part is null where it does not count. */
export interface KeyHolder {
  /** The `kid` of a shop's server. */
  readonly server: string | null;
  /** The device that sent it. */
  readonly device: string | null;
  /** Of a client that is neither: its network, and the software that it names. */
  readonly network: string | null;
  readonly userAgent: string | null;
}

/**
 * The prefix differs from those of passes (`pass:`) and proofs (`proof:`).
 * @param holder null for a browser, whose key is a cookie that no page can read
 */
export function keyedSubjectOf(
  sale: string,
  lane: string,
  key: string,
  holder: KeyHolder | null,
): string {
  const joined = ["join", sale, lane, key];
  if (holder === null) return `sub_${digestOf(joined).slice(0, 40)}`;
  const { server, device, network, userAgent } = holder;
  return `sub_${digestOf([...joined, server, device, network, userAgent]).slice(0, 40)}`;
}

/** The ticket id of a shopper who is admitted at once, without a place. */
export function directTicketIdOf(sale: string, subject: string): string {
  return `tkt_${digestOf(["direct", sale, subject]).slice(0, 40)}`;
}

export function placedTicketIdOf(sale: string, subject: string, place: Place): string {
  const { lane, shard, cohort, index } = place;
  return `tkt_${digestOf(["placed", sale, subject, lane, shard, cohort, index]).slice(0, 40)}`;
}

/** A place that a booth remembers, so that a repeated join gets it again. */
export interface KeptPlace extends PlaceInBooth {
  readonly joinedAt_ms: number;
}

export interface AnsweredPlace extends KeptPlace {
  /** True when the same subject was given this place before. */
  readonly again: boolean;
}

export function keptOf({ cohort, index, joinedAt_ms }: KeptPlace): KeptPlace {
  return { cohort, index, joinedAt_ms };
}

export interface SeatingPlan {
  /** How many new places the plan needs. */
  readonly fresh: number;
  /** For each subject: the place it has, or the number of its new place, from 0. */
  readonly slots: readonly (KeptPlace | number)[];
}

/**
 * Plans a batch of joins: which subjects need a new place. A subject that occurs twice gets one.
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

/**
 * The places of a plan, in the order of its subjects.
 * @param first the first new place; null when the plan needs none
 */
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

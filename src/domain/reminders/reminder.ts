/**
 * Reminders: the e-mail addresses that waiting shoppers leave, to be told when their turn comes.
 *
 * Guarantee: a reminder belongs to one ticket, and a ticket has at most one. It is due while its
 * turn can be claimed, as a status would say (`standing.ts`), and never before or after. Pure.
 */
import { digestOf } from "../../encoding/json.ts";
import { boothFor } from "../line/booth.ts";
import type { Place } from "../line/cohort.ts";
import {
  REMINDER_CHECK_MS,
  REMINDER_IDLE_CHECK_MS,
  REMINDER_PREQUEUE_CHECK_MS,
  TURN_REMINDER_SHARDS,
} from "../limits.ts";
import { networkOf } from "../network.ts";
import type { RoomSnapshot } from "../room/snapshot.ts";
import { laneIn, type ShopperState } from "../room/standing.ts";

export interface Reminder {
  /** `jti` of the ticket. */
  readonly ticket: string;
  readonly place: Place;
  /** Null until the place's cohort has closed. */
  readonly rank: number | null;
  /** As its owner wrote it, valid. */
  readonly email: string;
  /** Scheme and host of the gate where it was left. */
  readonly origin: string;
  /** The secret of the link that withdraws it. */
  readonly key: string;
  /** When the mail was handed to the queue; null while the shopper waits. */
  readonly handedAt_ms: number | null;
  /** When the turn was first seen as called; null before. */
  readonly calledAt_ms: number | null;
  readonly createdAt_ms: number;
}

/** Names whose shard is always the same: a ticket's id, or the digest of a network. */
export function reminderShard(name: string): number {
  return boothFor(name, TURN_REMINDER_SHARDS);
}

/** A digest of the sale and the network of an address. */
export function reminderNetworkOf(sale: string, address: string): string {
  return digestOf([sale, networkOf(address)]).slice(0, 32);
}

/** `a…@shoppers.example`: enough to recognise one's own address, too little to read another's. */
export function maskedEmail(email: string): string {
  const at = email.lastIndexOf("@");
  const [first = ""] = email.slice(0, at);
  return `${first}…${email.slice(at)}`;
}

/** Whether a shopper in this state can still leave an address. */
export function mayRemind(state: ShopperState, rank: number | null, called: number): boolean {
  if (state === "prequeue" || state === "queued") return true;
  // Of a turn that is called, a pause only delays the claim.
  return (state === "paused" || state === "sold_out") && (rank === null || rank >= called);
}

/** Which ranks of each lane are called, and whether they can come in now. */
export interface OpenTurns {
  readonly isOver: boolean;
  /** False while the sale is paused or sold out: claim windows do not run, and nobody gets in. */
  readonly canEnter: boolean;
  readonly lanes: readonly {
    readonly lane: string;
    readonly closed: number;
    readonly lapsedBelow: number;
    readonly called: number;
  }[];
}

export function openTurns({ phase, paused, soldOut, lanes }: RoomSnapshot): OpenTurns {
  return {
    isOver: phase === "ended",
    canEnter: phase === "live" && !paused && !soldOut,
    lanes: Object.entries(lanes).map(([lane, { closed, lapsedBelow, called }]) => {
      return { lane, closed, lapsedBelow, called };
    }),
  };
}

export type Turn =
  /** It has not come, or nobody gets in at the moment. */
  | "waits"
  /** It can be claimed now. */
  | "open"
  /** It has lapsed, or the sale is over. */
  | "over";

export function turnAt({ place, rank }: Reminder, snapshot: RoomSnapshot): Turn {
  const { isOver, canEnter } = openTurns(snapshot);
  if (isOver) return "over";
  const lane = laneIn(snapshot, place.lane);
  if (lane === null || rank === null || snapshot.phase !== "live") return "waits";
  if (rank < lane.lapsedBelow) return "over";
  return canEnter && rank < lane.called ? "open" : "waits";
}

export interface Kept {
  readonly reminders: number;
  readonly networks: number;
  /** The check stopped at a limit, so another must follow at once. */
  readonly hasMore: boolean;
}

/** When an object must look at the room again; null: it has nothing to do. */
export function nextCheck_ms(
  snapshot: Pick<RoomSnapshot, "phase" | "schedule"> | null,
  { reminders, networks, hasMore }: Kept,
  now: number,
): number | null {
  if (reminders + networks === 0) return null;
  if (snapshot === null) return now + REMINDER_CHECK_MS;
  if (hasMore) return now + 1;
  const { phase, schedule } = snapshot;
  if (reminders === 0) {
    const end_ms = Math.max(schedule.endsAt_ms, now + REMINDER_CHECK_MS);
    return Math.min(end_ms, now + REMINDER_IDLE_CHECK_MS);
  }
  if (phase === "live") return now + REMINDER_CHECK_MS;
  const start_ms = Math.max(schedule.startsAt_ms, now + REMINDER_CHECK_MS);
  // A merchant may start the sale early, and nobody tells this object.
  return Math.min(start_ms, now + REMINDER_PREQUEUE_CHECK_MS);
}

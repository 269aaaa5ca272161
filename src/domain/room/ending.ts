/**
 * The end of a sale, and what follows from it: the secret of the draw is revealed, and then the end
 * is final.
 *
 *   end ── grace: the end can be undone, the secret is still secret ──► revealed: ended for ever
 *
 * Guarantee (P12): a secret that was revealed decides no cohort. Until it is revealed nobody knows
 * it, so a sale that goes on within the grace is as fair as before. The grace counts from the end,
 * or from the change that set it, so a document with times in the past has a grace as well.
 */
import type { RevisionRefused, Sale } from "../sale/sale.ts";
import { phaseAt, scheduleOf, type Schedule } from "../sale/schedule.ts";
import { SECRET_REVEALED_AFTER_DEFAULT_S } from "../limits.ts";
import { holdCalls } from "./open-calls.ts";
import type { RoomState } from "./room-state.ts";

type Moment = keyof Schedule;

const TIMES = ["opensAt", "startsAt", "endsAt"] as const satisfies readonly (keyof Sale)[];

/** When the secret is due, as things are now: after the planned end, too. */
export function revealsAt_ms({ schedule, ending }: RoomState, sale: Sale): number {
  const grace_s = sale.fairness?.revealAfterSeconds ?? SECRET_REVEALED_AFTER_DEFAULT_S;
  return Math.max(schedule.endsAt_ms, ending?.setAt_ms ?? 0) + grace_s * 1000;
}

export function secretIsDue(room: RoomState, sale: Sale, now: number): boolean {
  return phaseAt(room.schedule, now) === "ended" && now >= revealsAt_ms(room, sale);
}

/** Whether the room stays as it is: its secret was revealed. */
export function isFinal(revealed: { readonly at_ms: number } | null): boolean {
  return revealed !== null;
}

/** The times that a document may not change any more. */
export function timesRefused(before: Sale, after: Sale, revealedAt_ms: number): RevisionRefused[] {
  const revealedAt = new Date(revealedAt_ms).toISOString();
  const message =
    `is fixed: the sale has ended, and the secret of its draw was revealed at ${revealedAt}; ` +
    "send the same times as before, or create another sale with another id";
  return TIMES.filter((name) => Date.parse(after[name]) !== Date.parse(before[name])).map(
    (name) => ({ path: [name], message }),
  );
}

/** A merchant ends the sale now. */
export function endNow(room: RoomState, now: number): Pick<RoomState, "schedule" | "ending"> {
  const { schedule } = room;
  return {
    schedule: {
      opensAt_ms: Math.min(schedule.opensAt_ms, now),
      startsAt_ms: Math.min(schedule.startsAt_ms, now),
      endsAt_ms: now,
    },
    ending: { setAt_ms: now, undo: schedule },
  };
}

/** Takes a merchant's end back; null when the sale ended by its `endsAt`, or would have since. */
export function reopened(room: RoomState, now: number): RoomState | null {
  const undo = room.ending?.undo ?? null;
  if (undo === null || undo.endsAt_ms <= now) return null;
  return goOn(room, { schedule: undo, ending: { setAt_ms: now, undo: null } }, now);
}

/**
 * The schedule follows the times that a new document changes; others stay as a merchant's action
 * has set them. A later `endsAt` takes back an end by action, with what that had changed.
 */
export function movedTimes(room: RoomState, before: Sale, sale: Sale, now: number): RoomState {
  const planned = scheduleOf(sale);
  const earlier = scheduleOf(before);
  const move = (schedule: Schedule): Schedule => {
    const at = (name: Moment): number => {
      return planned[name] === earlier[name] ? schedule[name] : planned[name];
    };
    return {
      opensAt_ms: at("opensAt_ms"),
      startsAt_ms: at("startsAt_ms"),
      endsAt_ms: at("endsAt_ms"),
    };
  };
  const undo = room.ending?.undo ?? null;
  if (planned.endsAt_ms !== earlier.endsAt_ms) {
    const schedule = move(undo ?? room.schedule);
    return goOn(room, { schedule, ending: { setAt_ms: now, undo: null } }, now);
  }
  if (undo === null || room.ending === undefined) {
    return { ...room, schedule: move(room.schedule) };
  }
  return { ...room, ending: { ...room.ending, undo: move(undo) } };
}

/** Nobody could come in while the sale was over, so no claim window has run. */
function goOn(
  room: RoomState,
  { schedule, ending }: Pick<RoomState, "schedule" | "ending">,
  now: number,
): RoomState {
  const wasOver = phaseAt(room.schedule, now) === "ended" && phaseAt(schedule, now) !== "ended";
  const held = wasOver ? holdCalls(room, now - room.schedule.endsAt_ms) : room;
  return { ...held, schedule, ending };
}

/**
 * A room as another release left it, which reveals at the end and may go on with a revealed secret.
 * @param revealedAt_ms null: this release did not reveal its secret
 * @returns the room as it may go on, and when its secret was revealed at the earliest
 */
export function adopted(
  room: RoomState,
  revealedAt_ms: number | null,
  now: number,
): { readonly room: RoomState; readonly revealedAt_ms: number | null } {
  const { schedule } = room;
  if (revealedAt_ms !== null && schedule.endsAt_ms > revealedAt_ms) {
    return { room: { ...room, ...endNow(room, revealedAt_ms) }, revealedAt_ms };
  }
  if (room.ending !== undefined) return { room, revealedAt_ms };
  const known = { ...room, ending: { setAt_ms: now, undo: null } };
  const isOver = phaseAt(schedule, now) === "ended";
  return { room: known, revealedAt_ms: revealedAt_ms ?? (isOver ? schedule.endsAt_ms : null) };
}

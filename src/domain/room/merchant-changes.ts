/**
 * What a merchant changes in a room: its document, and its phase by an action.
 *
 * Guarantee: repeating a change that has taken effect changes nothing but the version. Lanes are
 * never taken away. Not for whether the end of the sale is final: callers ask `ending.ts` first.
 */
import type { Sale } from "../sale/sale.ts";
import { phaseAt, type Phase } from "../sale/schedule.ts";
import { endNow, movedTimes, reopened } from "./ending.ts";
import { newLane, type RoomState } from "./room-state.ts";

/** A changed document: times, rate, seats and lane weights follow; lanes are never taken away. */
export function reviseRoom(room: RoomState, before: Sale, sale: Sale, now: number): RoomState {
  const lanes = room.lanes.map((lane) => {
    const weight = sale.lanes.find((item) => item.id === lane.id)?.weight ?? lane.weight;
    return { ...lane, weight };
  });
  const known = new Set(lanes.map((lane) => lane.id));
  const added = sale.lanes.filter((lane) => !known.has(lane.id));
  const { ratePerMinute, maxActive } = sale.admission;
  return {
    ...movedTimes(room, before, sale, now),
    wasOpen: wasOpen(room, now),
    ratePerMinute:
      ratePerMinute === before.admission.ratePerMinute ? room.ratePerMinute : ratePerMinute,
    maxActive: maxActive === before.admission.maxActive ? room.maxActive : maxActive,
    lanes: [...lanes, ...added.map((lane) => newLane(lane.id, lane.weight))],
    version: room.version + 1,
  };
}

/**
 * Whether shoppers may have joined. To be scheduled again a sale needs a document with other times,
 * which is remembered.
 */
export function wasOpen(room: RoomState, now: number): boolean {
  return room.wasOpen || phaseAt(room.schedule, now) !== "scheduled";
}

export type RoomAction = "open" | "start" | "pause" | "resume" | "end" | "reopen";

export type ActionOutcome =
  | { readonly kind: "done"; readonly room: RoomState }
  | { readonly kind: "not_possible"; readonly phase: Phase; readonly paused: boolean };

/** A merchant moves the phase. Repeating an action that has taken effect changes nothing. */
export function actOn(room: RoomState, action: RoomAction, now: number): ActionOutcome {
  const phase = phaseAt(room.schedule, now);
  const { schedule } = room;
  const done = (change: Partial<RoomState>): ActionOutcome => {
    return { kind: "done", room: { ...room, ...change, version: room.version + 1 } };
  };
  const refused: ActionOutcome = { kind: "not_possible", phase, paused: room.paused };
  if (phase === "ended") {
    if (action === "end") return done({});
    const again = action === "reopen" ? reopened(room, now) : null;
    return again === null ? refused : done(again);
  }
  switch (action) {
    case "open":
      return phase === "scheduled"
        ? done({ schedule: { ...schedule, opensAt_ms: now } })
        : done({});
    case "start": {
      if (phase === "live") return done({});
      const opensAt_ms = Math.min(schedule.opensAt_ms, now);
      return done({ schedule: { ...schedule, opensAt_ms, startsAt_ms: now } });
    }
    case "pause":
      return done({ paused: true });
    case "resume":
      return done({ paused: false });
    case "end":
      return done(endNow(room, now));
    case "reopen":
      return done({});
  }
}

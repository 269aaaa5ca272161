/**
 * A device takes up an admission that its ticket has: the seat's devices, the room's numbers and
 * its counters change together.
 */
import type { AdmissionRecord } from "./admission.ts";
import type { RoomState } from "./room-state.ts";
import { takeUp, type SeatDevices, type SeatUse } from "./seat-devices.ts";

export interface SeatUsed {
  readonly room: RoomState;
  readonly admission: AdmissionRecord;
  readonly outcome: "used" | "too_many_devices";
}

/** @param limit see `takeUp` */
export function useSeat(
  room: RoomState,
  admission: AdmissionRecord,
  use: SeatUse,
  limit: number | null,
): SeatUsed {
  const before = admission.devices;
  // An admission of an earlier release has no numbers, and its tokens name none.
  if (before === undefined) return { room, admission, outcome: "used" };
  const { devices, outcome } = takeUp(before, use, limit, room.tokensNumbered);
  const answered = outcome === "too_many_devices" ? outcome : "used";
  if (devices === before) return { room, admission, outcome: answered };
  const moves = devices.ended.length - before.ended.length;
  const next: RoomState = {
    ...room,
    seats: counted(room.seats, before, devices, moves),
    tokensNumbered: room.tokensNumbered + (outcome === "new_token" ? 1 : 0),
    // A number that is new needs no new version: gates take it for one that is in force.
    version: room.version + (moves > 0 ? 1 : 0),
  };
  return { room: next, admission: { ...admission, devices }, outcome: answered };
}

function counted(
  seats: RoomState["seats"],
  { seen: before }: SeatDevices,
  { seen }: SeatDevices,
  moves: number,
): RoomState["seats"] {
  const isShared = before.length < 2 && seen.length >= 2;
  return {
    ...seats,
    shared: seats.shared + (isShared ? 1 : 0),
    mostDevices: Math.max(seats.mostDevices, seen.length),
    moves: seats.moves + moves,
  };
}

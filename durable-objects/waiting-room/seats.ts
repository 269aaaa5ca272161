/**
 * How a room gives a seat to a device, and takes it back: the admission, its devices and the room's
 * counters are one write.
 */
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import type { AdmitNowOutcome } from "../../src/domain/room/claims.ts";
import { revoke } from "../../src/domain/room/revoked.ts";
import type { RoomState } from "../../src/domain/room/room-state.ts";
import type { SeatUse } from "../../src/domain/room/seat-devices.ts";
import { seatDevicesOf } from "../../src/domain/sale/device-binding.ts";
import type { RoomRules } from "./ports.ts";
import type { RoomStore } from "./room-store.ts";

interface Asked {
  readonly use: SeatUse;
  readonly now: number;
}

type TurnLapsed = { readonly kind: "turn_lapsed" };
const TURN_LAPSED: TurnLapsed = { kind: "turn_lapsed" };

/** A seat that has moved to too many devices is over for any further one. */
export function settle<Outcome extends AdmitNowOutcome>(
  store: RoomStore,
  rules: RoomRules,
  { room, outcome }: { readonly room: RoomState; readonly outcome: Outcome },
  asked: Asked,
): Outcome | TurnLapsed {
  if (outcome.kind !== "admitted") {
    store.save(room, asked.now);
    return outcome;
  }
  const used = takeSeat(store, rules, { room, admission: outcome.admission }, asked);
  return used === null ? TURN_LAPSED : { ...outcome, admission: used };
}

/** The admission with the device that takes it up; null when it is one too many. */
export function takeSeat(
  store: RoomStore,
  rules: RoomRules,
  { room, admission }: { readonly room: RoomState; readonly admission: AdmissionRecord },
  { use, now }: Asked,
): AdmissionRecord | null {
  const limit = seatDevicesOf(store.foundation.sale.replay);
  const used = rules.useSeat(room, admission, use, limit);
  const isStored = store.admissionOf(admission.ticket) === used.admission;
  if (!isStored) store.write({ admission: used.admission, room: used.room }, now);
  return used.outcome === "used" ? used.admission : null;
}

interface Ending {
  readonly how: "spent" | "left" | "expired";
  readonly now: number;
}

/** An admission ends: its record and the seat count change together. */
export function endSeat(
  store: RoomStore,
  rules: RoomRules,
  admission: AdmissionRecord,
  { how, now }: Ending,
): void {
  const took = admission.ordersDone > 0 || admission.orderInProgress !== null;
  const room = rules.freeSeat(store.room, how, took);
  // An expired token opens nothing. Any other is over for gates from the next snapshot on: its
  // number is no longer in force, or without a number its id is named.
  const isTold = how !== "expired" && store.foundation.sale.guards.length > 0;
  const isNamed = isTold && admission.devices === undefined;
  const revoked = isNamed ? revoke(room.revoked, admission, now) : room.revoked;
  const version = isTold ? room.version + 1 : room.version;
  store.write({ admission, room: { ...room, revoked, version } }, now);
}

export function expireSeats(store: RoomStore, rules: RoomRules, now: number): void {
  for (const admission of store.expired(now)) {
    endSeat(store, rules, { ...admission, standing: "expired" }, { how: "expired", now });
  }
}

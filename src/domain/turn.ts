/**
 * What has become of a turn: asked when somebody with a pass comes again after being called.
 *
 * Guarantee: `over` is final: from then on no claim with this ticket succeeds. It is judged by
 * what only grows (`lapsedBelow`) and by what is over for good, never by a window that a pause
 * might still stretch.
 */
import { standingAt, type AdmissionRecord } from "./room/admission.ts";
import type { RoomState } from "./room/room-state.ts";

export interface AskedTurn {
  readonly lane: string;
  /** Null without a place, or while its cohort is open. */
  readonly rank: number | null;
  readonly existing: AdmissionRecord | null;
}

export type Turn =
  | { readonly kind: "admitted"; readonly admission: AdmissionRecord }
  /** It has not come, or may still be taken up. */
  | { readonly kind: "open" }
  /** `used`: it was taken up, and the time in the shop is over. */
  | { readonly kind: "over"; readonly used: boolean };

export function turnOf(room: RoomState, asked: AskedTurn, now: number): Turn {
  const { lane: id, rank, existing } = asked;
  if (existing !== null) {
    if (standingAt(existing, now) !== "active") return { kind: "over", used: true };
    return { kind: "admitted", admission: existing };
  }
  if (rank === null) return { kind: "open" };
  const lane = room.lanes.find((item) => item.id === id);
  const lapsed = lane !== undefined && rank < lane.lapsedBelow;
  return lapsed ? { kind: "over", used: false } : { kind: "open" };
}

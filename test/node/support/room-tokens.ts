/**
 * The signed admissions that shoppers and those who copied them carry, beside the room's records. A
 * gate goes by the token and by the room's snapshot alone, see `src/proxy/guard.ts`.
 *
 * Guarantee: after each step a token that a gate lets through has a seat, and one that has lost
 * its seat never gets through again. Clocks count forwards: what was over once stays over.
 */
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import { standingAt, type AdmissionRecord } from "../../../src/domain/room/admission.ts";
import { ADMISSION_LIFE_MAX_MS } from "../../../src/domain/limits.ts";
import { tokenNumberOf } from "../../../src/domain/room/seat-devices.ts";
import type { RoomSnapshot } from "../../../src/domain/room/snapshot.ts";
import { tokenStandingIn } from "../../../src/domain/room/token-standing.ts";

/** What an extension was answered, and the admission as it is kept since. */
export interface Extended {
  readonly outcome: ReturnType<RoomCore["extend"]>;
  readonly after: AdmissionRecord | undefined;
}

export class RoomTokens {
  /** By admission: when the token that lasts longest is over. */
  readonly #until_ms = new Map<string, number>();
  readonly #over = new Set<string>();

  /** A token that a room has just signed: a later one of an extended seat is not the one before. */
  sign({ id, expiresAt_ms }: AdmissionRecord): void {
    this.#over.delete(id);
    this.#until_ms.set(id, Math.max(expiresAt_ms, this.#until_ms.get(id) ?? 0));
  }

  check(admissions: Iterable<AdmissionRecord>, snapshot: RoomSnapshot, latest_ms: number): void {
    for (const admission of admissions) {
      const { id, devices } = admission;
      const inTime = (this.#until_ms.get(id) ?? 0) > latest_ms;
      const seated = standingAt(admission, latest_ms) === "active";
      const number = tokenNumberOf(devices, null);
      if (number === null) throw new Error("a token without a number");
      const isOver = tokenStandingIn(snapshot, { id, number }) !== "in_force";
      if (seated && (!inTime || isOver)) throw new Error("a seat without a token");
      if (!inTime || isOver) {
        this.#over.add(id);
        continue;
      }
      if (!seated) throw new Error(`let through, and the seat is ${admission.standing}`);
      if (this.#over.has(id)) throw new Error("a token that was over is let through again");
    }
  }
}

/** @throws when an admission was extended by more or by less than was asked and is allowed */
export function checkExtended(
  before: AdmissionRecord,
  { outcome, after }: Extended,
  asked: { readonly seconds: number; readonly endsAt_ms: number },
  now: number,
): void {
  if (standingAt(before, now) !== "active") {
    if (outcome.kind !== "not_active" || after !== before) throw new Error("came back to life");
    return;
  }
  if (outcome.kind !== "extended") throw new Error("an active admission is not extended");
  if (outcome.admission !== after) throw new Error("another admission is answered than is kept");
  const { expiresAt_ms, ...rest } = after;
  const { expiresAt_ms: before_ms, ...same } = before;
  if (JSON.stringify(rest) !== JSON.stringify(same)) throw new Error("more than the end changed");
  if (expiresAt_ms < before_ms) throw new Error("extended to less");
  const wanted_ms = Math.max(before_ms, now + asked.seconds * 1000);
  const latest_ms = Math.min(before.issuedAt_ms + ADMISSION_LIFE_MAX_MS, asked.endsAt_ms);
  if (expiresAt_ms > Math.min(wanted_ms, latest_ms)) throw new Error("extended beyond its limits");
  if (expiresAt_ms < Math.min(wanted_ms, latest_ms)) throw new Error("extended by too little");
}

/**
 * The state of one waiting room: in memory, and in its rows.
 *
 * Guarantee: memory and rows change together. Everything is written by one method, rows first, as
 * one transaction (the contract of `RoomRows`); memory follows when they have taken the change. So
 * an instance never knows more than what is stored, and after a crash the next one knows the same.
 * Not for deciding: the rules do (`src/domain/room`), called by `RoomCore`.
 */
import {
  commitmentOf,
  placesIn,
  seedOf,
  type CohortManifest,
} from "../../src/domain/line/cohort.ts";
import { standingAt, type AdmissionRecord } from "../../src/domain/room/admission.ts";
import { Backlog, ORDERS_THAT_TELL } from "../../src/domain/room/backlog.ts";
import { closeCohortInRoom } from "../../src/domain/room/calls.ts";
import { claimRulesOf, type ClaimRules } from "../../src/domain/room/claims.ts";
import {
  factsOf,
  tell,
  tellFounding,
  tellNothingYet,
  type SaleFacts,
  type Telling,
  type Told,
} from "../../src/domain/room/events.ts";
import type { RoomState } from "../../src/domain/room/room-state.ts";
import { snapshotOf, type RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import type { Foundation, RoomChange, RoomRows } from "./ports.ts";

/** What the merchant sees of the room. */
export type RoomMetrics = ReturnType<RoomStore["metrics"]>;

/** An admission's id is made from its ticket's, see `claims.ts`. */
function ticketOf(admissionId: string): string {
  return admissionId.replace(/^adm_/, "");
}

export class RoomStore {
  readonly #rows: RoomRows;
  #foundation: Foundation;
  #room: RoomState;
  /** The facts of the last event; null while the room is being created. */
  #told: Told | null;
  /** Seats in use, by ticket: bounded by `maxActive`. */
  readonly #active = new Map<string, AdmissionRecord>();
  /** No admission expires before this; so a claim need not look at every seat. */
  #nextExpiry_ms = 0;
  /** Also of admissions that ended: their orders continue. */
  readonly #backlog = new Backlog();

  private constructor(rows: RoomRows, foundation: Foundation, room: RoomState, told: Told | null) {
    this.#rows = rows;
    this.#foundation = foundation;
    this.#room = room;
    this.#told = told;
    for (const admission of rows.activeAdmissions()) this.#active.set(admission.ticket, admission);
    for (const admission of rows.backlog(ORDERS_THAT_TELL)) this.#backlog.note(admission);
  }

  /** Null when the room was never created. One from before there were events starts them now. */
  static load(rows: RoomRows, now: number): RoomStore | null {
    const foundation = rows.foundation();
    const room = rows.state();
    if (foundation === null || room === null) return null;
    const facts = factsOf(room, foundation.sale, foundation.revision, now);
    return new RoomStore(rows, foundation, room, rows.told() ?? tellNothingYet(facts, now));
  }

  static create(rows: RoomRows, foundation: Foundation, room: RoomState, now: number): RoomStore {
    const store = new RoomStore(rows, foundation, room, null);
    store.write({ foundation, room }, now);
    return store;
  }

  get foundation(): Foundation {
    return this.#foundation;
  }

  get room(): RoomState {
    return this.#room;
  }

  get rules(): ClaimRules {
    return claimRulesOf(this.#foundation.sale);
  }

  #facts(now: number, room = this.#room, { sale, revision } = this.#foundation): SaleFacts {
    return factsOf(room, sale, revision, now);
  }

  /** The one place that writes: all of a change and the events it brings, or none of it. */
  write(change: RoomChange, now: number): void {
    const { foundation = this.#foundation, room = this.#room, admission } = change;
    const after = this.#facts(now, room, foundation);
    const telling = change.room === undefined ? null : this.#tellingOf(after, now);
    this.#rows.write({ ...change, telling });
    if (telling !== null) this.#told = telling.told;
    this.#foundation = foundation;
    this.#room = room;
    if (admission !== undefined) this.#remember(admission);
  }

  #tellingOf(after: SaleFacts, now: number): Telling | null {
    const told = this.#told;
    const telling =
      told === null ? tellFounding(after, now) : tell(told, this.#facts(now), after, now);
    return telling.events.length > 0 ? telling : null;
  }

  /** The document changed, and with it the room. */
  revise(foundation: Foundation, room: RoomState, now: number): void {
    this.write({ foundation, room }, now);
  }

  save(room: RoomState, now: number): void {
    if (room !== this.#room) this.write({ room }, now);
  }

  #remember(admission: AdmissionRecord): void {
    this.#backlog.note(admission);
    if (admission.standing === "active") {
      this.#active.set(admission.ticket, admission);
      this.#nextExpiry_ms = Math.min(this.#nextExpiry_ms, admission.expiresAt_ms);
    } else this.#active.delete(admission.ticket);
  }

  snapshot(now: number): RoomSnapshot {
    const { sale, booths, revision, secret } = this.#foundation;
    const commitment = commitmentOf(secret);
    return snapshotOf(this.#room, sale, { booths, commitment, revision }, now);
  }

  metrics(now: number) {
    const { sale, revision, secret } = this.#foundation;
    const { lanes, seats, ratePerMinute, maxActive } = this.#room;
    const snapshot = this.snapshot(now);
    return {
      kind: "metrics",
      sale,
      revision,
      commitment: snapshot.commitment,
      /** Hidden until the sale has ended, because the draw follows from it. */
      secret: snapshot.phase === "ended" ? secret : null,
      snapshot,
      seats,
      /** Places in closed cohorts of all lanes, and how many of them were called. */
      tickets: lanes.reduce((sum, lane) => sum + lane.places, 0),
      called: lanes.reduce((sum, lane) => sum + lane.called, 0),
      ratePerMinute,
      maxActive,
    } as const;
  }

  manifest(lane: string, k: number): CohortManifest | null {
    return this.#rows.manifest(this.#foundation.sale.id, lane, k);
  }

  /** A cohort that all booths have counted; a second count of the same cohort changes nothing. */
  addCohort(lane: string, k: number, counts: readonly number[], now: number): void {
    const { sale, secret } = this.#foundation;
    const state = this.#room.lanes.find((item) => item.id === lane);
    if (state?.closed !== k) return;
    const seed = seedOf(secret, sale.id, lane, k);
    const manifest = { sale: sale.id, lane, k, base: state.places, counts, seed };
    const room = closeCohortInRoom(this.#room, { lane, k, places: placesIn(counts) });
    this.write({ manifest, room }, now);
  }

  admissionOf(ticket: string): AdmissionRecord | null {
    return this.#active.get(ticket) ?? this.#rows.admission(ticket);
  }

  admission(admissionId: string): AdmissionRecord | null {
    return this.admissionOf(ticketOf(admissionId));
  }

  /** The median age of the orders in progress, ms; null when too few count. */
  backlogAge_ms(now: number): number | null {
    return this.#backlog.age_ms(now);
  }

  /** Admissions whose time is over and that still count as active. */
  expired(now: number): AdmissionRecord[] {
    if (now < this.#nextExpiry_ms) return [];
    const active = [...this.#active.values()];
    // Those that are expired count until their end is written: then the next call looks again.
    this.#nextExpiry_ms = active.reduce(
      (next_ms, { expiresAt_ms }) => Math.min(next_ms, expiresAt_ms),
      Number.POSITIVE_INFINITY,
    );
    return active.filter((admission) => standingAt(admission, now) === "expired");
  }
}

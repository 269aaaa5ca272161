/**
 * The durable state of one waiting room, as it is kept in memory: foundation, room, seats in use,
 * and the orders on their way.
 *
 * Guarantee: memory and tables change together, and what belongs together (an admission and the
 * seat it takes, a cohort and the lane it closes, a change and the event that tells of it) is one
 * transaction.
 */
import { standingAt, type AdmissionRecord } from "../../src/domain/room/admission.ts";
import { Backlog, ORDERS_THAT_TELL } from "../../src/domain/room/backlog.ts";
import {
  commitmentOf,
  placesIn,
  seedOf,
  type CohortManifest,
} from "../../src/domain/line/cohort.ts";
import { closeCohortInRoom } from "../../src/domain/room/calls.ts";
import { freeSeat, type ClaimRules } from "../../src/domain/room/claims.ts";
import type { RoomState } from "../../src/domain/room/room-state.ts";
import { snapshotOf, type RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { revoke } from "../../src/domain/room/revoked.ts";
import { factsOf, type SaleFacts } from "../../src/domain/room/events.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import type { RoomTables, Foundation } from "./room-tables.ts";

/** What the merchant sees of the room. */
export interface RoomMetrics {
  readonly kind: "metrics";
  readonly sale: Sale;
  readonly revision: number;
  readonly commitment: string;
  /** Null until the sale has ended. */
  readonly secret: string | null;
  readonly snapshot: RoomSnapshot;
  readonly seats: RoomState["seats"];
  /** Places in closed cohorts of all lanes, and how many of them were called. */
  readonly tickets: number;
  readonly called: number;
  readonly ratePerMinute: number;
  readonly maxActive: number;
}

/** The admission's id is made from its ticket's, see `claims.ts`. */
function ticketOf(admissionId: string): string {
  return admissionId.replace(/^adm_/, "");
}

export class RoomBook {
  readonly tables: RoomTables;
  #foundation: Foundation;
  #room: RoomState;
  /** Seats in use, by ticket: bounded by `maxActive`. */
  readonly #active = new Map<string, AdmissionRecord>();
  /** No admission expires before this; so a claim need not look at every seat. */
  #nextExpiry_ms = 0;
  /** Also of those who have left: their orders go on. */
  readonly #backlog = new Backlog();

  private constructor(tables: RoomTables, foundation: Foundation, room: RoomState) {
    this.tables = tables;
    this.#foundation = foundation;
    this.#room = room;
    for (const admission of tables.activeAdmissions()) {
      this.#active.set(admission.ticket, admission);
    }
    for (const admission of tables.backlog(ORDERS_THAT_TELL)) this.#backlog.note(admission);
  }

  /** Null when the room was never founded. */
  static load(tables: RoomTables): RoomBook | null {
    const foundation = tables.foundation();
    const room = tables.state();
    if (foundation === null || room === null) return null;
    const book = new RoomBook(tables, foundation, room);
    const now = Date.now();
    tables.events.begin(book.#factsIn(room, now), now);
    return book;
  }

  /** Founds the room, or founds it anew on a changed document: then `old` is how it was. */
  static found(
    tables: RoomTables,
    foundation: Foundation,
    room: RoomState,
    now: number,
    old: RoomBook | null = null,
  ): RoomBook {
    const { sale, revision } = foundation;
    const facts = factsOf(room, sale, revision, now);
    const before = old === null ? facts : old.#factsIn(old.room, now);
    const telling = tables.events.telling(before, facts, now);
    tables.together(() => {
      tables.saveFoundation(foundation);
      tables.saveState(room);
      if (telling !== null) tables.events.keep(telling);
    });
    return new RoomBook(tables, foundation, room);
  }

  #factsIn(room: RoomState, now: number): SaleFacts {
    const { sale, revision } = this.#foundation;
    return factsOf(room, sale, revision, now);
  }

  get foundation(): Foundation {
    return this.#foundation;
  }

  get room(): RoomState {
    return this.#room;
  }

  get rules(): ClaimRules {
    const { admission, items } = this.foundation.sale;
    const { claimWindowSeconds, sessionSeconds, overcall } = admission;
    return {
      claimWindow_ms: claimWindowSeconds * 1000,
      session_ms: sessionSeconds * 1000,
      overcall,
      unlimited: items.length === 0,
    };
  }

  save(room: RoomState): void {
    if (room === this.#room) return;
    const { tables } = this;
    const now = Date.now();
    const before = this.#factsIn(this.#room, now);
    const telling = tables.events.telling(before, this.#factsIn(room, now), now);
    if (telling === null) tables.saveState(room);
    else {
      tables.together(() => {
        tables.saveState(room);
        tables.events.keep(telling);
      });
    }
    this.#room = room;
  }

  snapshot(now: number): RoomSnapshot {
    const { sale, booths, revision, secret } = this.foundation;
    const commitment = commitmentOf(secret);
    return snapshotOf(this.#room, sale, { booths, commitment, revision }, now);
  }

  metrics(now: number): RoomMetrics {
    const { sale, revision, secret } = this.foundation;
    const { lanes, seats, ratePerMinute, maxActive } = this.#room;
    const snapshot = this.snapshot(now);
    return {
      kind: "metrics",
      sale,
      revision,
      commitment: snapshot.commitment,
      secret: snapshot.phase === "ended" ? secret : null,
      snapshot,
      seats,
      tickets: lanes.reduce((sum, lane) => sum + lane.places, 0),
      called: lanes.reduce((sum, lane) => sum + lane.called, 0),
      ratePerMinute,
      maxActive,
    };
  }

  manifest(lane: string, k: number): CohortManifest | null {
    return this.tables.manifest(this.foundation.sale.id, lane, k);
  }

  /** A cohort that all booths have counted; a second count of the same cohort changes nothing. */
  addCohort(lane: string, k: number, counts: readonly number[]): void {
    const { sale, secret } = this.foundation;
    const state = this.#room.lanes.find((item) => item.id === lane);
    if (state?.closed !== k) return;
    const seed = seedOf(secret, sale.id, lane, k);
    const room = closeCohortInRoom(this.#room, { lane, k, places: placesIn(counts) });
    this.tables.together(() => {
      this.tables.addManifest({ sale: sale.id, lane, k, base: state.places, counts, seed });
      this.save(room);
    });
  }

  /** Booths that stand at the open cohort of every lane; gates hear of them with the snapshot. */
  addBooths(booths: number): void {
    const foundation = { ...this.#foundation, booths };
    this.tables.together(() => {
      this.tables.saveFoundation(foundation);
      this.save({ ...this.#room, version: this.#room.version + 1 });
    });
    this.#foundation = foundation;
  }

  admissionOf(ticket: string): AdmissionRecord | null {
    return this.#active.get(ticket) ?? this.tables.admission(ticket);
  }

  admission(admissionId: string): AdmissionRecord | null {
    return this.admissionOf(ticketOf(admissionId));
  }

  /** A new admission and the seat it takes. */
  admit(admission: AdmissionRecord, room: RoomState): void {
    this.tables.together(() => {
      this.update(admission);
      this.save(room);
    });
  }

  update(admission: AdmissionRecord): void {
    this.tables.saveAdmission(admission);
    this.#backlog.note(admission);
    if (admission.standing === "active") {
      this.#active.set(admission.ticket, admission);
      this.#nextExpiry_ms = Math.min(this.#nextExpiry_ms, admission.expiresAt_ms);
    } else this.#active.delete(admission.ticket);
  }

  /** An admission ends: its record and the seat count change together. */
  settle(admission: AdmissionRecord, how: "spent" | "left" | "expired"): void {
    this.tables.together(() => {
      this.update(admission);
      const took = admission.ordersDone > 0 || admission.orderInProgress !== null;
      this.save(this.#withRevoked(freeSeat(this.#room, how, took), admission, how));
    });
  }

  /** A seat that is free again must not be used on: of sales that guard, gates are told. */
  #withRevoked(room: RoomState, admission: AdmissionRecord, how: string): RoomState {
    if (how === "expired" || this.foundation.sale.guards.length === 0) return room;
    const revoked = revoke(room.revoked, admission, Date.now());
    return { ...room, revoked, version: room.version + 1 };
  }

  /** Age of the orders on their way; null when too few tell. */
  backlogAge_ms(now: number): number | null {
    return this.#backlog.age_ms(now);
  }

  expireAdmissions(now: number): void {
    if (now < this.#nextExpiry_ms) return;
    let next_ms = Number.POSITIVE_INFINITY;
    for (const admission of this.#active.values()) {
      if (standingAt(admission, now) === "expired") {
        this.settle({ ...admission, standing: "expired" }, "expired");
      } else next_ms = Math.min(next_ms, admission.expiresAt_ms);
    }
    this.#nextExpiry_ms = next_ms;
  }
}

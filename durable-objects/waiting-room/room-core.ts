/**
 * What a waiting room does, wherever it runs: the Durable Object gives it SQLite, an alarm and
 * booths, simulations and tests give it maps, a virtual clock and faults.
 *
 * Guarantee (P7, P8): every call loads, decides by the rules, writes the whole change in one
 * transaction, and answers with a named outcome. `called` only grows; a ticket has one admission,
 * ever; a crash at any instant loses a whole change or none of it, and the alarm continues.
 * Nothing is kept of those who wait, so the work does not grow with the line.
 * Not for: what the rules are (`src/domain/room`), and the signing of admissions (`signing.ts`).
 */
import { placesIn, type CohortManifest, type Place } from "../../src/domain/line/cohort.ts";
import { TICK_MS } from "../../src/domain/limits.ts";
import * as admissions from "../../src/domain/room/admission.ts";
import { cohortsClose, nextTickAt } from "../../src/domain/room/calls.ts";
import * as claims from "../../src/domain/room/claims.ts";
import { revoke } from "../../src/domain/room/revoked.ts";
import * as rooms from "../../src/domain/room/room-state.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { bears } from "../../src/domain/room/throttle.ts";
import * as sales from "../../src/domain/sale/sale.ts";
import { phaseAt } from "../../src/domain/sale/schedule.ts";
import type { StockLevel } from "../../src/domain/stock/stock-ledger.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { closeCohortAt, openAt } from "./booths.ts";
import { EventOutbox } from "./event-outbox.ts";
import type { Booth, RoomPorts, RoomRules } from "./ports.ts";
import { RoomStore, type RoomMetrics } from "./room-store.ts";

/** A room that was never created; callers turn it into `sale_not_found`. */
export type NoSale = { readonly kind: "no_sale" };
const NO_SALE: NoSale = { kind: "no_sale" };

/** An admission that is over, or none of this sale's. */
export type NotActive = { readonly kind: "not_active" };
const NOT_ACTIVE: NotActive = { kind: "not_active" };

export type ConfigureOutcome =
  | { readonly kind: "created" | "revised" | "unchanged"; readonly revision: number }
  | { readonly kind: "refused"; readonly refusals: readonly sales.RevisionRefused[] };

/** What a room needs to know of a ticket. The gate has verified it. */
export type ClaimedTicket = Place & { readonly id: string; readonly subject: string };

export class RoomCore {
  readonly #ports: RoomPorts;
  readonly #events: EventOutbox;
  /** Null: the room was never created. */
  #store: RoomStore | null;

  constructor(ports: RoomPorts) {
    this.#ports = ports;
    this.#events = new EventOutbox(ports);
    this.#store = RoomStore.load(ports.rows, ports.now());
  }

  /** Creates the room, or revises it. The same document again changes nothing. */
  async configure(sale: sales.Sale): Promise<ConfigureOutcome> {
    const store = this.#store;
    const outcome = store === null ? this.#create(sale) : this.#revise(store, sale);
    await this.#arm();
    return outcome;
  }

  #create(sale: sales.Sale): ConfigureOutcome {
    const { rows, newSecret } = this.#ports;
    const now = this.#ports.now();
    const foundation = { sale, revision: 1, booths: sales.boothsOf(sale), secret: newSecret() };
    this.#store = RoomStore.create(rows, foundation, rooms.openRoom(sale, now), now);
    return { kind: "created", revision: 1 };
  }

  #revise(store: RoomStore, sale: sales.Sale): ConfigureOutcome {
    const { foundation, room } = store;
    const { revision } = foundation;
    if (JSON.stringify(foundation.sale) === JSON.stringify(sale)) {
      return { kind: "unchanged", revision };
    }
    const now = this.#ports.now();
    const refusals = sales.revisionRefusals(foundation.sale, sale, phaseAt(room.schedule, now));
    if (refusals.length > 0) return { kind: "refused", refusals };
    const revised = { ...foundation, sale, revision: revision + 1 };
    store.revise(revised, rooms.reviseRoom(room, foundation.sale, sale), now);
    return { kind: "revised", revision: revised.revision };
  }

  document(): { readonly sale: sales.Sale; readonly revision: number } | null {
    if (this.#store === null) return null;
    const { sale, revision } = this.#store.foundation;
    return { sale, revision };
  }

  snapshot(): RoomSnapshot | null {
    return this.#store?.snapshot(this.#ports.now()) ?? null;
  }

  metrics(): RoomMetrics | NoSale {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const now = this.#ports.now();
    this.#expire(store, now);
    return store.metrics(now);
  }

  manifest(lane: string, k: number): CohortManifest | null {
    return this.#store?.manifest(lane, k) ?? null;
  }

  async act(action: rooms.RoomAction): Promise<rooms.ActionOutcome | NoSale> {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const now = this.#ports.now();
    const outcome = rooms.actOn(store.room, action, now);
    if (outcome.kind === "done") {
      store.save(outcome.room, now);
      await this.#arm();
    }
    return outcome;
  }

  async change(change: sales.AdmissionChange): Promise<{ readonly kind: "changed" } | NoSale> {
    const store = this.#store;
    if (store === null) return NO_SALE;
    store.save(rooms.changeAdmission(store.room, change), this.#ports.now());
    await this.#arm();
    return { kind: "changed" };
  }

  reportLevel(level: StockLevel): void {
    const store = this.#store;
    store?.save(rooms.reportLevel(store.room, level), this.#ports.now());
  }

  /** A called shopper claims the turn. */
  claim(ticket: ClaimedTicket): claims.ClaimOutcome | { readonly kind: "no_such_place" } | NoSale {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const now = this.#ports.now();
    this.#expire(store, now);
    const ranked = this.#rankOf(store, ticket);
    if (ranked?.kind === "no_such_place") return ranked;
    const { id, subject, lane } = ticket;
    const rank = ranked?.rank ?? null;
    const asked = { ticket: id, subject, lane, rank, existing: store.admissionOf(id) };
    return this.#settle(store, this.#ports.rules.claim(store.room, asked, store.rules, now), now);
  }

  /** With nobody waiting, a shopper is let in without a ticket; `id` makes it repeatable. */
  async admitNow(
    id: string,
    subject: string,
    lane: string,
  ): Promise<claims.AdmitNowOutcome | NoSale> {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const now = this.#ports.now();
    this.#expire(store, now);
    const asked = { ticket: id, subject, lane, existing: store.admissionOf(id) };
    const decision = this.#ports.rules.admitNow(store.room, asked, store.rules, now);
    const outcome = this.#settle(store, decision, now);
    if (outcome.kind === "queue") await this.#arm();
    return outcome;
  }

  /** Null while the place's cohort is open. */
  #rankOf(store: RoomStore, place: Place): ReturnType<RoomRules["rankOf"]> | null {
    const manifest = store.manifest(place.lane, place.cohort);
    return manifest === null ? null : this.#ports.rules.rankOf(place, manifest);
  }

  /** A new admission is written with the seat it takes. */
  #settle<Outcome extends claims.AdmitNowOutcome>(
    store: RoomStore,
    { room, outcome }: { readonly room: rooms.RoomState; readonly outcome: Outcome },
    now: number,
  ): Outcome {
    if (outcome.kind !== "admitted") store.save(room, now);
    else if (outcome.isNew) store.write({ admission: outcome.admission, room }, now);
    return outcome;
  }

  /** What became of a turn; changes nothing. @param place null when there was none */
  turn(ticket: string, place: Place | null): claims.Turn | NoSale {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const ranked = place === null ? null : this.#rankOf(store, place);
    const rank = ranked?.kind === "ranked" ? ranked.rank : null;
    const asked = { lane: place?.lane ?? "", rank, existing: store.admissionOf(ticket) };
    return claims.turnOf(store.room, asked, this.#ports.now());
  }

  /** Null when no admission of this sale has the id. */
  seat(admissionId: string): admissions.Seat | null {
    const admission = this.#store?.admission(admissionId) ?? null;
    return admission === null ? null : admissions.seatOf(admission, this.#ports.now());
  }

  /** Whether seats are still taken, in the order of the ids; a cart is filled only from a seat. */
  standings(ids: readonly string[]): admissions.SeatStanding[] {
    return ids.map((id) => this.seat(id)?.standing ?? "unknown");
  }

  leave(admissionId: string): "left" | "not_active" {
    return this.#onAdmission(admissionId, "not_active", (store, admission, now) => {
      const left = this.#ports.rules.leave(admission, now);
      if (left.outcome === "left") this.#end(store, left.admission, "left", now);
      return left.outcome;
    });
  }

  /** An origin gives its shopper more time: the seat and the admission's id stay the same. */
  extend(
    admissionId: string,
    seconds: number,
  ): { readonly kind: "extended"; readonly admission: admissions.AdmissionRecord } | NotActive {
    const { rules } = this.#ports;
    return this.#onAdmission(admissionId, NOT_ACTIVE, (store, admission, now) => {
      const { endsAt_ms } = store.room.schedule;
      const extended = rules.extend(admission, { seconds, endsAt_ms }, now);
      if (extended.outcome.kind === "not_active") return NOT_ACTIVE;
      if (extended.admission !== admission) store.write({ admission: extended.admission }, now);
      return { kind: "extended", admission: extended.admission };
    });
  }

  beginOrder(admissionId: string, order: string): admissions.BeginOrderOutcome {
    const none: admissions.BeginOrderOutcome = { kind: "admission_required" };
    return this.#onAdmission(admissionId, none, (store, admission, now) => {
      const begun = this.#ports.rules.beginOrder(admission, order, now);
      if (begun.admission !== admission) store.write({ admission: begun.admission }, now);
      return begun.outcome;
    });
  }

  finishOrder(
    admissionId: string,
    order: string,
    how: "spend" | "hand_back",
  ): "finished" | "not_in_progress" {
    return this.#onAdmission(admissionId, "not_in_progress", (store, admission, now) => {
      const { ordersPerAdmission } = store.foundation.sale.admission;
      const done = this.#ports.rules.finishOrder(admission, order, how, ordersPerAdmission);
      const isSpent = done.admission.standing === "spent" && admission.standing === "active";
      if (isSpent) this.#end(store, done.admission, "spent", now);
      else if (done.admission !== admission) store.write({ admission: done.admission }, now);
      return done.outcome;
    });
  }

  /** @param none the outcome when no admission of this sale has the id */
  #onAdmission<Outcome>(
    id: string,
    none: Outcome,
    act: (store: RoomStore, admission: admissions.AdmissionRecord, now: number) => Outcome,
  ): Outcome {
    const store = this.#store;
    const admission = store?.admission(id) ?? null;
    if (store === null || admission === null) return none;
    return act(store, admission, this.#ports.now());
  }

  /** An admission ends: its record and the seat count change together. */
  #end(
    store: RoomStore,
    admission: admissions.AdmissionRecord,
    how: "spent" | "left" | "expired",
    now: number,
  ): void {
    const took = admission.ordersDone > 0 || admission.orderInProgress !== null;
    const room = this.#ports.rules.freeSeat(store.room, how, took);
    // An expired token opens nothing. Any other is named in the snapshot of a sale that guards.
    const isNamed = how !== "expired" && store.foundation.sale.guards.length > 0;
    const revoked = isNamed ? revoke(room.revoked, admission, now) : room.revoked;
    const version = isNamed ? room.version + 1 : room.version;
    store.write({ admission, room: { ...room, revoked, version } }, now);
  }

  #expire(store: RoomStore, now: number): void {
    for (const admission of store.expired(now)) {
      this.#end(store, { ...admission, standing: "expired" }, "expired", now);
    }
  }

  /**
   * The alarm came: the room ticks, and sends the events that the queue has not taken.
   * @param at_ms the instant that the alarm was set to, where the platform gives it
   */
  async ring(at_ms?: number): Promise<void> {
    await this.#survive("tick_failed", this.tick());
    await this.#survive("events_failed", this.#events.send(this.#ports.now()));
    this.#ports.alarm.fired(at_ms);
    await this.#arm();
  }

  /** The room must go on ticking after any failure: the platform gives up after six tries. */
  async #survive(event: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#ports.log.error("waiting-room", event, { why: errorText(error) });
    }
  }

  /** Closes cohorts, adds booths, and calls those whose turn it is. @throws when a write fails */
  async tick(): Promise<void> {
    const store = this.#store;
    if (store === null) return;
    const { now, pipeline, rules } = this.#ports;
    this.#expire(store, now());
    const looked = pipeline.look(store.room, now());
    const arrivals = await this.#closeCohorts(store);
    await this.#addBooths(store);
    await looked;
    // Claims and changes went on while the booths answered: the tick decides on the room as it is.
    const at_ms = now();
    const pipelineBears = bears(pipeline.reading, store.backlogAge_ms(at_ms), at_ms);
    const surroundings = { arrivals, pipelineBears };
    store.save(rules.tick(store.room, store.rules, surroundings, at_ms), at_ms);
  }

  /** Cohorts that every booth has counted; true when anybody had come. */
  async #closeCohorts(store: RoomStore): Promise<boolean> {
    const { now } = this.#ports;
    const { sale, booths } = store.foundation;
    if (!cohortsClose(store.room, sale.admission.method, now())) return false;
    const asked = await Promise.all(
      store.room.lanes.map(async ({ id: lane, closed: k }) => {
        return { lane, k, counts: await closeCohortAt(this.#booths(sale, lane, 0, booths), k) };
      }),
    );
    let arrivals = false;
    for (const { lane, k, counts } of asked) {
      if (counts === null) continue;
      store.addCohort(lane, k, counts, now());
      arrivals ||= placesIn(counts) > 0;
    }
    return arrivals;
  }

  /**
   * When a larger crowd is expected than there are booths for. New booths are brought to every
   * lane's open cohort first: else a place they give would be in a cohort that is closed already.
   */
  async #addBooths(store: RoomStore): Promise<void> {
    const { sale, booths } = store.foundation;
    const wanted = sales.boothsOf(sale);
    if (wanted <= booths) return;
    const ready = await Promise.all(
      store.room.lanes.map(({ id, closed }) => {
        return openAt(this.#booths(sale, id, booths, wanted), closed);
      }),
    );
    if (ready.includes(false)) return;
    // Meanwhile the document may have changed. Gates learn of the booths from the next snapshot.
    const foundation = { ...store.foundation, booths: wanted };
    const room = { ...store.room, version: store.room.version + 1 };
    store.write({ foundation, room }, this.#ports.now());
  }

  /** Booths `from` (included) to `to` (excluded) of a lane. */
  #booths({ id }: sales.Sale, lane: string, from: number, to: number): Booth[] {
    return Array.from({ length: to - from }, (_, added) => {
      return this.#ports.booth(id, lane, from + added);
    });
  }

  /** An early tick is harmless; one that is postponed again and again is not. */
  async #arm(): Promise<void> {
    if (this.#store === null) return;
    const { foundation, room } = this.#store;
    const { sale, booths } = foundation;
    const now = this.#ports.now();
    const next_ms = nextTickAt(room, sale.admission.method, now);
    const isGrowing = next_ms !== null && sales.boothsOf(sale) > booths;
    const instants_ms = [next_ms, isGrowing ? now + TICK_MS : null, this.#events.dueAt_ms(now)];
    await this.#ports.alarm.arm(instants_ms, now);
  }
}

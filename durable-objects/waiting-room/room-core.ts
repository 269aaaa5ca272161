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
import type { Confirmed } from "../../src/domain/sale/consequences.ts";
import type { CohortManifest, Place } from "../../src/domain/line/cohort.ts";
import { TICK_MS } from "../../src/domain/limits.ts";
import * as admissions from "../../src/domain/room/admission.ts";
import { nextTickAt } from "../../src/domain/room/calls.ts";
import * as claims from "../../src/domain/room/claims.ts";
import type { RoomAction } from "../../src/domain/room/merchant-changes.ts";
import * as rooms from "../../src/domain/room/room-state.ts";
import { ANY_DEVICE, tokenNumberOf, type SeatUse } from "../../src/domain/room/seat-devices.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { bears } from "../../src/domain/room/throttle.ts";
import * as sales from "../../src/domain/sale/sale.ts";
import type { StockLevel } from "../../src/domain/stock/stock-ledger.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { act, revealWhenDue, revise, type ActOutcome, type ConfigureOutcome } from "./changes.ts";
import { boothsOf, openAt } from "./booths.ts";
import { closeCohorts, nextDrawAt } from "./closing.ts";
import { beginDeletion, type BeginDeletionOutcome } from "./deletion.ts";
import { settleDeparted } from "./departed.ts";
import { EventOutbox } from "./event-outbox.ts";
import type { ClaimedTicket, KeptSignature, RoomPorts, RoomRules } from "./ports.ts";
import { RoomStore, type RoomFairness, type RoomMetrics } from "./room-store.ts";
import { endSeat, expireSeats, settle, takeSeat } from "./seats.ts";

/** A room that was never created; callers turn it into `sale_not_found`. */
export type NoSale = { readonly kind: "no_sale" };
const NO_SALE: NoSale = { kind: "no_sale" };

/** An admission that is over, or none of this sale's. */
export type NotActive = { readonly kind: "not_active" };
const NOT_ACTIVE: NotActive = { kind: "not_active" };

export class RoomCore {
  readonly #ports: RoomPorts;
  readonly #events: EventOutbox;
  /** Null: the room was never created. */
  #store: RoomStore | null;

  constructor(ports: RoomPorts) {
    // The clock does not go back before the revelation, so after it the sale has ended for ever.
    const now = (): number => Math.max(ports.now(), this.#store?.revealed?.at_ms ?? 0);
    this.#ports = { ...ports, now };
    this.#events = new EventOutbox(this.#ports);
    this.#store = RoomStore.load(ports.rows, ports.now());
  }

  /**
   * Creates the room, or revises it. The same document again changes nothing.
   * @param confirmed what a merchant has confirmed; null: all that the document does is wanted
   */
  async configure(sale: sales.Sale, confirmed: Confirmed | null = null): Promise<ConfigureOutcome> {
    const store = this.#store;
    const { rows, rules, now } = this.#ports;
    const deletion = rows.deletion();
    if (deletion !== null) return { kind: "deleted", at_ms: deletion.at_ms };
    const outcome =
      store === null ? this.#create(sale) : revise(store, sale, confirmed, rules, now());
    await this.#arm();
    return outcome;
  }

  #create(sale: sales.Sale): ConfigureOutcome {
    const { rows, newSecret, beacon } = this.#ports;
    const now = this.#ports.now();
    const foundation = { sale, revision: 1, booths: sales.boothsOf(sale), secret: newSecret() };
    const opened = { room: rooms.openRoom(sale, now), beacon: beacon.chain };
    this.#store = RoomStore.create(rows, foundation, opened, now);
    return { kind: "created", revision: 1 };
  }

  /** The first step of deleting the sale; durable before anything is deleted. */
  beginDeletion(): BeginDeletionOutcome | NoSale | { kind: "deleted"; at_ms: number } {
    const { rows, rules, now } = this.#ports;
    const deletion = rows.deletion();
    if (deletion?.isDone === true) return { kind: "deleted", at_ms: deletion.at_ms };
    return this.#store === null ? NO_SALE : beginDeletion(this.#store, rows, rules, now());
  }

  /** The last step: only that and when the sale was deleted stays. Nothing, unless it was begun. */
  finishDeletion(): void {
    const { rows } = this.#ports;
    const deletion = rows.deletion();
    if (deletion === null || deletion.isDone) return;
    rows.write({ deletion: { ...deletion, isDone: true } });
    this.#store = null;
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
    expireSeats(store, this.#ports.rules, now);
    return store.metrics(now);
  }

  manifest(lane: string, k: number): CohortManifest | null {
    return this.#store?.manifest(lane, k) ?? null;
  }

  /** The commitment and, after the end, the secret: the only way it leaves this object. */
  fairness(): RoomFairness | NoSale {
    const store = this.#store;
    if (store === null) return NO_SALE;
    revealWhenDue(store, this.#ports.rules, this.#ports.now());
    return store.fairness();
  }

  keepSignature(signed: KeptSignature): void {
    this.#store?.keepSignature(signed);
  }

  async act(action: RoomAction): Promise<ActOutcome | NoSale> {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const outcome = act(store, action, this.#ports.rules, this.#ports.now());
    await this.#arm();
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
  claim(
    ticket: ClaimedTicket,
    use: SeatUse = ANY_DEVICE,
  ): claims.ClaimOutcome | { readonly kind: "no_such_place" } | NoSale {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const now = this.#ports.now();
    expireSeats(store, this.#ports.rules, now);
    const ranked = this.#rankOf(store, ticket);
    if (ranked?.kind === "no_such_place") return ranked;
    const { id, subject, lane, cohort, shard, index, joinedAt_ms = null } = ticket;
    const rank = ranked?.rank ?? null;
    const place = { cohort, shard, index, joinedAt_ms };
    const asked = { ticket: id, subject, lane, rank, place, existing: store.admissionOf(id) };
    const decision = this.#ports.rules.claim(store.room, asked, store.rules, now);
    return settle(store, this.#ports.rules, decision, { use, now });
  }

  /** With nobody waiting, a shopper is let in without a ticket; `id` makes it repeatable. */
  async admitNow(
    id: string,
    subject: string,
    lane: string,
    use: SeatUse = ANY_DEVICE,
  ): Promise<claims.AdmitNowOutcome | NoSale> {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const now = this.#ports.now();
    expireSeats(store, this.#ports.rules, now);
    const asked = { ticket: id, subject, lane, existing: store.admissionOf(id) };
    const decision = this.#ports.rules.admitNow(store.room, asked, store.rules, now);
    const outcome = settle(store, this.#ports.rules, decision, { use, now });
    if (outcome.kind === "queue") await this.#arm();
    return outcome;
  }

  /** Null while the place's cohort is open. */
  #rankOf(store: RoomStore, place: Place): ReturnType<RoomRules["rankOf"]> | null {
    const manifest = store.manifest(place.lane, place.cohort);
    return manifest === null ? null : this.#ports.rules.rankOf(place, manifest);
  }

  /**
   * What became of a turn. It changes nothing but the devices of a seat that it gives again.
   * @param place null when there was none
   */
  turn(ticket: string, place: Place | null, use: SeatUse = ANY_DEVICE): claims.Turn | NoSale {
    const store = this.#store;
    if (store === null) return NO_SALE;
    const ranked = place === null ? null : this.#rankOf(store, place);
    const rank = ranked?.kind === "ranked" ? ranked.rank : null;
    const asked = { lane: place?.lane ?? "", rank, existing: store.admissionOf(ticket) };
    const now = this.#ports.now();
    const turn = claims.turnOf(store.room, asked, now);
    if (turn.kind !== "admitted") return turn;
    const taken = { room: store.room, admission: turn.admission };
    const used = takeSeat(store, this.#ports.rules, taken, { use, now });
    return used === null ? { kind: "over", used: true } : { ...turn, admission: used };
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
      if (left.outcome === "left")
        endSeat(store, this.#ports.rules, left.admission, { how: "left", now });
      return left.outcome;
    });
  }

  /** An origin gives its shopper more time: the seat and the admission's id stay the same. */
  extend(
    admissionId: string,
    seconds: number,
    device: string | null = null,
  ): { readonly kind: "extended"; readonly admission: admissions.AdmissionRecord } | NotActive {
    const { rules } = this.#ports;
    return this.#onAdmission(admissionId, NOT_ACTIVE, (store, admission, now) => {
      const { devices } = admission;
      // The seat is in use on newer devices.
      if (devices !== undefined && tokenNumberOf(devices, device) === null) return NOT_ACTIVE;
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
      const declinesMax = sales.declinesMaxOf(store.foundation.sale);
      const begun = this.#ports.rules.beginOrder(admission, order, now, declinesMax);
      if (begun.admission !== admission) store.write({ admission: begun.admission }, now);
      return begun.outcome;
    });
  }

  finishOrder(
    admissionId: string,
    order: string,
    how: admissions.OrderEnd,
  ): "finished" | "not_in_progress" {
    return this.#onAdmission(admissionId, "not_in_progress", (store, admission, now) => {
      const { ordersPerAdmission } = store.foundation.sale.admission;
      const done = this.#ports.rules.finishOrder(admission, order, how, ordersPerAdmission);
      const isSpent = done.admission.standing === "spent" && admission.standing === "active";
      if (isSpent) endSeat(store, this.#ports.rules, done.admission, { how: "spent", now });
      else if (done.admission !== admission) store.write({ admission: done.admission }, now);
      return done.outcome;
    });
  }

  /** A seat that is over forgets whose it was; one in use needs its subject for its token. */
  forgetSubject(admissionId: string): void {
    this.#onAdmission(admissionId, null, (store, admission, now) => {
      if (admission.standing === "active" || admission.subject === "") return null;
      store.write({ admission: { ...admission, subject: "" } }, now);
      return null;
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

  /**
   * The alarm came: the room ticks, and sends the events that the queue has not taken.
   * @param at_ms the instant that the alarm was set to, where the platform gives it
   */
  async ring(at_ms?: number): Promise<void> {
    await this.#survive("tick_failed", this.tick());
    await this.#survive("reveal_failed", this.#revealOnTime());
    await this.#survive("events_failed", this.#events.send(this.#ports.now()));
    await this.#survive("orders_failed", settleDeparted(this.#store, this.#ports));
    this.#ports.alarm.fired(at_ms);
    await this.#arm();
  }

  /** So that the time of the revelation does not depend on who asks. */
  async #revealOnTime(): Promise<void> {
    if (this.#store !== null) revealWhenDue(this.#store, this.#ports.rules, this.#ports.now());
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
    expireSeats(store, this.#ports.rules, now());
    const looked = pipeline.look(store.room, now());
    const arrivals = await closeCohorts(store, this.#ports);
    await this.#addBooths(store);
    await looked;
    // Claims and changes went on while the booths answered: the tick decides on the room as it is.
    const at_ms = now();
    const pipelineBears = bears(pipeline.reading, store.backlogAge_ms(at_ms), at_ms);
    const surroundings = { arrivals, pipelineBears };
    store.save(rules.tick(store.room, store.rules, surroundings, at_ms), at_ms);
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
        return openAt(boothsOf(this.#ports, sale, { lane: id, from: booths, to: wanted }), closed);
      }),
    );
    if (ready.includes(false)) return;
    // Meanwhile the document may have changed. Gates learn of the booths from the next snapshot.
    const foundation = { ...store.foundation, booths: wanted };
    const room = { ...store.room, version: store.room.version + 1 };
    store.write({ foundation, room }, this.#ports.now());
  }

  /**
   * Sets the alarm if it is not set: the platform gives up on one after six tries. Called by what
   * gates, stocks and orders ask, so that any of them gets the room going again.
   */
  async wake(): Promise<void> {
    await this.#survive("alarm_not_set", this.#arm());
  }

  /** An early tick is harmless; one that is postponed again and again is not. */
  async #arm(): Promise<void> {
    if (this.#store === null) return;
    const { foundation, room, revealed } = this.#store;
    const { sale, booths } = foundation;
    const now = this.#ports.now();
    const next_ms = nextTickAt(room, sale.admission.method, now);
    const isGrowing = next_ms !== null && sales.boothsOf(sale) > booths;
    const departed_ms = this.#store.orderSeats.dueAt_ms();
    const growing_ms = isGrowing ? now + TICK_MS : null;
    const due_ms = this.#ports.rules.revealsAt_ms(room, sale);
    const isDueLater = next_ms === null && revealed === null;
    // When revealing failed it is tried again.
    const reveals_ms = isDueLater ? (due_ms > now ? due_ms : now + TICK_MS) : null;
    const draws_ms = next_ms === null ? null : nextDrawAt(this.#store, now);
    const room_ms = [next_ms, growing_ms, draws_ms, reveals_ms];
    const instants_ms = [...room_ms, this.#events.dueAt_ms(now), departed_ms];
    await this.#ports.alarm.arm(instants_ms, now);
  }
}

/**
 * WaitingRoom: one sale's room. It ticks once a second, calls whoever is next, and admits who was
 * called.
 *
 * Guarantee: the state is durable before anybody hears of it; called only grows; an admission is
 * issued once per ticket. It keeps nothing about who waits, so its work does not grow with the
 * line. Not for answering polls: gates do that from `snapshot()`, which they fetch once a second.
 */
import { DurableObject } from "cloudflare:workers";
import * as admissions from "../../src/domain/room/admission.ts";
import { placesIn, rankOf, type CohortManifest, type Place } from "../../src/domain/line/cohort.ts";
import { TICK_MS } from "../../src/domain/limits.ts";
import { bears } from "../../src/domain/room/throttle.ts";
import * as calls from "../../src/domain/room/calls.ts";
import * as claims from "../../src/domain/room/claims.ts";
import * as rooms from "../../src/domain/room/room-state.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import {
  boothsOf,
  phaseAt,
  revisionRefusals,
  type AdmissionChange,
  type Sale,
} from "../../src/domain/sale/sale.ts";
import {
  NO_SALE,
  NOT_ACTIVE,
  type AdmitOutcome,
  type ConfigureOutcome,
  type NoSale,
  type NotActive,
  type TurnOutcome,
} from "./outcomes.ts";
import { PipelineWatch } from "./pipeline-watch.ts";
import { RoomBook, type RoomMetrics } from "./room-store.ts";
import { RoomBooths } from "./booths.ts";
import { signedAdmission, type ClaimedTicket, type Device } from "./signing.ts";
import { RoomTables } from "./room-tables.ts";
import { SingleAlarm } from "../single-alarm.ts";

export class WaitingRoom extends DurableObject<GateEnv> {
  readonly #tables: RoomTables;
  readonly #alarm: SingleAlarm;
  readonly #booths: RoomBooths;
  readonly #pipeline: PipelineWatch;
  #book: RoomBook | null;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new RoomTables(ctx.storage);
    this.#alarm = new SingleAlarm(ctx.storage);
    this.#booths = new RoomBooths(env.TICKET_BOOTH);
    this.#pipeline = new PipelineWatch(env.CONFIG);
    this.#book = RoomBook.load(this.#tables);
  }

  async configure(sale: Sale): Promise<ConfigureOutcome> {
    const now = Date.now();
    const outcome = this.#book === null ? this.#create(sale, now) : this.#revise(this.#book, sale);
    await this.#armTick();
    return outcome;
  }

  #create(sale: Sale, now: number): ConfigureOutcome {
    const secret = [...crypto.getRandomValues(new Uint8Array(32))]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
    const foundation = { sale, revision: 1, booths: boothsOf(sale), secret };
    this.#book = RoomBook.found(this.#tables, foundation, rooms.openRoom(sale, now), now);
    return { kind: "created", revision: 1 };
  }

  #revise(book: RoomBook, sale: Sale): ConfigureOutcome {
    const { foundation, room } = book;
    const { revision } = foundation;
    if (JSON.stringify(foundation.sale) === JSON.stringify(sale)) {
      return { kind: "unchanged", revision };
    }
    const now = Date.now();
    const phase = phaseAt(room.schedule, now);
    const refusals = revisionRefusals(foundation.sale, sale, phase);
    if (refusals.length > 0) return { kind: "refused", refusals };
    const revised = { ...foundation, sale, revision: revision + 1 };
    const changed = rooms.reviseRoom(room, foundation.sale, sale);
    this.#book = RoomBook.found(this.#tables, revised, changed, now, book);
    return { kind: "revised", revision: revised.revision };
  }

  async document(): Promise<{ readonly sale: Sale; readonly revision: number } | null> {
    if (this.#book === null) return null;
    const { sale, revision } = this.#book.foundation;
    return { sale, revision };
  }

  async snapshot(): Promise<RoomSnapshot | null> {
    return this.#book?.snapshot(Date.now()) ?? null;
  }

  async metrics(): Promise<RoomMetrics | NoSale> {
    this.#book?.expireAdmissions(Date.now());
    return this.#book?.metrics(Date.now()) ?? NO_SALE;
  }

  async manifest(lane: string, k: number): Promise<CohortManifest | null> {
    return this.#book?.manifest(lane, k) ?? null;
  }

  async act(action: rooms.RoomAction): Promise<rooms.ActionOutcome | NoSale> {
    if (this.#book === null) return NO_SALE;
    const outcome = rooms.actOn(this.#book.room, action, Date.now());
    if (outcome.kind === "done") {
      this.#book.save(outcome.room);
      await this.#armTick();
    }
    return outcome;
  }

  async change(change: AdmissionChange): Promise<{ readonly kind: "changed" } | NoSale> {
    if (this.#book === null) return NO_SALE;
    this.#book.save(rooms.changeAdmission(this.#book.room, change));
    await this.#armTick();
    return { kind: "changed" };
  }

  async reportLevel(level: rooms.StockLevel): Promise<void> {
    this.#book?.save(rooms.reportLevel(this.#book.room, level));
  }

  /** A called shopper takes up their turn. The gate has verified the ticket. */
  async claim(ticket: ClaimedTicket, device: Device = null): Promise<AdmitOutcome> {
    const book = this.#book;
    if (book === null) return NO_SALE;
    const now = Date.now();
    book.expireAdmissions(now);
    const manifest = book.manifest(ticket.lane, ticket.cohort);
    const ranked = manifest === null ? null : rankOf(ticket, manifest);
    if (ranked?.kind === "no_such_place") return ranked;
    const asked: claims.Claim = {
      ticket: ticket.id,
      subject: ticket.subject,
      lane: ticket.lane,
      rank: ranked === null ? null : ranked.rank,
      existing: book.admissionOf(ticket.id),
    };
    const decision = claims.claim(book.room, asked, book.rules, now);
    return this.#admit(book, decision, device);
  }

  /** With nobody waiting, a shopper is let in without a ticket; `id` makes it repeatable. */
  async admitNow(
    id: string,
    subject: string,
    lane: string,
    device: Device = null,
  ): Promise<AdmitOutcome> {
    const book = this.#book;
    if (book === null) return NO_SALE;
    const now = Date.now();
    book.expireAdmissions(now);
    const asked = { ticket: id, subject, lane, existing: book.admissionOf(id) };
    const decision = claims.admitNow(book.room, asked, book.rules, now);
    const outcome = await this.#admit(book, decision, device);
    if (outcome.kind === "queue") await this.#armTick();
    return outcome;
  }

  /** What has become of a turn; changes nothing. @param place null when there was none */
  async turn(ticket: string, place: Place | null, device: Device = null): Promise<TurnOutcome> {
    const book = this.#book;
    if (book === null) return NO_SALE;
    const manifest = place === null ? null : book.manifest(place.lane, place.cohort);
    const ranked = place === null || manifest === null ? null : rankOf(place, manifest);
    const asked = {
      lane: place?.lane ?? "",
      rank: ranked?.kind === "ranked" ? ranked.rank : null,
      existing: book.admissionOf(ticket),
    };
    const turn = claims.turnOf(book.room, asked, Date.now());
    if (turn.kind !== "admitted") return turn;
    return {
      ...(await signedAdmission(this.env, book, turn.admission, device)),
      lane: turn.admission.lane,
    };
  }

  async #admit(
    book: RoomBook,
    { room, outcome }: { room: rooms.RoomState; outcome: claims.AdmitNowOutcome },
    device: string | null,
  ): Promise<AdmitOutcome> {
    if (outcome.kind !== "admitted") {
      book.save(room);
      return outcome;
    }
    const { admission, isNew } = outcome;
    if (isNew) book.admit(admission, room);
    return signedAdmission(this.env, book, admission, device);
  }

  /** Null when no admission of this sale has the id. */
  async seat(admissionId: string): Promise<admissions.Seat | null> {
    const admission = this.#book?.admission(admissionId) ?? null;
    return admission === null ? null : admissions.seatOf(admission, Date.now());
  }

  /** Whether seats are still taken, in the order of the ids; a cart is filled only from a seat. */
  async standings(ids: readonly string[]): Promise<admissions.SeatStanding[]> {
    const seats = await Promise.all(ids.map((id) => this.seat(id)));
    return seats.map((seat) => seat?.standing ?? "unknown");
  }

  async leave(admissionId: string): Promise<"left" | "not_active"> {
    const admission = this.#book?.admission(admissionId) ?? null;
    if (admission === null) return "not_active";
    const left = admissions.leave(admission, Date.now());
    if (left.outcome === "left") this.#book?.settle(left.admission, "left");
    return left.outcome;
  }

  /** An origin gives its shopper more time; the token is new, the seat the same. */
  async extend(id: string, seconds: number, device: Device): Promise<AdmitOutcome | NotActive> {
    const book = this.#book;
    const admission = book?.admission(id) ?? null;
    if (book === null || admission === null) return NOT_ACTIVE;
    const { endsAt_ms } = book.room.schedule;
    const extended = admissions.extend(admission, { seconds, endsAt_ms }, Date.now());
    if (extended.outcome.kind === "not_active") return NOT_ACTIVE;
    if (extended.admission !== admission) book.update(extended.admission);
    return signedAdmission(this.env, book, extended.admission, device);
  }

  async beginOrder(admissionId: string, order: string): Promise<admissions.BeginOrderOutcome> {
    const admission = this.#book?.admission(admissionId) ?? null;
    if (admission === null) return { kind: "admission_required" };
    const begun = admissions.beginOrder(admission, order, Date.now());
    if (begun.admission !== admission) this.#book?.update(begun.admission);
    return begun.outcome;
  }

  async finishOrder(
    admissionId: string,
    order: string,
    how: "spend" | "hand_back",
  ): Promise<"finished" | "not_in_progress"> {
    const book = this.#book;
    const admission = book?.admission(admissionId) ?? null;
    if (admission === null || book === null) return "not_in_progress";
    const { ordersPerAdmission } = book.foundation.sale.admission;
    const done = admissions.finishOrder(admission, order, how, ordersPerAdmission);
    const spent = done.admission.standing === "spent" && admission.standing === "active";
    if (spent) book.settle(done.admission, "spent");
    else if (done.admission !== admission) book.update(done.admission);
    return done.outcome;
  }

  override async alarm(): Promise<void> {
    await this.#survive("tick_failed", this.#tick());
    const sent = this.#tables.events.send(this.env.EVENTS_QUEUE, Date.now());
    await this.#survive("events_failed", sent);
    this.#alarm.fired();
    await this.#armTick();
  }

  /** The room must go on ticking whatever a tick met; the platform gives up after six tries. */
  async #survive(event: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown";
      console.error(JSON.stringify({ at: "waiting-room", event, why }));
    }
  }

  async #tick(): Promise<void> {
    if (this.#book === null) return;
    this.#book.expireAdmissions(Date.now());
    const looked = this.#pipeline.look(this.#book.room, Date.now());
    const arrivals = await this.#closeCohorts(this.#book);
    await this.#addBooths(this.#book);
    await looked;
    // While the others answered, claims and changes went on: the tick works on what is now.
    const [book, now] = [this.#book, Date.now()];
    const pipelineBears = bears(this.#pipeline.reading, book.backlogAge_ms(now), now);
    book.save(calls.tick(book.room, book.rules, { arrivals, pipelineBears }, now));
  }

  /** Cohorts that every booth has counted; true when anybody had come. */
  async #closeCohorts(book: RoomBook): Promise<boolean> {
    const { method } = book.foundation.sale.admission;
    if (!calls.cohortsClose(book.room, method, Date.now())) return false;
    let arrivals = false;
    for (const { lane, k, counts } of await this.#booths.closeCohorts(book)) {
      this.#book?.addCohort(lane, k, counts);
      arrivals ||= placesIn(counts) > 0;
    }
    return arrivals;
  }

  async #addBooths(book: RoomBook): Promise<void> {
    const booths = await this.#booths.openMore(book);
    if (booths !== null) this.#book?.addBooths(booths);
  }

  /** A tick that comes early is harmless; one that is put off again and again is not. */
  async #armTick(): Promise<void> {
    if (this.#book === null) return;
    const { foundation, room } = this.#book;
    const { sale, booths } = foundation;
    const now = Date.now();
    const next_ms = calls.nextTickAt(room, sale.admission.method, now);
    const growing = next_ms !== null && boothsOf(sale) > booths;
    const owed_ms = this.#tables.events.dueAt_ms(now);
    await this.#alarm.arm([next_ms, growing ? now + TICK_MS : null, owed_ms], now);
  }
}

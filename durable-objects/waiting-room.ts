/**
 * WaitingRoom: one sale's room. It ticks once a second, calls whoever is next, and admits who was
 * called.
 *
 * Guarantee: the state is durable before anybody hears of it; called only grows; an admission is
 * issued once per ticket. It keeps nothing about who waits, so its work does not grow with the
 * line. Not for answering polls: gates do that from `snapshot()`, which they fetch once a second.
 */
import { DurableObject } from "cloudflare:workers";
import * as admissions from "../src/domain/admission.ts";
import {
  commitmentOf,
  placesIn,
  rankOf,
  seedOf,
  type CohortManifest,
  type Place,
} from "../src/domain/cohort.ts";
import { BOOTH_ANSWER_TIMEOUT_MS } from "../src/domain/limits.ts";
import * as calls from "../src/domain/room-calls.ts";
import * as claims from "../src/domain/room-claims.ts";
import * as rooms from "../src/domain/room.ts";
import {
  boothsOf,
  phaseAt,
  revisionRefusals,
  type AdmissionChange,
  type RevisionRefused,
  type Sale,
} from "../src/domain/sale.ts";
import { signAdmission } from "../src/tokens/admissions.ts";
import { readSecrets } from "../src/tokens/secrets.ts";
import { closeCohortAtBooths } from "./cohort-closing.ts";
import { RoomTables, type Foundation } from "./room-tables.ts";

/** A room that was never founded; callers turn it into `sale_not_found`. */
export type NoSale = { readonly kind: "no_sale" };
const NO_SALE: NoSale = { kind: "no_sale" };

export type ConfigureOutcome =
  | {
      readonly kind: "created" | "revised" | "unchanged";
      readonly revision: number;
      readonly booths: number;
    }
  | { readonly kind: "refused"; readonly refusals: readonly RevisionRefused[] };

export type AdmitOutcome =
  | {
      readonly kind: "admitted";
      readonly token: string;
      readonly id: string;
      readonly expiresAt_ms: number;
    }
  | Exclude<claims.AdmitNowOutcome, { kind: "admitted" }>
  | { readonly kind: "no_such_place" }
  | NoSale;

export interface RoomFigures {
  readonly kind: "figures";
  readonly sale: Sale;
  readonly revision: number;
  readonly booths: number;
  readonly commitment: string;
  /** Null until the sale has ended. */
  readonly secret: string | null;
  readonly snapshot: rooms.RoomSnapshot;
  readonly seats: rooms.RoomState["seats"];
  /** Places in closed cohorts of all lanes, and how many of them were called. */
  readonly tickets: number;
  readonly called: number;
  readonly ratePerMinute: number;
  readonly maxActive: number;
}

interface Founded {
  readonly foundation: Foundation;
  room: rooms.RoomState;
}

export class WaitingRoom extends DurableObject<GateEnv> {
  readonly #tables: RoomTables;
  #founded: Founded | null = null;
  /** Seats in use, by ticket: bounded by `maxActive`. */
  readonly #active = new Map<string, admissions.AdmissionRecord>();

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new RoomTables(ctx.storage);
    const foundation = this.#tables.foundation();
    const room = this.#tables.state();
    if (foundation === null || room === null) return;
    this.#founded = { foundation, room };
    for (const admission of this.#tables.activeAdmissions()) {
      this.#active.set(admission.ticket, admission);
    }
  }

  async configure(sale: Sale): Promise<ConfigureOutcome> {
    const now = Date.now();
    const before = this.#founded;
    if (before === null) {
      const secret = [...crypto.getRandomValues(new Uint8Array(32))]
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join("");
      const booths = boothsOf(sale);
      const foundation = { sale, revision: 1, booths, secret };
      await this.#found({ foundation, room: rooms.openRoom(sale, now) });
      return { kind: "created", revision: 1, booths };
    }
    const { foundation, room } = before;
    const { booths, revision } = foundation;
    if (JSON.stringify(foundation.sale) === JSON.stringify(sale)) {
      return { kind: "unchanged", revision, booths };
    }
    const refusals = revisionRefusals(foundation.sale, sale, phaseAt(room.schedule, now));
    if (refusals.length > 0) return { kind: "refused", refusals };
    const revised = { ...foundation, sale, revision: revision + 1 };
    const changed = rooms.reviseRoom(room, foundation.sale, sale);
    await this.#found({ foundation: revised, room: changed });
    return { kind: "revised", revision: revised.revision, booths };
  }

  async #found(founded: Founded): Promise<void> {
    this.#tables.together(() => {
      this.#tables.saveFoundation(founded.foundation);
      this.#tables.saveState(founded.room);
    });
    this.#founded = founded;
    await this.#armTick();
  }

  async document(): Promise<{ readonly sale: Sale; readonly revision: number } | null> {
    if (this.#founded === null) return null;
    const { sale, revision } = this.#founded.foundation;
    return { sale, revision };
  }

  async snapshot(): Promise<rooms.RoomSnapshot | null> {
    return this.#founded === null ? null : this.#snapshot(this.#founded, Date.now());
  }

  #snapshot({ foundation, room }: Founded, now: number): rooms.RoomSnapshot {
    const { sale, booths, revision, secret } = foundation;
    const commitment = commitmentOf(secret);
    return rooms.snapshotOf(room, sale, { booths, commitment, revision }, now);
  }

  async figures(): Promise<RoomFigures | NoSale> {
    if (this.#founded === null) return NO_SALE;
    this.#expireAdmissions(Date.now());
    const { foundation, room } = this.#founded;
    const snapshot = this.#snapshot(this.#founded, Date.now());
    const sum = (of: (lane: rooms.LaneState) => number): number =>
      room.lanes.reduce((total, lane) => total + of(lane), 0);
    return {
      kind: "figures",
      sale: foundation.sale,
      revision: foundation.revision,
      booths: foundation.booths,
      commitment: snapshot.commitment,
      secret: snapshot.phase === "ended" ? foundation.secret : null,
      snapshot,
      seats: room.seats,
      tickets: sum((lane) => lane.places),
      called: sum((lane) => lane.called),
      ratePerMinute: room.ratePerMinute,
      maxActive: room.maxActive,
    };
  }

  async manifest(lane: string, k: number): Promise<CohortManifest | null> {
    const sale = this.#founded?.foundation.sale.id;
    return sale === undefined ? null : this.#tables.manifest(sale, lane, k);
  }

  async act(action: rooms.RoomAction): Promise<rooms.ActionOutcome | NoSale> {
    if (this.#founded === null) return NO_SALE;
    const outcome = rooms.actOn(this.#founded.room, action, Date.now());
    if (outcome.kind === "done") {
      this.#save(outcome.room);
      await this.#armTick();
    }
    return outcome;
  }

  async change(change: AdmissionChange): Promise<{ readonly kind: "changed" } | NoSale> {
    if (this.#founded === null) return NO_SALE;
    this.#save(rooms.changeAdmission(this.#founded.room, change));
    return { kind: "changed" };
  }

  async reportLevel(level: rooms.StockLevel): Promise<void> {
    if (this.#founded === null) return;
    const room = rooms.reportLevel(this.#founded.room, level);
    if (room !== this.#founded.room) this.#save(room);
  }

  /** A called shopper takes up their turn. The gate has verified the ticket. */
  async claim(ticket: Place & { id: string; subject: string }): Promise<AdmitOutcome> {
    if (this.#founded === null) return NO_SALE;
    const now = Date.now();
    this.#expireAdmissions(now);
    const { foundation, room } = this.#founded;
    const manifest = this.#tables.manifest(foundation.sale.id, ticket.lane, ticket.cohort);
    const ranked = manifest === null ? null : rankOf(ticket, manifest);
    if (ranked?.kind === "no_such_place") return ranked;
    const asked: claims.Claim = {
      ticket: ticket.id,
      subject: ticket.subject,
      lane: ticket.lane,
      rank: ranked === null ? null : ranked.rank,
      existing: this.#admission(ticket.id),
      keptUntil_ms: this.#tables.keptUntil_ms(ticket.id),
    };
    return this.#admit(claims.claim(room, asked, this.#rules(), now));
  }

  /** With nobody waiting, a shopper is let in without a ticket; `id` makes it repeatable. */
  async admitNow(id: string, subject: string, lane: string): Promise<AdmitOutcome> {
    if (this.#founded === null) return NO_SALE;
    const now = Date.now();
    this.#expireAdmissions(now);
    const asked = { ticket: id, subject, lane, existing: this.#admission(id) };
    const decision = claims.admitNow(this.#founded.room, asked, this.#rules(), now);
    const outcome = await this.#admit(decision);
    if (outcome.kind === "queue") await this.#armTick();
    return outcome;
  }

  async #admit(decision: {
    room: rooms.RoomState;
    outcome: claims.AdmitNowOutcome;
  }): Promise<AdmitOutcome> {
    const { room, outcome } = decision;
    if (outcome.kind !== "admitted") {
      if (room !== this.#founded?.room) this.#save(room);
      return outcome;
    }
    const { admission, isNew } = outcome;
    if (isNew) {
      this.#tables.together(() => {
        this.#tables.saveAdmission(admission);
        this.#save(room);
      });
      this.#active.set(admission.ticket, admission);
    }
    const secrets = await readSecrets(this.env);
    if (secrets.kind !== "ready") throw new Error(secrets.missing.join("; "));
    const sale = this.#founded?.foundation.sale.id ?? "";
    const token = await signAdmission(secrets.keys, this.env.ISSUER, sale, admission);
    const { id, expiresAt_ms } = admission;
    return { kind: "admitted", token, id, expiresAt_ms };
  }

  async leave(admissionId: string): Promise<"left" | "not_active"> {
    const admission = this.#admission(ticketOf(admissionId));
    if (admission === null || this.#founded === null) return "not_active";
    const left = admissions.leave(admission, Date.now());
    if (left.outcome === "left") this.#settle(left.admission, "left");
    return left.outcome;
  }

  async beginOrder(admissionId: string, order: string): Promise<admissions.BeginOrderOutcome> {
    const admission = this.#admission(ticketOf(admissionId));
    if (admission === null) return { kind: "admission_required" };
    const begun = admissions.beginOrder(admission, order, Date.now());
    if (begun.admission !== admission) this.#update(begun.admission);
    return begun.outcome;
  }

  async finishOrder(
    admissionId: string,
    order: string,
    how: "spend" | "hand_back",
  ): Promise<"finished" | "not_in_progress"> {
    const admission = this.#admission(ticketOf(admissionId));
    if (admission === null || this.#founded === null) return "not_in_progress";
    const { ordersPerAdmission } = this.#founded.foundation.sale.admission;
    const done = admissions.finishOrder(admission, order, how, ordersPerAdmission);
    const spent = done.admission.standing === "spent" && admission.standing === "active";
    if (spent) this.#settle(done.admission, "spent");
    else if (done.admission !== admission) this.#update(done.admission);
    return done.outcome;
  }

  override async alarm(): Promise<void> {
    const founded = this.#founded;
    if (founded === null) return;
    try {
      await this.#tick(founded.foundation);
    } catch (error) {
      // The room must go on ticking whatever one tick met; the platform gives up after six tries.
      console.error(JSON.stringify({ at: "waiting-room", event: "tick_failed", why: `${error}` }));
    }
    await this.#armTick();
  }

  async #tick(foundation: Foundation): Promise<void> {
    this.#expireAdmissions(Date.now());
    const arrivals = await this.#closeCohorts(foundation);
    const { founded, rules } = { founded: this.#founded, rules: this.#rules() };
    if (founded !== null) this.#save(calls.tick(founded.room, rules, arrivals, Date.now()));
  }

  /** Closes each lane's open cohort, if all its booths answer. True when anybody had come. */
  async #closeCohorts({ sale, booths, secret }: Foundation): Promise<boolean> {
    const room = this.#founded?.room;
    if (room === undefined) return false;
    if (!calls.cohortsClose(room, sale.admission.method, Date.now())) return false;
    const closed = await Promise.all(
      room.lanes.map(async ({ id: lane, closed: k }) => {
        const stubs = Array.from({ length: booths }, (_, shard) => this.#booth(lane, shard));
        return { lane, k, counts: await closeCohortAtBooths(stubs, k, BOOTH_ANSWER_TIMEOUT_MS) };
      }),
    );
    for (const { lane, k, counts } of closed) {
      if (counts !== null) this.#addCohort({ sale: sale.id, lane, k, counts, secret });
    }
    return closed.some(({ counts }) => counts !== null && placesIn(counts) > 0);
  }

  #booth(lane: string, shard: number): DurableObjectStub<import("./ticket-booth.ts").TicketBooth> {
    const sale = this.#founded?.foundation.sale.id;
    return this.env.TICKET_BOOTH.get(this.env.TICKET_BOOTH.idFromName(`${sale}/${lane}/${shard}`));
  }

  #addCohort(cohort: {
    sale: string;
    lane: string;
    k: number;
    counts: readonly number[];
    secret: string;
  }): void {
    const founded = this.#founded;
    if (founded === null) return;
    const { sale, lane, k, counts, secret } = cohort;
    const state = founded.room.lanes.find((item) => item.id === lane);
    if (state?.closed !== k) return;
    const seed = seedOf(secret, sale, lane, k);
    const room = calls.closeCohortInRoom(founded.room, { lane, k, places: placesIn(counts) });
    this.#tables.together(() => {
      this.#tables.addManifest({ sale, lane, k, base: state.places, counts, seed });
      this.#save(room);
    });
  }

  #admission(ticket: string): admissions.AdmissionRecord | null {
    return this.#active.get(ticket) ?? this.#tables.admission(ticket);
  }

  #update(admission: admissions.AdmissionRecord): void {
    this.#tables.saveAdmission(admission);
    if (admission.standing === "active") this.#active.set(admission.ticket, admission);
    else this.#active.delete(admission.ticket);
  }

  /** An admission ends: its record and the seat count change together. */
  #settle(admission: admissions.AdmissionRecord, how: "spent" | "left" | "expired"): void {
    const founded = this.#founded;
    if (founded === null) return;
    this.#tables.together(() => {
      this.#update(admission);
      this.#save(claims.freeSeat(founded.room, how));
    });
  }

  #expireAdmissions(now: number): void {
    for (const admission of this.#active.values()) {
      if (admissions.standingAt(admission, now) !== "expired") continue;
      this.#settle({ ...admission, standing: "expired" }, "expired");
    }
  }

  #rules(): claims.ClaimRules {
    const rules = this.#founded?.foundation.sale.admission;
    return {
      claimWindow_ms: (rules?.claimWindowSeconds ?? 0) * 1000,
      session_ms: (rules?.sessionSeconds ?? 0) * 1000,
      overcall: rules?.overcall ?? 1,
    };
  }

  #save(room: rooms.RoomState): void {
    this.#tables.saveState(room);
    if (this.#founded !== null) this.#founded.room = room;
  }

  async #armTick(): Promise<void> {
    if (this.#founded === null) return;
    const { foundation, room } = this.#founded;
    const at = calls.nextTickAt(room, foundation.sale.admission.method, Date.now());
    if (at === null) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(at);
  }
}

/** The admission's id is made from its ticket's, see `room-claims.ts`. */
function ticketOf(admissionId: string): string {
  return admissionId.replace(/^adm_/, "");
}

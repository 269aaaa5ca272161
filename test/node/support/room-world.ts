/**
 * A waiting room with its shoppers, for laws: people come, wait, claim, stay away, leave and buy.
 * It does by hand what the WaitingRoom object does with the rules.
 *
 * Guarantee: every promise that holds after each single step is checked after each single step.
 */
import { leave, standingAt, type AdmissionRecord } from "../../../src/domain/room/admission.ts";
import { outstandingCalls } from "../../../src/domain/room/open-calls.ts";
import { closeCohortInRoom, tick, waitingIn } from "../../../src/domain/room/calls.ts";
import {
  admitNow,
  claim,
  freeSeat,
  type Claim,
  type ClaimOutcome,
} from "../../../src/domain/room/claims.ts";
import { THROTTLE_MIN } from "../../../src/domain/room/throttle.ts";
import {
  actOn,
  changeAdmission,
  isSoldOut,
  openRoom,
  reportLevel,
  type RoomState,
} from "../../../src/domain/room/room-state.ts";
import { snapshotOf } from "../../../src/domain/room/snapshot.ts";
import { revoke } from "../../../src/domain/room/revoked.ts";
import { standingOf, type ShopperState } from "../../../src/domain/room/standing.ts";
import type { Sale } from "../../../src/domain/sale/sale.ts";
import type { Act } from "./room-acts.ts";
import { extendWithinLimits, RoomTokens } from "./room-tokens.ts";

/** What a claim may be answered in each state; who is `queued` or `prequeue` was not called. */
const ANSWERS: Partial<Record<ShopperState, readonly ClaimOutcome["kind"][]>> = {
  queued: ["not_called"],
  called: ["admitted", "seats_full"],
  lapsed: ["turn_lapsed"],
  paused: ["not_called", "held_up"],
  sold_out: ["not_called", "held_up"],
};

export interface Shopper {
  readonly id: string;
  readonly lane: string;
  /** Null while the cohort is open. */
  rank: number | null;
  /** As promised when every seat was taken. */
  keptUntil_ms: number;
}

export class RoomWorld {
  room: RoomState;
  now: number;
  readonly shoppers: Shopper[] = [];
  readonly admissions = new Map<string, AdmissionRecord>();
  admittedDirectly = 0;
  readonly #rules;
  readonly #tokens = new RoomTokens();
  readonly #arrived = new Map<string, { people: Shopper[]; dead: number }>();
  #reports = 0;
  #pipelineBears = 1;
  readonly #sale: Sale;
  /** A clock may be set back; what is over stays over. */
  #latest_ms = 0;

  constructor(sale: Sale, now: number) {
    this.#sale = sale;
    this.room = openRoom(sale, now);
    this.now = now;
    const { claimWindowSeconds, sessionSeconds, overcall } = sale.admission;
    this.#rules = {
      claimWindow_ms: claimWindowSeconds * 1000,
      session_ms: sessionSeconds * 1000,
      overcall,
      unlimited: sale.items.length === 0,
    };
  }

  act(act: Act): void {
    const before = this.room;
    this.#do(act);
    this.#check(before);
  }

  #do(act: Act): void {
    switch (act.kind) {
      case "arrive":
        return this.#arrive(act.lane, act.people, act.dead);
      case "tick":
        return this.#tick(act.after_ms);
      case "claim": {
        const shopper = this.shoppers[act.who % Math.max(this.shoppers.length, 1)];
        if (shopper !== undefined) this.claim(shopper);
        return;
      }
      case "leave":
      case "spend": {
        const active = [...this.admissions.values()].filter(
          ({ standing }) => standing === "active",
        );
        const admission = active[act.who % Math.max(active.length, 1)];
        if (admission !== undefined) this.#end(admission, act.kind === "leave" ? "left" : "spent");
        return;
      }
      case "revoke":
      case "extend": {
        const admission = [...this.admissions.values()][
          act.who % Math.max(this.admissions.size, 1)
        ];
        if (admission === undefined) return;
        if (act.kind === "revoke") this.#end(admission, "left");
        else this.#extend(admission, act.seconds);
        return;
      }
      case "come_directly":
        return this.#comeDirectly();
      case "pause":
      case "resume": {
        const done = actOn(this.room, act.kind, this.now);
        if (done.kind === "done") this.room = done.room;
        return;
      }
      case "seats":
        this.room = changeAdmission(this.room, { maxActive: act.maxActive });
        return;
      case "pipeline":
        this.#pipelineBears = act.bears;
        return;
      case "stock":
        this.report(act.available, act.held);
    }
  }

  /** Of a sale without items nothing is ever reported. */
  report(available: number, held: number): void {
    if (this.#rules.unlimited) return;
    this.#reports += 1;
    const level = { sku: "AIR-42", received: 500, ordered: 0, sold: 0, buffer: 0 };
    this.room = reportLevel(this.room, { ...level, available, held, seq: this.#reports });
  }

  #arrive(lane: string, people: number, dead: number): void {
    const open = this.#arrived.get(lane) ?? { people: [], dead: 0 };
    for (let index = 0; index < people; index += 1) {
      const shopper = { id: `t${this.shoppers.length}`, lane, rank: null, keptUntil_ms: 0 };
      this.shoppers.push(shopper);
      open.people.push(shopper);
    }
    this.#arrived.set(lane, { ...open, dead: open.dead + dead });
  }

  #tick(after_ms: number): void {
    this.now += after_ms;
    this.#expire();
    let arrivals = false;
    for (const lane of this.room.lanes) {
      const { people, dead } = this.#arrived.get(lane.id) ?? { people: [], dead: 0 };
      this.#arrived.delete(lane.id);
      const places = people.length + dead;
      if (places === 0) continue;
      arrivals = true;
      people.forEach((shopper, index) => (shopper.rank = lane.places + index));
      this.room = closeCohortInRoom(this.room, { lane: lane.id, k: lane.closed, places });
    }
    const surroundings = { arrivals, pipelineBears: this.#pipelineBears };
    this.room = tick(this.room, this.#rules, surroundings, this.now);
  }

  #expire(): void {
    for (const admission of this.admissions.values()) {
      if (admission.standing !== "active" || standingAt(admission, this.now) !== "expired")
        continue;
      this.#end(admission, "expired");
    }
  }

  #end(admission: AdmissionRecord, how: "left" | "spent" | "expired"): void {
    const left = how === "left" ? leave(admission, this.now) : null;
    if (left !== null && left.outcome !== "left") return;
    this.admissions.set(admission.ticket, { ...admission, standing: how });
    this.room = freeSeat(this.room, how);
    if (how === "expired") return;
    this.room = { ...this.room, revoked: revoke(this.room.revoked, admission, this.now) };
  }

  #extend(admission: AdmissionRecord, seconds: number): void {
    const { endsAt_ms } = this.room.schedule;
    this.#keep(extendWithinLimits(admission, { seconds, endsAt_ms }, this.now));
  }

  #keep(admission: AdmissionRecord): void {
    this.admissions.set(admission.ticket, admission);
    this.#tokens.sign(admission);
  }

  claim(shopper: Shopper): ClaimOutcome {
    this.#expire();
    const first = this.#claim(shopper);
    if (first.kind === "admitted") this.#checkRepeated(shopper, first.admission);
    return first;
  }

  #asked({ id, lane, rank }: Shopper): Claim {
    const existing = this.admissions.get(id) ?? null;
    return { ticket: id, subject: `s-${id}`, lane, rank, existing };
  }

  #claim(shopper: Shopper): ClaimOutcome {
    const before = this.room;
    const { room, outcome } = claim(before, this.#asked(shopper), this.#rules, this.now);
    this.room = room;
    if (outcome.kind === "seats_full") shopper.keptUntil_ms = outcome.keepUntil_ms;
    if (outcome.kind !== "admitted" || !outcome.isNew) return outcome;
    const called = before.lanes.find(({ id }) => id === shopper.lane)?.called ?? 0;
    if (shopper.rank === null || shopper.rank >= called) throw new Error("let in, not called");
    if (before.paused || isSoldOut(before)) throw new Error("let in while held up");
    this.#keep(outcome.admission);
    return outcome;
  }

  #checkRepeated(shopper: Shopper, admission: AdmissionRecord): void {
    const before = this.room;
    const again = this.#claim(shopper);
    if (again.kind !== "admitted" || again.isNew || again.admission.id !== admission.id) {
      throw new Error("a repeated claim is another admission");
    }
    if (this.room !== before) throw new Error("a repeated claim changes the room");
  }

  #comeDirectly(): void {
    this.#expire();
    const id = `d${this.admissions.size}`;
    const asked = { ticket: id, subject: `s-${id}`, lane: "general", existing: null };
    const { room, outcome } = admitNow(this.room, asked, this.#rules, this.now);
    this.room = room;
    if (outcome.kind !== "admitted") return;
    this.admittedDirectly += 1;
    this.#keep(outcome.admission);
  }

  /**
   * Whoever has no admission is told by the status what a claim would be answered; whoever had one
   * gets no other with the same ticket.
   */
  #checkStatus(): void {
    this.#latest_ms = Math.max(this.#latest_ms, this.now);
    const facts = { booths: 1, commitment: "", revision: 1 };
    const snapshot = snapshotOf(this.room, this.#sale, facts, this.now);
    const seen = { snapshot, stale: false, now: this.now, chance: 0 };
    this.#tokens.check(this.admissions.values(), snapshot, this.#latest_ms);
    if (this.#rules.unlimited && (snapshot.soldOut || snapshot.unlimited !== true)) {
      throw new Error("sold out, and there is nothing to sell");
    }
    for (const shopper of this.shoppers) {
      const had = this.admissions.get(shopper.id);
      if (had !== undefined && had.standing === "active") continue;
      const { state, odds } = standingOf({ lane: shopper.lane, cohort: 0 }, shopper.rank, seen);
      const { kind } = claim(this.room, this.#asked(shopper), this.#rules, this.now).outcome;
      if (had !== undefined) {
        if (kind !== "turn_lapsed") throw new Error(`an ended turn is answered ${kind}`);
        continue;
      }
      if (!(ANSWERS[state] ?? []).includes(kind)) {
        throw new Error(`told ${state}, and the claim is answered ${kind}`);
      }
      if (kind === "turn_lapsed" && this.#latest_ms < shopper.keptUntil_ms) {
        throw new Error("a kept turn lapsed");
      }
      if (odds !== null && !(odds >= 0 && odds <= 1)) throw new Error(`the odds are ${odds}`);
    }
  }

  #checkKept(): void {
    for (const { from, to, claimed, kept, keptUntil_ms } of this.room.calls) {
      const inside = kept.every((rank) => from <= rank && rank < to);
      const twice = new Set(kept).size < kept.length;
      if (!inside || twice || claimed + kept.length > to - from) throw new Error("kept too many");
      if (kept.length > 0 && keptUntil_ms === 0) throw new Error("kept until nothing");
    }
    const { claimWindow_ms } = this.#rules;
    const counted = outstandingCalls(this.room, claimWindow_ms, this.now);
    if (counted > this.outstanding()) throw new Error("more is outstanding than is open");
  }

  outstanding(): number {
    return this.room.calls.reduce((sum, { from, to, claimed }) => sum + to - from - claimed, 0);
  }

  #check(before: RoomState): void {
    this.#checkStatus();
    this.#checkKept();
    const { room } = this;
    const { seats } = room;
    room.lanes.forEach((lane, index) => {
      const { called, lapsedBelow } = before.lanes[index] ?? lane;
      if (lane.called < called || lane.called > lane.places) throw new Error("called shrank");
      if (lane.lapsedBelow < lapsedBelow) throw new Error("lapsed ranks came back");
      if (lane.lapsedBelow > lane.called || waitingIn(lane) < 0) throw new Error("uncalled lapsed");
    });
    const active = [...this.admissions.values()].filter(({ standing }) => standing === "active");
    if (seats.active !== active.length) throw new Error("seats in use are miscounted");
    // Seats taken away leave those who are in where they are; nobody is added.
    const most = Math.max(room.maxActive, before.seats.active);
    if (seats.active > most) throw new Error("more are in than there are seats");
    const called = room.lanes.reduce((sum, lane) => sum + lane.called, 0);
    const byCall = seats.claimed - this.admittedDirectly;
    if (called !== byCall + seats.lapsed + this.outstanding()) throw new Error("calls got lost");
    const ended = seats.spent + seats.left + seats.expired;
    if (seats.claimed !== seats.active + ended) throw new Error("admissions got lost");
    if (room.rateTokens < 0) throw new Error("called more than the rate has earned");
    const { value } = room.throttle;
    if (value < THROTTLE_MIN || value > 1) throw new Error(`the throttle is ${value}`);
    const mayCall = !before.paused && !isSoldOut(before);
    const before_called = before.lanes.reduce((sum, lane) => sum + lane.called, 0);
    if (called > before_called && !mayCall) throw new Error("called while nobody may come in");
  }
}

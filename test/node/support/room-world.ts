/**
 * The product's room with its shoppers, for laws: people come, wait, claim, stay away, leave and
 * buy, and the room dies and comes back.
 *
 * Guarantee: every promise that holds after each single step is checked after each single step.
 */
import { ROOM_RULES, type ClaimedTicket } from "../../../durable-objects/waiting-room/ports.ts";
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import { rankKeepingDraws, RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import type { CloseOutcome } from "../../../src/domain/line/booth.ts";
import type { AdmissionRecord } from "../../../src/domain/room/admission.ts";
import { waitingIn } from "../../../src/domain/room/calls.ts";
import {
  claim,
  claimRulesOf,
  type Claim,
  type ClaimOutcome,
  type ClaimRules,
} from "../../../src/domain/room/claims.ts";
import { outstandingCalls } from "../../../src/domain/room/open-calls.ts";
import { isSoldOut, type RoomState } from "../../../src/domain/room/room-state.ts";
import { standingOf, type ShopperState } from "../../../src/domain/room/standing.ts";
import { THROTTLE_MIN } from "../../../src/domain/room/throttle.ts";
import type { Sale } from "../../../src/domain/sale/sale.ts";
import { checkExtended, RoomTokens } from "./room-tokens.ts";

/** What may happen to a room. */
export type Act =
  | {
      readonly kind: "arrive";
      readonly lane: string;
      readonly people: number;
      readonly dead: number;
    }
  | { readonly kind: "tick"; readonly after_ms: number }
  | { readonly kind: "claim" | "leave" | "spend"; readonly who: number }
  /** The origin ends an admission, also one that is over already. */
  | { readonly kind: "revoke"; readonly who: number }
  | { readonly kind: "extend"; readonly who: number; readonly seconds: number }
  | { readonly kind: "come_directly" | "pause" | "resume" }
  | { readonly kind: "seats"; readonly maxActive: number }
  | { readonly kind: "pipeline"; readonly bears: number }
  | { readonly kind: "stock"; readonly available: number; readonly held: number };

/** What a claim may be answered in each state; who is `queued` or `prequeue` was not called. */
const ANSWERS: Partial<Record<ShopperState, readonly ClaimOutcome["kind"][]>> = {
  queued: ["not_called"],
  called: ["admitted", "seats_full"],
  lapsed: ["turn_lapsed"],
  paused: ["not_called", "held_up"],
  sold_out: ["not_called", "held_up"],
};

export interface Shopper {
  readonly ticket: ClaimedTicket;
  /** Null while the cohort is open. */
  rank: number | null;
  /** As promised when every seat was taken. */
  keptUntil_ms: number;
}

export class RoomWorld {
  now: number;
  readonly shoppers: Shopper[] = [];
  admittedDirectly = 0;
  readonly #memory: RoomMemory;
  readonly #rules: ClaimRules;
  readonly #rankOf = rankKeepingDraws();
  readonly #tokens = new RoomTokens();
  /** Places in the open cohort of each lane. */
  readonly #arrived = new Map<string, number>();
  #core: RoomCore;
  #reports = 0;
  #pipelineBears = 1;
  /** A clock may be set back; what is over stays over. */
  #latest_ms = 0;

  constructor(sale: Sale, now: number) {
    this.now = now;
    // One booth is enough for so few.
    this.#memory = RoomMemory.created({ ...sale, expectedShoppers: 1 }, now);
    this.#rules = claimRulesOf(sale);
    this.#core = this.#begin();
  }

  #begin(): RoomCore {
    return roomOn(this.#memory.rows(), () => this.now, {
      booth: (_sale, lane) => ({ close: async () => this.#close(lane) }),
      rules: {
        rankOf: this.#rankOf,
        tick: (room, rules, { arrivals }, now) => {
          const surroundings = { arrivals, pipelineBears: this.#pipelineBears };
          return ROOM_RULES.tick(room, rules, surroundings, now);
        },
      },
    });
  }

  get room(): RoomState {
    return this.#memory.room;
  }

  /** By ticket. */
  get admissions(): ReadonlyMap<string, AdmissionRecord> {
    return this.#memory.admissions;
  }

  /** The room dies; what begins next knows what is stored, and nothing else. */
  crash(): void {
    this.#core = this.#begin();
  }

  async act(act: Act): Promise<void> {
    const before = this.room;
    await this.#do(act);
    this.#check(before);
  }

  async #do(act: Act): Promise<void> {
    switch (act.kind) {
      case "arrive":
        return this.#arrive(act.lane, act.people, act.dead);
      case "tick":
        this.now += act.after_ms;
        return this.#tick();
      case "claim": {
        const shopper = pick(this.shoppers, act.who);
        if (shopper !== undefined) this.claim(shopper);
        return;
      }
      case "leave":
      case "spend": {
        const all = [...this.admissions.values()];
        const admission = pick(
          all.filter(({ standing }) => standing === "active"),
          act.who,
        );
        if (admission === undefined) return;
        if (act.kind === "leave") this.#core.leave(admission.id);
        else this.#spend(admission);
        return;
      }
      case "revoke":
      case "extend": {
        const admission = pick([...this.admissions.values()], act.who);
        if (admission === undefined) return;
        if (act.kind === "revoke") this.#core.leave(admission.id);
        else this.#extend(admission, act.seconds);
        return;
      }
      case "come_directly":
        return this.#comeDirectly();
      case "pause":
      case "resume":
        await this.#core.act(act.kind);
        return;
      case "seats":
        await this.#core.change({ maxActive: act.maxActive });
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
    if (this.#rules.unlimited === true) return;
    this.#reports += 1;
    const level = { sku: "AIR-42", received: 500, ordered: 0, sold: 0, buffer: 0 };
    this.#core.reportLevel({ ...level, available, held, seq: this.#reports });
  }

  #arrive(lane: string, people: number, dead: number): void {
    const places = this.#arrived.get(lane) ?? 0;
    const cohort = this.room.lanes.find(({ id }) => id === lane)?.closed ?? 0;
    for (let index = 0; index < people; index += 1) {
      const id = `t${this.shoppers.length}`;
      const place = { lane, cohort, shard: 0, index: places + index };
      const ticket = { ...place, id, subject: `s-${id}` };
      this.shoppers.push({ ticket, rank: null, keptUntil_ms: 0 });
    }
    this.#arrived.set(lane, places + people + dead);
  }

  #close(lane: string): CloseOutcome {
    const count = this.#arrived.get(lane) ?? 0;
    this.#arrived.delete(lane);
    return count === 0 ? { kind: "empty" } : { kind: "closed", count };
  }

  async #tick(): Promise<void> {
    await this.#core.tick();
    for (const shopper of this.shoppers) {
      if (shopper.rank !== null) continue;
      const manifest = this.#core.manifest(shopper.ticket.lane, shopper.ticket.cohort);
      if (manifest === null) continue;
      const ranked = this.#rankOf(shopper.ticket, manifest);
      if (ranked.kind !== "ranked") throw new Error("a place that was given has no rank");
      shopper.rank = ranked.rank;
    }
  }

  #spend({ id, ticket }: AdmissionRecord): void {
    const order = `ord_${id}`;
    if (this.#core.beginOrder(id, order).kind !== "begun") return;
    this.#core.finishOrder(id, order, "spend");
    if (this.admissions.get(ticket)?.standing !== "spent") throw new Error("bought, and not spent");
  }

  #extend(before: AdmissionRecord, seconds: number): void {
    const asked = { seconds, endsAt_ms: this.room.schedule.endsAt_ms };
    const outcome = this.#core.extend(before.id, seconds);
    const after = this.admissions.get(before.ticket);
    checkExtended(before, { outcome, after }, asked, this.now);
    if (outcome.kind !== "extended") return;
    this.#core.extend(before.id, seconds);
    if (this.admissions.get(before.ticket) !== after) throw new Error("extended twice at once");
    this.#tokens.sign(outcome.admission);
  }

  claim(shopper: Shopper): ClaimOutcome {
    const first = this.#claim(shopper);
    if (first.kind === "admitted") this.#checkRepeated(shopper, first.admission);
    return first;
  }

  #claim(shopper: Shopper): ClaimOutcome {
    const before = this.room;
    const outcome = this.#core.claim(shopper.ticket);
    if (outcome.kind === "no_sale" || outcome.kind === "no_such_place") {
      throw new Error(`a claim is answered ${outcome.kind}`);
    }
    if (outcome.kind === "seats_full") shopper.keptUntil_ms = outcome.keepUntil_ms;
    if (outcome.kind !== "admitted" || !outcome.isNew) return outcome;
    const called = before.lanes.find(({ id }) => id === shopper.ticket.lane)?.called ?? 0;
    if (shopper.rank === null || shopper.rank >= called) throw new Error("let in, not called");
    if (before.paused || isSoldOut(before)) throw new Error("let in while held up");
    this.#tokens.sign(outcome.admission);
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

  async #comeDirectly(): Promise<void> {
    const id = `d${this.admissions.size}`;
    const outcome = await this.#core.admitNow(id, `s-${id}`, "general");
    if (outcome.kind !== "admitted") return;
    this.admittedDirectly += 1;
    this.#tokens.sign(outcome.admission);
  }

  #asked({ ticket, rank }: Shopper): Claim {
    const { id, subject, lane } = ticket;
    return { ticket: id, subject, lane, rank, existing: this.admissions.get(id) ?? null };
  }

  /**
   * Those without an admission learn from the status what a claim would be answered; those who had
   * one get no other with the same ticket.
   */
  #checkStatus(): void {
    this.#latest_ms = Math.max(this.#latest_ms, this.now);
    const snapshot = this.#core.snapshot();
    if (snapshot === null) throw new Error("the room was never created");
    const seen = { snapshot, stale: false, now: this.now, chance: 0 };
    this.#tokens.check(this.admissions.values(), snapshot, this.#latest_ms);
    if (this.#rules.unlimited === true && (snapshot.soldOut || snapshot.unlimited !== true)) {
      throw new Error("sold out, and there is nothing to sell");
    }
    for (const shopper of this.shoppers) {
      const had = this.admissions.get(shopper.ticket.id);
      if (had !== undefined && had.standing === "active") continue;
      const { lane } = shopper.ticket;
      const { state, odds } = standingOf({ lane, cohort: 0 }, shopper.rank, seen);
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

function pick<Item>(items: readonly Item[], number: number): Item | undefined {
  return items[number % Math.max(items.length, 1)];
}

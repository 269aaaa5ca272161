/**
 * The room and the SKU behind the gates: state, admissions and units, moved by the rules alone.
 * It does by hand what the WaitingRoom and SkuStock objects do, and counts what that costs.
 *
 * Guarantee: the seats in use are never more than there are, or it throws.
 */
import {
  beginOrder,
  finishOrder,
  leave,
  type AdmissionRecord,
} from "../../src/domain/room/admission.ts";
import { Backlog } from "../../src/domain/room/backlog.ts";
import { bears } from "../../src/domain/room/throttle.ts";
import { closeCohortInRoom, tick } from "../../src/domain/room/calls.ts";
import {
  admitNow,
  claim,
  freeSeat,
  type AdmitNowOutcome,
  type ClaimOutcome,
} from "../../src/domain/room/claims.ts";
import {
  isSoldOut,
  openRoom,
  reportLevel,
  roomStateSchema,
  type RoomState,
} from "../../src/domain/room/room-state.ts";
import { snapshotOf, type RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { GENERAL_LANE, phaseAt, type Sale } from "../../src/domain/sale/sale.ts";
import { expire, moveStock } from "../../src/domain/stock/stock.ts";
import { StockMaps } from "./stock-maps.ts";
import type { Tally } from "./tally.ts";

export const SKU = "UNIT";
/** A gate may show what was true this long ago: a second in its memory, one in its location. */
const SNAPSHOTS_KEPT = 4;

export class RoomDesk {
  room: RoomState;
  readonly rules;
  readonly stock = new StockMaps();
  readonly #sale: Sale;
  readonly #booths: number;
  readonly #tally: Tally;
  readonly #admissions = new Map<number, AdmissionRecord>();
  readonly #backlog = new Backlog();
  readonly #snapshots: RoomSnapshot[] = [];
  #reportedSeq = 0;

  constructor(sale: Sale, booths: number, tally: Tally) {
    this.#sale = sale;
    this.#booths = booths;
    this.#tally = tally;
    const { claimWindowSeconds, sessionSeconds, overcall } = sale.admission;
    this.rules = {
      claimWindow_ms: claimWindowSeconds * 1000,
      session_ms: sessionSeconds * 1000,
      overcall,
    };
    this.room = openRoom(sale, 0);
    const received = { id: "first", kind: "receive", reason: "on sale" } as const;
    const quantity = sale.items[0]?.stock ?? 0;
    this.stock.apply(moveStock(this.stock, { ...received, quantity }, 0));
  }

  get called(): number {
    return this.room.lanes[0]?.called ?? 0;
  }

  get places(): number {
    return this.room.lanes[0]?.places ?? 0;
  }

  get openCohort(): number {
    return this.room.lanes[0]?.closed ?? 0;
  }

  snapshotAt(second: number): RoomSnapshot {
    const kept = this.#snapshots[Math.max(second, 0) % SNAPSHOTS_KEPT];
    if (kept === undefined) throw new Error("a snapshot was asked for before the first");
    return kept;
  }

  addCohort(k: number, places: number): void {
    this.room = closeCohortInRoom(this.room, { lane: GENERAL_LANE, k, places });
    this.#tally.rowsWritten += 2;
  }

  /** One second: levels are reported, the room ticks, and a new snapshot may be seen. */
  second(second: number, arrivals: boolean, evicted: boolean): void {
    const now = second * 1000;
    this.#report(now);
    if (evicted) {
      const kept: unknown = JSON.parse(JSON.stringify(this.room));
      this.room = roomStateSchema.parse(kept);
      this.#tally.roomCrashes += 1;
    }
    // No breaker opens in the simulated shop; orders may pile up.
    const pipelineBears = bears(null, this.#backlog.age_ms(now), now);
    this.room = tick(this.room, this.rules, { arrivals, pipelineBears }, now);
    this.#tally.throttleLeast = Math.min(this.#tally.throttleLeast, this.room.throttle.value);
    this.#tally.object("room", 1);
    this.#tally.rowsWritten += 2;
    const facts = { booths: this.#booths, commitment: "", revision: 1 };
    this.#snapshots[second % SNAPSHOTS_KEPT] = snapshotOf(this.room, this.#sale, facts, now);
    this.#countSeats(now);
  }

  #report(now: number): void {
    this.stock.apply(expire(this.stock, now));
    const seq = this.stock.lastSeq();
    if (seq === this.#reportedSeq) return;
    this.#reportedSeq = seq;
    this.room = reportLevel(this.room, { sku: SKU, ...this.stock.counters(), seq });
    // The SkuStock's alarm, set again; the room's row.
    this.#tally.object("stock", 1);
    this.#tally.object("room", 1);
    this.#tally.rowsWritten += 2;
  }

  #countSeats(now: number): void {
    const { room } = this;
    const tally = this.#tally;
    const { active } = room.seats;
    if (active > room.maxActive) throw new Error(`${active} are in ${room.maxActive} seats`);
    tally.seatsMost = Math.max(tally.seatsMost, active);
    if (isSoldOut(room)) {
      tally.soldOutAt_ms ??= now;
      return;
    }
    const live = phaseAt(room.schedule, now) === "live";
    if (!live || this.called >= this.places || tally.soldOutAt_ms !== null) return;
    tally.seatsWhileAnyWait.push(active);
    const { available, held } = this.stock.counters();
    const open = room.calls.reduce((sum, { from, to, claimed }) => sum + to - from - claimed, 0);
    const supply = Math.ceil((available + held) * this.rules.overcall);
    if (supply >= room.maxActive + open) tally.seatsWhileStockLasts.push(active);
  }

  claim(shopper: number, rank: number | null, now: number): ClaimOutcome {
    this.#tally.object("room", 1);
    const { room, outcome } = claim(
      this.room,
      {
        ticket: String(shopper),
        subject: String(shopper),
        lane: GENERAL_LANE,
        rank,
        existing: this.#admissions.get(shopper) ?? null,
      },
      this.rules,
      now,
    );
    this.room = room;
    this.#tally.rowsWritten += outcome.kind === "admitted" ? 2 : 1;
    if (outcome.kind === "admitted") this.#admissions.set(shopper, outcome.admission);
    if (outcome.kind === "seats_full") this.#tally.seatsFull += 1;
    return outcome;
  }

  admitNow(shopper: number, now: number): AdmitNowOutcome {
    this.#tally.object("room", 1);
    const name = String(shopper);
    const asked = { ticket: name, subject: name, lane: GENERAL_LANE, existing: null };
    const { room, outcome } = admitNow(this.room, asked, this.rules, now);
    this.room = room;
    this.#tally.rowsWritten += outcome.kind === "admitted" ? 2 : 1;
    if (outcome.kind === "admitted") this.#admissions.set(shopper, outcome.admission);
    return outcome;
  }

  admission(shopper: number): AdmissionRecord {
    const admission = this.#admissions.get(shopper);
    if (admission === undefined) throw new Error(`shopper ${shopper} was never let in`);
    return admission;
  }

  /** The seat is given back, or has run out; an admission that is over stays over. */
  end(shopper: number, how: "left" | "expired", now: number): void {
    const admission = this.admission(shopper);
    if (admission.standing !== "active") return;
    if (how === "left") {
      this.#tally.object("room", 1);
      const left = leave(admission, now);
      how = left.outcome === "left" ? "left" : "expired";
    }
    this.#admissions.set(shopper, { ...admission, standing: how });
    const took = admission.ordersDone > 0 || admission.orderInProgress !== null;
    this.room = freeSeat(this.room, how, took);
    this.#tally.rowsWritten += 2;
  }

  beginOrder(shopper: number, order: string, now: number): boolean {
    this.#tally.object("room", 1);
    this.#tally.rowsWritten += 1;
    const { admission, outcome } = beginOrder(this.admission(shopper), order, now);
    this.#admissions.set(shopper, admission);
    this.#backlog.note(admission);
    return outcome.kind === "begun";
  }

  finishOrder(shopper: number, order: string, how: "spend" | "hand_back"): void {
    this.#tally.object("room", 1);
    this.#tally.rowsWritten += 2;
    const before = this.admission(shopper);
    const { admission } = finishOrder(before, order, how, this.#sale.admission.ordersPerAdmission);
    this.#admissions.set(shopper, admission);
    this.#backlog.note(admission);
    const spent = admission.standing === "spent" && before.standing === "active";
    if (spent) this.room = freeSeat(this.room, "spent");
  }
}

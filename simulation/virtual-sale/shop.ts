/**
 * The shop of a played sale: the product's room (`RoomCore`) and one SKU, on maps.
 *
 * Guarantee: each request to the room counts for the bill. The room may be evicted at any second.
 * More seats in use than there are throw.
 */
import type { RoomCore } from "../../durable-objects/waiting-room/room-core.ts";
import type { CohortManifest, Place } from "../../src/domain/line/cohort.ts";
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import { isSoldOut, type LaneState, type RoomState } from "../../src/domain/room/room-state.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { GENERAL_LANE, type Sale } from "../../src/domain/sale/sale.ts";
import { phaseAt } from "../../src/domain/sale/schedule.ts";
import { expire, moveStock } from "../../src/domain/stock/stock.ts";
import { rankKeepingDraws, RoomMemory, roomOn } from "../memory/room-memory.ts";
import { StockMemory } from "../memory/stock-memory.ts";
import type { Booths } from "./booths.ts";
import type { Tally } from "./tally.ts";

export const SKU = "UNIT";
/** A gate may show what was true this long ago: a second in its memory, one in its location. */
const SNAPSHOTS_KEPT = 4;

export interface ShopParts {
  readonly sale: Sale;
  /** Of the draw. */
  readonly secret: string;
  readonly booths: Booths;
  readonly tally: Tally;
}

export class Shop {
  readonly stock = new StockMemory();
  readonly #parts: ShopParts;
  readonly #memory: RoomMemory;
  readonly #rankOf = rankKeepingDraws();
  readonly #snapshots: RoomSnapshot[] = [];
  #core: RoomCore;
  #now = 0;
  #reportedSeq = 0;

  /** At second 0. */
  constructor(parts: ShopParts) {
    const { sale, secret } = parts;
    this.#parts = parts;
    this.#memory = RoomMemory.created(sale, 0, { secret });
    this.#core = this.#begin();
    const received = { id: "first", kind: "receive", reason: "on sale" } as const;
    const quantity = sale.items[0]?.stock ?? 0;
    this.stock.apply(moveStock(this.stock, { ...received, quantity }, 0));
    this.#report();
    this.#show(0);
  }

  /** An instance of the room, as after an eviction. */
  #begin(): RoomCore {
    return roomOn(this.#memory.rows(), () => this.#now, {
      rules: { rankOf: this.#rankOf },
      booth: (_sale, _lane, shard) => {
        return { close: async (k, force) => this.#parts.booths.close(shard, k, force) };
      },
    });
  }

  get room(): RoomState {
    return this.#memory.room;
  }

  /** The only one. */
  get lane(): LaneState {
    const [lane] = this.room.lanes;
    if (lane === undefined) throw new Error("a room without a lane");
    return lane;
  }

  /** Of the room and the SKU. */
  get rowsWritten(): number {
    return this.#memory.rowsWritten + this.stock.rowsWritten;
  }

  manifest(k: number): CohortManifest {
    const manifest = this.#core.manifest(GENERAL_LANE, k);
    if (manifest === null) throw new Error(`cohort ${k} is not closed`);
    return manifest;
  }

  /** Of a place in a closed cohort. */
  rankOf(place: Place): number {
    const ranked = this.#rankOf(place, this.manifest(place.cohort));
    if (ranked.kind !== "ranked") throw new Error("a booth gave a place that has no rank");
    return ranked.rank;
  }

  snapshotAt(second: number): RoomSnapshot {
    const kept = this.#snapshots[Math.max(second, 0) % SNAPSHOTS_KEPT];
    if (kept === undefined) throw new Error("a snapshot was asked for before the first");
    return kept;
  }

  /** One second: levels are reported, the room ticks, and a new snapshot may be seen. */
  async second(second: number, isEvicted: boolean): Promise<void> {
    this.#now = second * 1000;
    this.#report();
    if (isEvicted) {
      this.#core = this.#begin();
      this.#parts.tally.roomCrashes += 1;
    }
    await this.#core.tick();
    this.#show(second);
  }

  #show(second: number): void {
    const snapshot = this.#core.snapshot();
    if (snapshot === null) throw new Error("the room was never created");
    this.#snapshots[second % SNAPSHOTS_KEPT] = snapshot;
    const { tally } = this.#parts;
    tally.throttleLeast = Math.min(tally.throttleLeast, snapshot.throttle);
    tally.object("room", 1);
    // Its alarm, set again.
    tally.rowsWritten += 1;
    this.#countSeats();
  }

  #report(): void {
    this.stock.apply(expire(this.stock, this.#now));
    const seq = this.stock.lastSeq();
    if (seq === this.#reportedSeq) return;
    this.#reportedSeq = seq;
    this.ask(this.#now).reportLevel({ sku: SKU, ...this.stock.counters(), seq });
    // The SkuStock's alarm, set again.
    this.#parts.tally.object("stock", 1);
    this.#parts.tally.rowsWritten += 1;
  }

  #countSeats(): void {
    const { room, lane } = this;
    const { tally } = this.#parts;
    const { active } = room.seats;
    if (active > room.maxActive) throw new Error(`${active} are in ${room.maxActive} seats`);
    tally.seatsMost = Math.max(tally.seatsMost, active);
    if (isSoldOut(room)) {
      tally.soldOutAt_ms ??= this.#now;
      return;
    }
    const live = phaseAt(room.schedule, this.#now) === "live";
    if (!live || lane.called >= lane.places || tally.soldOutAt_ms !== null) return;
    tally.seatsWhileAnyWait.push(active);
    const { available, held } = this.stock.counters();
    const open = room.calls.reduce((sum, { from, to, claimed }) => sum + to - from - claimed, 0);
    const supply = Math.ceil((available + held) * this.#parts.sale.admission.overcall);
    if (supply >= room.maxActive + open) tally.seatsWhileStockLasts.push(active);
  }

  /** The room, for one request at an instant. */
  ask(now: number): RoomCore {
    this.#now = now;
    this.#parts.tally.object("room", 1);
    return this.#core;
  }

  admission(shopper: number): AdmissionRecord {
    const admission = this.#memory.admissions.get(String(shopper));
    if (admission === undefined) throw new Error(`shopper ${shopper} was never let in`);
    return admission;
  }
}

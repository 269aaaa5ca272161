/**
 * One sale played from its opening until the last shopper is gone, in steps of a tenth of a second.
 *
 * Guarantee: the rules are those of `src/domain`, the clock is virtual and chance is seeded, so the
 * same options play the same sale. Broken promises throw: seats, ranks, the order of calls.
 */
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { seedOf } from "../../src/domain/line/cohort.ts";
import { cohortsClose } from "../../src/domain/room/calls.ts";
import { boothsOf, GENERAL_LANE, saleSchema, type Sale } from "../../src/domain/sale/sale.ts";
import { shuffledIndices } from "./shuffle-list.ts";
import { randomFrom, type Random } from "../seeded-random.ts";
import { Booths } from "./booths.ts";
import { Crowd, STAGE } from "./crowd.ts";
import type { SimulationOptions } from "./options.ts";
import { RoomDesk, SKU } from "./room-desk.ts";
import { Shopping } from "./shopping.ts";
import { Tally } from "./tally.ts";
import { Visits } from "./visits.ts";
import { EventWheel, STEP_MS } from "./wheel.ts";

const SALE_LENGTH_S = 3 * 60 * 60;
/** After the end of the sale everybody hears of it at the next poll. */
const AFTER_END_S = 120;
const ROOM_EVICTED_EVERY_S = 300;

/** Opens at instant 0 of virtual time. */
export function simulatedSale(options: SimulationOptions): Sale {
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return saleSchema.parse({
    id: "simulated",
    title: "Simulated",
    currency: "EUR",
    opensAt: at(0),
    startsAt: at(options.preQueue_s),
    endsAt: at(options.preQueue_s + SALE_LENGTH_S),
    items: [{ sku: SKU, name: "Unit", price: 10_000, stock: options.stock }],
    admission: { ratePerMinute: options.ratePerMinute, maxActive: options.maxActive },
    expectedShoppers: options.shoppers,
  });
}

export class World {
  readonly options: SimulationOptions;
  readonly crowd: Crowd;
  readonly tally = new Tally();
  readonly desk: RoomDesk;
  readonly startsAt_ms: number;
  readonly booths: Booths;
  /** When each rank was called; −1: never. */
  calledAt_ms: Int32Array;
  /** Seconds the sale was played for. */
  seconds = 0;
  readonly #sale: Sale;
  readonly #secret: string;
  readonly #chaos: Random;
  readonly #wheel: EventWheel;
  readonly #visits: Visits;
  readonly #shopping: Shopping;
  #arrived = 0;
  #ranked = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
    const random = randomFrom(`${options.seed}/shoppers`);
    this.#chaos = randomFrom(`${options.seed}/crashes`);
    this.#secret = bytesToHex(sha256(utf8ToBytes(`${options.seed}/secret`)));
    this.#sale = simulatedSale(options);
    const { tally } = this;
    this.booths = new Booths(options.booths ?? boothsOf(this.#sale), tally);
    this.desk = new RoomDesk(this.#sale, this.booths.count, tally);
    this.crowd = new Crowd(options, randomFrom(`${options.seed}/crowd`));
    this.startsAt_ms = options.preQueue_s * 1000;
    this.calledAt_ms = new Int32Array(options.shoppers).fill(-1);
    this.#wheel = new EventWheel(options.shoppers);
    const { crowd, desk, booths } = this;
    const parts = { crowd, desk, wheel: this.#wheel, tally, random };
    this.#shopping = new Shopping(options, parts);
    this.#second(0);
    const judge = randomFrom(`${options.seed}/judge`);
    const more = { booths, judge, shopping: this.#shopping };
    this.#visits = new Visits({ ...parts, ...more }, this.startsAt_ms);
  }

  /** Plays until nobody is left; `onSecond` is called after each second of virtual time. */
  run(onSecond: () => void = () => undefined): void {
    const steps = 1000 / STEP_MS;
    const last_s = this.options.preQueue_s + SALE_LENGTH_S + AFTER_END_S;
    for (let step = 1; step <= last_s * steps && !this.#over(); step += 1) {
      const now = step * STEP_MS;
      if (step % steps === 0) {
        this.#second(step / steps);
        onSecond();
      }
      this.#arrivals(now);
      this.#wheel.turnTo(now, (shopper) => this.#happen(shopper, now));
    }
    this.seconds = Math.max(this.seconds, 1);
  }

  #over(): boolean {
    if (this.#arrived < this.crowd.size || this.seconds % 60 !== 0) return false;
    return this.crowd.stage.every((stage) => stage === STAGE.gone);
  }

  #arrivals(now: number): void {
    const { crowd } = this;
    while (this.#arrived < crowd.size && (crowd.arrivesAt_ms[this.#arrived] ?? 0) <= now) {
      this.#visits.arrive(this.#arrived, now);
      this.#arrived += 1;
    }
  }

  #happen(shopper: number, now: number): void {
    const stage = this.crowd.stage[shopper] ?? STAGE.gone;
    if (stage === STAGE.waiting || stage === STAGE.claiming) this.#visits.happen(shopper, now);
    else this.#shopping.happen(shopper, now);
  }

  /** The room's tick: cohorts close, calls are made; and what gates asked of it is counted. */
  #second(second: number): void {
    const { tally, desk, options } = this;
    const now = second * 1000;
    // Each location that was asked anything in this second has refreshed its snapshot once.
    tally.object("room", Math.min(options.locations, tally.pollsInSecond));
    tally.endSecond(second);
    this.seconds = second;
    this.booths.second(now, this.#chaos, options.crashes);
    let arrivals = false;
    if (second > 0 && cohortsClose(desk.room, this.#sale.admission.method, now)) {
      arrivals = this.#closeCohort(desk.openCohort);
    }
    const evicted = options.crashes && second % ROOM_EVICTED_EVERY_S === ROOM_EVICTED_EVERY_S - 1;
    const before = desk.called;
    desk.second(second, arrivals, evicted);
    if (desk.called < before) throw new Error("called shrank");
    for (let rank = before; rank < desk.called; rank += 1) this.calledAt_ms[rank] = now;
  }

  #closeCohort(k: number): boolean {
    const { tally, desk, crowd } = this;
    const counts = this.booths.close(k);
    if (counts === null) return false;
    const firstOf: number[] = [];
    let places = 0;
    for (const count of counts) {
      firstOf.push(places);
      places += count;
    }
    const base = desk.places;
    desk.addCohort(k, places);
    this.#makeRoomFor(base + places);
    const seed = hexToBytes(seedOf(this.#secret, this.#sale.id, GENERAL_LANE, k));
    const drawn = shuffledIndices(places, seed);
    const members = this.#visits.takeMembers(k);
    for (const shopper of members) {
      const place = (firstOf[crowd.shard[shopper] ?? 0] ?? 0) + (crowd.index[shopper] ?? 0);
      crowd.rank[shopper] = base + (drawn[place] ?? 0);
    }
    this.#ranked += members.length;
    if (this.#ranked > base + places) throw new Error("more ranks than places");
    tally.cohorts += 1;
    tally.deadRanks += places - members.length;
    // Each location fetches the manifest once, when the first of its shoppers asks.
    tally.object("room", Math.min(this.options.locations, members.length));
    return places > 0;
  }

  #makeRoomFor(ranks: number): void {
    if (ranks <= this.calledAt_ms.length) return;
    const more = new Int32Array(Math.ceil(ranks * 1.2)).fill(-1);
    more.set(this.calledAt_ms);
    this.calledAt_ms = more;
  }
}

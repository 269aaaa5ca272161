/**
 * One sale played from its opening until the last shopper is gone, in steps of a tenth of a second.
 *
 * Guarantee: the room is the product's and the other rules are those of `src/domain`, the clock is
 * virtual and randomness is seeded, so the same options play the same sale. Broken promises throw:
 * seats, ranks, the order of calls.
 */
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { placesIn } from "../../src/domain/line/cohort.ts";
import { JOINS_PER_BOOTH_PER_SECOND } from "../../src/domain/limits.ts";
import { boothsOf, saleSchema, type Sale } from "../../src/domain/sale/sale.ts";
import { randomFrom, type Random } from "../seeded-random.ts";
import { Booths } from "./booths.ts";
import { drawCrowd, STAGE, ticketOf, type Crowd } from "./crowd.ts";
import type { SimulationOptions } from "./options.ts";
import { Shop, SKU } from "./shop.ts";
import { Shopping } from "./shopping.ts";
import { Tally } from "./tally.ts";
import { Visits } from "./visits.ts";
import { EventWheel, STEP_MS } from "./wheel.ts";

/** Until everybody has polled once after the end of the sale. */
const AFTER_END_S = 120;
const ROOM_EVICTED_EVERY_S = 300;

/** Opens at instant 0 of virtual time. */
export function simulatedSale(options: SimulationOptions): Sale {
  const { booths, shoppers } = options;
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return saleSchema.parse({
    id: "simulated",
    title: "Simulated",
    currency: "EUR",
    opensAt: at(0),
    startsAt: at(options.preQueue_s),
    endsAt: at(options.preQueue_s + options.endsAfter_s),
    items: [{ sku: SKU, name: "Unit", price: 10_000, stock: options.stock }],
    admission: { ratePerMinute: options.ratePerMinute, maxActive: options.maxActive },
    // It decides on nothing but the number of booths, for a crowd that comes in ten seconds.
    expectedShoppers: booths === null ? shoppers : booths * JOINS_PER_BOOTH_PER_SECOND * 10,
  });
}

export class World {
  readonly options: SimulationOptions;
  readonly crowd: Crowd;
  readonly tally = new Tally();
  readonly shop: Shop;
  readonly startsAt_ms: number;
  readonly booths: Booths;
  /** When each rank was called; −1: never. */
  calledAt_ms: Int32Array;
  /** Seconds the sale was played for. */
  seconds = 0;
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
    const secret = bytesToHex(sha256(utf8ToBytes(`${options.seed}/secret`)));
    const sale = simulatedSale(options);
    const { tally } = this;
    this.booths = new Booths(boothsOf(sale), tally);
    this.#beginSecond(0);
    this.shop = new Shop({ sale, secret, booths: this.booths, tally });
    this.crowd = drawCrowd(options, randomFrom(`${options.seed}/crowd`));
    this.startsAt_ms = options.preQueue_s * 1000;
    this.calledAt_ms = new Int32Array(options.shoppers).fill(-1);
    this.#wheel = new EventWheel(options.shoppers);
    const { crowd, shop, booths } = this;
    const parts = { crowd, shop, wheel: this.#wheel, tally, random };
    this.#shopping = new Shopping(options, parts);
    const judge = randomFrom(`${options.seed}/judge`);
    const more = { booths, judge, shopping: this.#shopping };
    this.#visits = new Visits({ ...parts, ...more }, this.startsAt_ms);
  }

  /** Plays until nobody is left; `onSecond` is called after each second of virtual time. */
  async run(onSecond: () => void = () => undefined): Promise<void> {
    const steps = 1000 / STEP_MS;
    const last_s = this.options.preQueue_s + this.options.endsAfter_s + AFTER_END_S;
    for (let step = 1; step <= last_s * steps && !this.#over(); step += 1) {
      const now = step * STEP_MS;
      if (step % steps === 0) {
        await this.#second(step / steps);
        onSecond();
      }
      await this.#arrivals(now);
      this.#wheel.turnTo(now, (shopper) => this.#happen(shopper, now));
    }
    this.seconds = Math.max(this.seconds, 1);
  }

  #over(): boolean {
    if (this.#arrived < this.crowd.size || this.seconds % 60 !== 0) return false;
    return this.crowd.stage.every((stage) => stage === STAGE.gone);
  }

  async #arrivals(now: number): Promise<void> {
    const { crowd } = this;
    while (this.#arrived < crowd.size && (crowd.arrivesAt_ms[this.#arrived] ?? 0) <= now) {
      await this.#visits.arrive(this.#arrived, now);
      this.#arrived += 1;
    }
  }

  #happen(shopper: number, now: number): void {
    const stage = this.crowd.stage[shopper] ?? STAGE.gone;
    if (stage === STAGE.waiting || stage === STAGE.claiming) this.#visits.happen(shopper, now);
    else this.#shopping.happen(shopper, now);
  }

  /** Counts the gates' requests of the second before; booths sleep, wake and die. */
  #beginSecond(second: number): void {
    const { tally, options } = this;
    // Each location with a request in this second has refreshed its snapshot once.
    tally.object("room", Math.min(options.locations, tally.pollsInSecond));
    tally.endSecond(second);
    this.seconds = second;
    this.booths.second(second * 1000, this.#chaos, options.crashes);
  }

  /** The room's tick: cohorts close, calls are made. */
  async #second(second: number): Promise<void> {
    this.#beginSecond(second);
    const { shop, options } = this;
    const { called, closed } = shop.lane;
    const isLast = second % ROOM_EVICTED_EVERY_S === ROOM_EVICTED_EVERY_S - 1;
    await shop.second(second, options.crashes && isLast);
    const { lane } = shop;
    if (lane.closed > closed) this.#rankCohort(closed);
    if (lane.called < called) throw new Error("called shrank");
    this.calledAt_ms.fill(second * 1000, called, lane.called);
  }

  /** Those who joined a cohort learn their ranks when it has closed. */
  #rankCohort(k: number): void {
    const { tally, crowd, shop } = this;
    const { base, counts } = shop.manifest(k);
    const places = placesIn(counts);
    this.#makeRoomFor(base + places);
    const members = this.#visits.takeMembers(k);
    for (const shopper of members) crowd.rank[shopper] = shop.rankOf(ticketOf(crowd, shopper));
    this.#ranked += members.length;
    if (this.#ranked > base + places) throw new Error("more ranks than places");
    tally.cohorts += 1;
    tally.deadRanks += places - members.length;
    // Each location fetches the manifest once, for the first of its shoppers.
    tally.object("room", Math.min(this.options.locations, members.length));
  }

  #makeRoomFor(ranks: number): void {
    if (ranks <= this.calledAt_ms.length) return;
    const more = new Int32Array(Math.ceil(ranks * 1.2)).fill(-1);
    more.set(this.calledAt_ms);
    this.calledAt_ms = more;
  }
}

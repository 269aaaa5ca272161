/**
 * How a shopper waits: joins, polls exactly when due, and claims when called.
 *
 * Guarantee: what a shopper knows is what a gate would answer, from a snapshot that may be two
 * seconds old; nobody here looks into the room. A place comes from a booth, a rank from the draw.
 */
import { CLAIM_RETRY_S } from "../../src/domain/limits.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { GENERAL_LANE } from "../../src/domain/sale/sale.ts";
import { standingOf, type Standing } from "../../src/domain/room/standing.ts";
import { between, type Random } from "../seeded-random.ts";
import type { Booths } from "./booths.ts";
import { FATE, INTENT, STAGE, ticketOf } from "./crowd.ts";
import type { Shopping, ShoppingParts } from "./shopping.ts";

/** A silent shopper closes the tab after so many polls at most. */
const SILENT_POLLS_MAX = 20;
/** When nothing is left, one in five stays for some polls, because units may be returned. */
const STAYING_EVERY = 5;
const STAYING_POLLS = 5;

export interface VisitParts extends ShoppingParts {
  readonly booths: Booths;
  readonly shopping: Shopping;
  /** Picks what is judged; a stream of its own, so that judging changes nothing. */
  readonly judge: Random;
}

export class Visits {
  readonly #parts: VisitParts;
  readonly #startsAt_ms: number;
  /** Reused for every poll; a million shoppers poll tens of millions of times. */
  readonly #ticket = { lane: GENERAL_LANE, cohort: 0 };
  readonly #seen: { snapshot: RoomSnapshot; stale: false; now: number; chance: number };
  /** Who joined which cohort: its draw is of these. */
  readonly #members = new Map<number, number[]>();

  constructor(parts: VisitParts, startsAt_ms: number) {
    this.#parts = parts;
    this.#startsAt_ms = startsAt_ms;
    this.#seen = { snapshot: parts.shop.snapshotAt(0), stale: false, now: 0, chance: 0 };
  }

  /** Those who joined a cohort that is closing. */
  takeMembers(k: number): readonly number[] {
    const members = this.#members.get(k) ?? [];
    this.#members.delete(k);
    return members;
  }

  /** What the gate of this shopper's location knows at an instant. */
  #look(shopper: number, now: number): RoomSnapshot {
    const age_ms = (shopper % 20) * 100;
    return this.#parts.shop.snapshotAt(Math.floor((now - age_ms) / 1000));
  }

  #standing(shopper: number, now: number): Standing {
    const { crowd, random } = this.#parts;
    const snapshot = this.#look(shopper, now);
    const cohort = crowd.cohort[shopper] ?? 0;
    const closed = snapshot.lanes[GENERAL_LANE]?.closed ?? 0;
    this.#ticket.cohort = cohort;
    this.#seen.snapshot = snapshot;
    this.#seen.now = now;
    this.#seen.chance = random();
    const rank = cohort < closed ? (crowd.rank[shopper] ?? null) : null;
    return standingOf(this.#ticket, rank, this.#seen);
  }

  async arrive(shopper: number, now: number): Promise<void> {
    const { crowd, shop, booths, shopping, tally, random, wheel } = this.#parts;
    // The page, and the request that joins.
    tally.workerRequests += 2;
    tally.joins += 1;
    const { phase, queueing } = this.#look(shopper, now);
    if (phase === "ended") return this.#end(shopper, FATE.told, now);
    if (phase === "live" && !queueing) {
      const name = String(shopper);
      const { kind } = await shop.ask(now).admitNow(name, name, GENERAL_LANE);
      if (kind === "admitted") {
        this.#fate(shopper, FATE.admitted, now);
        return shopping.enter(shopper, now);
      }
    }
    const shard = Math.floor(random() * booths.count);
    const place = booths.join(shard, now, this.#startsAt_ms);
    crowd.cohort[shopper] = place.cohort;
    crowd.shard[shopper] = shard;
    crowd.index[shopper] = place.index;
    const members = this.#members.get(place.cohort);
    if (members === undefined) this.#members.set(place.cohort, [shopper]);
    else members.push(shopper);
    crowd.stage[shopper] = STAGE.waiting;
    const { pollAfter_s } = this.#standing(shopper, now);
    wheel.schedule(shopper, now + pollAfter_s * 1000);
  }

  happen(shopper: number, now: number): void {
    if (this.#parts.crowd.stage[shopper] === STAGE.claiming) this.#claim(shopper, now);
    else this.#poll(shopper, now);
  }

  #poll(shopper: number, now: number): void {
    const { crowd, tally, wheel, random } = this.#parts;
    const polls = (crowd.polls[shopper] ?? 0) + 1;
    crowd.polls[shopper] = polls;
    tally.polls += 1;
    tally.workerRequests += 1;
    const standing = this.#standing(shopper, now);
    const intent = crowd.intent[shopper] ?? INTENT.come;
    this.#note(shopper, standing, now);
    switch (standing.state) {
      case "called":
        if (intent !== INTENT.come) return this.#end(shopper, FATE.lapsed, now);
        // The page opens the door by itself, or its owner reaches for it.
        crowd.stage[shopper] = STAGE.claiming;
        return wheel.schedule(shopper, now + between(random, 200, 2000));
      case "lapsed":
        return this.#end(shopper, FATE.lapsed, now);
      case "ended":
        return this.#end(shopper, FATE.told, now);
      case "sold_out":
        this.#fate(shopper, FATE.told, now);
        if (!this.#stays(shopper)) return this.#end(shopper, FATE.told, now);
        break;
      default:
        if (intent === INTENT.silent && random() * SILENT_POLLS_MAX < 1) {
          return this.#end(shopper, FATE.vanished, now);
        }
    }
    wheel.schedule(shopper, now + standing.pollAfter_s * 1000);
  }

  #stays(shopper: number): boolean {
    const { crowd } = this.#parts;
    const stayed = (crowd.stayed[shopper] ?? 0) + 1;
    crowd.stayed[shopper] = stayed;
    return shopper % STAYING_EVERY === 0 && stayed <= STAYING_POLLS;
  }

  /**
   * The estimates are judged by the first with a known position; the odds also by those of one
   * later poll, picked by chance.
   */
  #note(shopper: number, { state, wait, odds }: Standing, now: number): void {
    const { crowd, judge } = this.#parts;
    if (state !== "queued" || wait === null) return;
    if ((crowd.statedAt_ms[shopper] ?? 0) >= 0) {
      const polls = (crowd.laterPolls[shopper] ?? 0) + 1;
      crowd.laterPolls[shopper] = polls;
      if (judge() * polls < 1) crowd.laterOdds[shopper] = odds ?? -1;
      return;
    }
    crowd.statedAt_ms[shopper] = now;
    crowd.statedLow_s[shopper] = wait.low_s;
    crowd.statedHigh_s[shopper] = wait.high_s;
    crowd.statedOdds[shopper] = odds ?? -1;
  }

  #claim(shopper: number, now: number): void {
    const { crowd, shop, shopping, tally, wheel } = this.#parts;
    tally.claims += 1;
    tally.workerRequests += 1;
    const { kind } = shop.ask(now).claim(ticketOf(crowd, shopper));
    switch (kind) {
      case "admitted":
        this.#fate(shopper, FATE.admitted, now);
        return shopping.enter(shopper, now);
      case "seats_full":
        tally.seatsFull += 1;
        return wheel.schedule(shopper, now + CLAIM_RETRY_S * 1000);
      case "turn_lapsed":
        return this.#end(shopper, FATE.lapsed, now);
      case "sale_over":
        return this.#end(shopper, FATE.told, now);
      case "held_up":
      case "not_called":
        crowd.stage[shopper] = STAGE.waiting;
        return wheel.schedule(shopper, now + CLAIM_RETRY_S * 1000);
      case "no_such_place":
      case "no_sale":
        throw new Error(`the claim of shopper ${shopper} is answered ${kind}`);
    }
  }

  /** The first end of the waiting counts, but an admission always does. */
  #fate(shopper: number, fate: number, now: number): void {
    const { crowd } = this.#parts;
    if (crowd.fate[shopper] !== FATE.none && fate !== FATE.admitted) return;
    crowd.fate[shopper] = fate;
    crowd.fateAt_ms[shopper] = now;
  }

  #end(shopper: number, fate: number, now: number): void {
    this.#fate(shopper, fate, now);
    this.#parts.crowd.stage[shopper] = STAGE.gone;
  }
}

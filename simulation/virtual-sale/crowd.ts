/**
 * The shoppers: when each comes, what each intends, and what became of each, in typed arrays.
 *
 * Guarantee: the same options and seed make the same crowd. Instants are milliseconds since the
 * sale opened. Not for behaviour: `visits.ts` plays it.
 */
import type { ClaimedTicket } from "../../durable-objects/waiting-room/room-core.ts";
import { GENERAL_LANE } from "../../src/domain/sale/sale.ts";
import type { Random } from "../seeded-random.ts";
import type { SimulationOptions } from "./options.ts";

/** What a shopper does next. */
export const STAGE = {
  arriving: 0,
  waiting: 1,
  claiming: 2,
  choosing: 3,
  ordering: 4,
  paying: 5,
  leaving: 6,
  drifting: 7,
  gone: 8,
} as const;

/** How the waiting ended. */
export const FATE = { none: 0, admitted: 1, lapsed: 2, told: 3, vanished: 4 } as const;

/** `silent` closes the tab while waiting; `absent` is not there when the turn comes. */
export const INTENT = { come: 0, absent: 1, silent: 2 } as const;

/** Half of a flash crowd is early: as many as are on their way for the start, more and more. */
const EARLY_SHARE = 0.4;
const FLASH_SCALE_MS = 15_000;
const RAMP_MS = 10 * 60 * 1000;

export class Crowd {
  readonly size: number;
  readonly arrivesAt_ms: Int32Array;
  readonly stage: Uint8Array;
  readonly intent: Uint8Array;
  readonly fate: Uint8Array;
  readonly fateAt_ms: Int32Array;
  readonly cohort: Int32Array;
  readonly shard: Uint8Array;
  readonly index: Int32Array;
  readonly rank: Int32Array;
  readonly polls: Uint16Array;
  /** What was said when the position was first known: when (−1: never), the wait, the odds. */
  readonly statedAt_ms: Int32Array;
  readonly statedLow_s: Float32Array;
  readonly statedHigh_s: Float32Array;
  readonly statedOdds: Float32Array;
  /** The odds said at one of the polls since, each as likely as the other; −1: never. */
  readonly laterOdds: Float32Array;
  readonly laterPolls: Uint16Array;
  /** Polls after having been told that nothing is left. */
  readonly stayed: Uint8Array;

  constructor(options: SimulationOptions, random: Random) {
    const { shoppers } = options;
    this.size = shoppers;
    this.arrivesAt_ms = arrivals(options, random);
    this.stage = new Uint8Array(shoppers);
    this.intent = new Uint8Array(shoppers);
    this.fate = new Uint8Array(shoppers);
    this.fateAt_ms = new Int32Array(shoppers);
    this.cohort = new Int32Array(shoppers).fill(-1);
    this.shard = new Uint8Array(shoppers);
    this.index = new Int32Array(shoppers);
    this.rank = new Int32Array(shoppers).fill(-1);
    this.polls = new Uint16Array(shoppers);
    this.statedAt_ms = new Int32Array(shoppers).fill(-1);
    this.statedLow_s = new Float32Array(shoppers);
    this.statedHigh_s = new Float32Array(shoppers);
    this.statedOdds = new Float32Array(shoppers).fill(-1);
    this.laterOdds = new Float32Array(shoppers).fill(-1);
    this.laterPolls = new Uint16Array(shoppers);
    this.stayed = new Uint8Array(shoppers);
    for (let shopper = 0; shopper < shoppers; shopper += 1) {
      if (random() >= options.noShows) continue;
      this.intent[shopper] = random() < 0.5 ? INTENT.silent : INTENT.absent;
    }
  }

  ticketOf(shopper: number): ClaimedTicket {
    const id = String(shopper);
    return {
      id,
      subject: id,
      lane: GENERAL_LANE,
      cohort: this.cohort[shopper] ?? -1,
      shard: this.shard[shopper] ?? 0,
      index: this.index[shopper] ?? 0,
    };
  }
}

function arrivals(options: SimulationOptions, random: Random): Int32Array {
  const { shoppers, preQueue_s, arrive } = options;
  const start_ms = preQueue_s * 1000;
  const times = new Int32Array(shoppers);
  for (let shopper = 0; shopper < shoppers; shopper += 1) {
    if (arrive === "ramp") {
      times[shopper] = start_ms + RAMP_MS * Math.sqrt(random());
    } else if (random() < EARLY_SHARE) {
      times[shopper] = start_ms * Math.sqrt(random());
    } else {
      const two = Math.max(random() * random(), 1e-9);
      times[shopper] = start_ms - FLASH_SCALE_MS * Math.log(two);
    }
  }
  return times.toSorted();
}

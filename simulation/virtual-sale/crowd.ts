/**
 * The shoppers: when each comes, what each intends, and what became of each, in typed arrays.
 *
 * Guarantee: the same options and seed make the same crowd. Instants are milliseconds since the
 * sale opened. Not for behaviour: `visits.ts` plays it.
 */
import type { ClaimedTicket } from "../../durable-objects/waiting-room/ports.ts";
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

/** The part of a flash crowd that comes before the start, more and more towards it. */
const EARLY_SHARE = 0.4;
const FLASH_SCALE_MS = 15_000;
const RAMP_MS = 10 * 60 * 1000;

export type Crowd = ReturnType<typeof drawCrowd>;

export function drawCrowd(options: SimulationOptions, random: Random) {
  const size = options.shoppers;
  const crowd = {
    size,
    arrivesAt_ms: arrivals(options, random),
    stage: new Uint8Array(size),
    intent: new Uint8Array(size),
    fate: new Uint8Array(size),
    fateAt_ms: new Int32Array(size),
    cohort: new Int32Array(size).fill(-1),
    shard: new Uint8Array(size),
    index: new Int32Array(size),
    rank: new Int32Array(size).fill(-1),
    polls: new Uint16Array(size),
    /** The first estimate with a known position: its instant (−1: never), wait and odds. */
    statedAt_ms: new Int32Array(size).fill(-1),
    statedLow_s: new Float32Array(size),
    statedHigh_s: new Float32Array(size),
    statedOdds: new Float32Array(size).fill(-1),
    /** The odds of one later poll, picked evenly by chance; −1: none. */
    laterOdds: new Float32Array(size).fill(-1),
    laterPolls: new Uint16Array(size),
    /** Polls after the status said that nothing is left. */
    stayed: new Uint8Array(size),
  } as const;
  for (let shopper = 0; shopper < size; shopper += 1) {
    if (random() >= options.noShows) continue;
    crowd.intent[shopper] = random() < 0.5 ? INTENT.silent : INTENT.absent;
  }
  return crowd;
}

export function ticketOf(crowd: Crowd, shopper: number): ClaimedTicket {
  const [id, lane] = [String(shopper), GENERAL_LANE];
  const [cohort = -1, shard = 0, index = 0] = [crowd.cohort, crowd.shard, crowd.index].map(
    (column) => column[shopper],
  );
  return { id, subject: id, lane, cohort, shard, index };
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

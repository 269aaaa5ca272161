/**
 * What a played sale amounts to: waits, seats, load, and how good the estimates were.
 *
 * Guarantee: nobody is counted twice, and shoppers without a fate yet are counted as open.
 */
import { quantile } from "../drill/statistics.ts";
import { FATE, INTENT } from "./crowd.ts";
import type { World } from "./world.ts";

export type Percentiles = ReturnType<typeof percentiles>;
export type Seats = ReturnType<typeof seatsOf>;
export type OddsBucket = ReturnType<typeof oddsBuckets>[number];
export type Calibration = ReturnType<typeof calibrationOf>;
export type Metrics = ReturnType<typeof metricsOf>;

const FILLING_S = 120;

function percentiles(values: number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => quantile(sorted, share);
  const [p10, p50, p90, p99, most] = [at(0.1), at(0.5), at(0.9), at(0.99), at(1)];
  return { count: values.length, p10, p50, p90, p99, most };
}

function seatsOf(active: readonly number[], maxActive: number) {
  const sum = active.reduce((total, seats) => total + seats, 0);
  const least = active.reduce((low, seats) => Math.min(low, seats), maxActive);
  const seconds = active.length;
  const mean = seconds === 0 ? 0 : sum / seconds / maxActive;
  return { seconds, mean, least: seconds === 0 ? 0 : least / maxActive };
}

/** When a shopper's turn came; −1: never. */
function calledAt_ms({ crowd, calledAt_ms }: World, shopper: number): number {
  const rank = crowd.rank[shopper] ?? -1;
  return rank < 0 ? -1 : (calledAt_ms[rank] ?? -1);
}

const ODDS_BOUNDS = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 1];

function oddsBuckets(world: World, stated: Float32Array) {
  const buckets = ODDS_BOUNDS.map((from, at) => {
    return { from, to: ODDS_BOUNDS[at + 1] ?? 1, shoppers: 0, gotTheirTurn: 0 };
  });
  for (const [shopper, odds] of stated.entries()) {
    const bucket = buckets.findLast(({ from }) => odds >= from);
    if (bucket === undefined) continue;
    bucket.shoppers += 1;
    if (calledAt_ms(world, shopper) >= 0) bucket.gotTheirTurn += 1;
  }
  return buckets;
}

function calibrationOf(world: World) {
  const { crowd } = world;
  const widths: number[] = [];
  let [inside, earlier, later] = [0, 0, 0];
  for (let shopper = 0; shopper < crowd.size; shopper += 1) {
    const stated_ms = crowd.statedAt_ms[shopper] ?? -1;
    const called_ms = calledAt_ms(world, shopper);
    if (stated_ms < 0 || called_ms < 0) continue;
    const waited_s = (called_ms - stated_ms) / 1000;
    const low_s = crowd.statedLow_s[shopper] ?? 0;
    const high_s = crowd.statedHigh_s[shopper] ?? 0;
    widths.push(high_s / Math.max(low_s, 1));
    if (waited_s < low_s) earlier += 1;
    else if (waited_s > high_s) later += 1;
    else inside += 1;
  }
  const width = percentiles(widths).p50;
  const odds = oddsBuckets(world, crowd.statedOdds);
  const laterOdds = oddsBuckets(world, crowd.laterOdds);
  return {
    /** Called shoppers with an estimated wait, and whether the turn came inside the interval. */
    judged: widths.length,
    inside,
    earlier,
    later,
    /** High over low of the intervals: how narrow they are. */
    width,
    /** Of the first estimate, and of a later one. */
    odds,
    laterOdds,
  };
}

export function metricsOf(world: World) {
  const { crowd, tally, options } = world;
  const counts = [0, 0, 0, 0, 0];
  const admitted: number[] = [];
  const told: number[] = [];
  const patient: number[] = [];
  let lapsedThoughThere = 0;
  for (let shopper = 0; shopper < crowd.size; shopper += 1) {
    const fate = crowd.fate[shopper] ?? FATE.none;
    counts[fate] = (counts[fate] ?? 0) + 1;
    const came_ms = crowd.arrivesAt_ms[shopper] ?? 0;
    const waited_s = ((crowd.fateAt_ms[shopper] ?? 0) - came_ms) / 1000;
    if (fate === FATE.admitted) admitted.push(waited_s);
    if (fate === FATE.told) told.push(waited_s);
    if (fate === FATE.told) patient.push(crowd.polls[shopper] ?? 0);
    if (fate === FATE.lapsed && crowd.intent[shopper] === INTENT.come) lapsedThoughThere += 1;
  }
  const { maxActive } = options;
  const { seatsWhileStockLasts } = tally;
  return {
    fates: {
      open: counts[FATE.none] ?? 0,
      admitted: counts[FATE.admitted] ?? 0,
      lapsed: counts[FATE.lapsed] ?? 0,
      told: counts[FATE.told] ?? 0,
      vanished: counts[FATE.vanished] ?? 0,
    },
    /** Lapsed although they were there and polled when due. */
    lapsedThoughThere,
    waitOfAdmitted_s: percentiles(admitted),
    waitOfTold_s: percentiles(told),
    pollsPerShopper: tally.polls / crowd.size,
    requestsPerShopper: tally.workerRequests / crowd.size,
    pollsOfPatient: percentiles(patient),
    /** Shares of `maxActive`: over all the time stock lasted, and from two minutes on. */
    seatsWhileStockLasts: seatsOf(seatsWhileStockLasts, maxActive),
    seatsOnceFilled: seatsOf(seatsWhileStockLasts.slice(FILLING_S), maxActive),
    seatsWhileAnyWait: seatsOf(tally.seatsWhileAnyWait, maxActive),
    calibration: calibrationOf(world),
  };
}

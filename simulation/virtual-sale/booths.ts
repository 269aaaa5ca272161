/**
 * The ticket booths of a lane, with what happens to them: they are evicted at any moment, and they
 * answer late when a cohort is closed.
 *
 * Guarantee: only what the rules call durable survives an eviction.
 */
import {
  closeCohort,
  NEW_BOOTH,
  recoverBooth,
  settleMark,
  takePlaces,
  type BoothDecision,
  type BoothState,
  type CloseOutcome,
  type PlaceInBooth,
} from "../../src/domain/line/booth.ts";
import { BOOTH_SETTLE_MS } from "../../src/domain/limits.ts";
import type { Random } from "../seeded-random.ts";
import type { Tally } from "./tally.ts";

/** A booth is evicted about once in ten minutes; once in fifty seconds one of them is late. */
const CRASHES_PER_SECOND = 1 / 600;
const LATE_PER_SECOND = 1 / 50;
const LATE_TICKS_MAX = 5;

interface Booth {
  readonly name: string;
  state: BoothState;
  durable: { cohort: number; highWater: number };
  readonly counts: Map<number, number>;
  settleAt_ms: number | null;
  /** For so many more ticks it does not answer. */
  late: number;
}

export class Booths {
  readonly #booths: Booth[];
  readonly #tally: Tally;
  /** The room has met a late one in this second. */
  #isWaitedFor = false;

  constructor(count: number, tally: Tally) {
    this.#tally = tally;
    this.#booths = Array.from({ length: count }, (_, shard) => ({
      name: `booth ${shard}`,
      state: NEW_BOOTH,
      durable: { cohort: 0, highWater: 0 },
      counts: new Map<number, number>(),
      settleAt_ms: null,
      late: 0,
    }));
  }

  get count(): number {
    return this.#booths.length;
  }

  join(shard: number, now: number, drawClosesAt_ms: number): PlaceInBooth {
    const booth = this.#booths[shard];
    if (booth === undefined) throw new RangeError(`there is no booth ${shard}`);
    this.#tally.object(booth.name, 1);
    const decision = takePlaces(booth.state, now, drawClosesAt_ms, 1);
    if (decision.save.mark) {
      booth.settleAt_ms ??= now + BOOTH_SETTLE_MS;
      this.#tally.rowsWritten += 1;
    }
    return this.#save(booth, decision);
  }

  #save<Outcome>(booth: Booth, { state, outcome, save }: BoothDecision<Outcome>): Outcome {
    if (save.mark) {
      for (const { cohort, count } of save.closed) {
        if (!booth.counts.has(cohort)) booth.counts.set(cohort, count);
      }
      booth.durable = { cohort: state.cohort, highWater: state.highWater };
      this.#tally.rowsWritten += 1 + save.closed.length;
    }
    booth.state = state;
    return outcome;
  }

  /** One second without shoppers: alarms, evictions and slowness. */
  second(now: number, random: Random, crashes: boolean): void {
    this.#isWaitedFor = false;
    for (const booth of this.#booths) {
      if (booth.late > 0) booth.late -= 1;
      if (booth.settleAt_ms !== null && booth.settleAt_ms <= now) {
        booth.settleAt_ms = null;
        this.#tally.object(booth.name, 1);
        this.#save(booth, settleMark(booth.state));
      }
      if (!crashes || random() >= CRASHES_PER_SECOND) continue;
      booth.state = recoverBooth(booth.durable);
      this.#tally.boothCrashes += 1;
    }
    if (!crashes || random() >= LATE_PER_SECOND) return;
    const slow = this.#booths[Math.floor(random() * this.#booths.length)];
    if (slow !== undefined) slow.late = 1 + Math.floor(random() * LATE_TICKS_MAX);
  }

  /** The room's call to one booth. @throws when the booth is late: no answer */
  close(shard: number, k: number, force: boolean): CloseOutcome {
    const booth = this.#booths[shard];
    if (booth === undefined) throw new RangeError(`there is no booth ${shard}`);
    if (booth.late > 0) {
      if (!this.#isWaitedFor) this.#tally.lateCloses += 1;
      this.#isWaitedFor = true;
      throw new Error(`${booth.name} is late`);
    }
    this.#tally.object(booth.name, 1);
    const counted = booth.counts.get(k) ?? null;
    return this.#save(booth, closeCohort(booth.state, k, force, counted));
  }
}

/**
 * A crowd of simulated shoppers: draws each one's plan and time of arrival from one seed, and runs
 * them all. The same seed gives the same crowd on every machine. The run is not reproducible,
 * because it uses a network.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { GateClient } from "./gate-client.ts";
import { between, randomFrom, type Random } from "../seeded-random.ts";
import { newRecord, type Card, type Intent, type ShopperPlan } from "./shopper-record.ts";
import type { ShopperRecord } from "./shopper-record.ts";
import type { Stage } from "./shopper-visit.ts";
import { shop } from "./shopper.ts";

/** All at the start of the sale, at a growing rate over twenty seconds, or all before the start. */
export type Arrive = "step" | "ramp" | "pre-queue";

export interface CrowdOptions {
  readonly name: string;
  readonly seed: string;
  readonly shoppers: number;
  readonly buyRate: number;
  readonly skus: readonly string[];
  /** The ranges of the times for browsing and for paying. */
  readonly browse_ms: readonly [low: number, high: number];
  readonly checkout_ms: readonly [low: number, high: number];
  /** The intents of those who do not buy, by share; the remaining ones have the intent `look`. */
  readonly idlers: readonly (readonly [intent: Intent, share: number])[];
  /** The share of all shoppers who miss their turn and then join again. */
  readonly lateShare: number;
  /** The share of all shoppers who try to claim before their turn. */
  readonly earlyClaimShare: number;
  /** Draws a time of arrival, in milliseconds from the start of the sale. */
  readonly arrival: (random: Random) => number;
}

export interface Arrival {
  readonly plan: ShopperPlan;
  readonly after_ms: number;
}

/** The shares of the cards that fail, by kind of failure. */
const CARDS: readonly (readonly [card: Card, share: number])[] = [
  ["declined_once", 0.08],
  ["declined", 0.03],
  ["uncapturable", 0.02],
];
const CLICKS_TWICE_SHARE = 0.05;
const RAMP_MS = 20_000;
const STEP_SPREAD_MS = 1000;
/** The last shopper of a pre-queue arrives this long before the start. */
const PREQUEUE_MARGIN_MS = 1500;

export function arrivalOf(arrive: Arrive, prequeue_ms: number): (random: Random) => number {
  switch (arrive) {
    case "step":
      return (random) => between(random, 0, STEP_SPREAD_MS);
    case "ramp":
      // The rate grows linearly, so the number of arrivals grows with the square of time.
      return (random) => Math.sqrt(random()) * RAMP_MS;
    case "pre-queue":
      return (random) => between(random, -prequeue_ms + 500, -PREQUEUE_MARGIN_MS);
  }
}

function pick<T>(random: Random, shares: readonly (readonly [T, number])[], otherwise: T): T {
  let left = random();
  for (const [value, share] of shares) {
    left -= share;
    if (left < 0) return value;
  }
  return otherwise;
}

export function drawCrowd(options: CrowdOptions): Arrival[] {
  return Array.from({ length: options.shoppers }, (_, index) => {
    const random = randomFrom(`${options.seed}/${index}`);
    const buys = random() < options.buyRate;
    const wish = buys ? "buy" : pick<Intent>(random, options.idlers, "look");
    const name = `${options.name}-${index + 1}`;
    const sku = options.skus[Math.floor(random() * options.skus.length)] ?? "";
    const plan: ShopperPlan = {
      number: index,
      name,
      email: `${name}@shoppers.example`,
      lines: [{ sku, quantity: 1 }],
      intent: random() < options.lateShare ? "late" : wish,
      card: pick<Card>(random, CARDS, "good"),
      claimsEarly: random() < options.earlyClaimShare,
      clicksTwice: random() < CLICKS_TWICE_SHARE,
      browse_ms: between(random, ...options.browse_ms),
      checkout_ms: between(random, ...options.checkout_ms),
    };
    return { plan, after_ms: options.arrival(random) };
  });
}

/** How many shoppers are at which stage; updated while the crowd runs. */
export interface Tally {
  shoppers: number;
  waiting: number;
  inside: number;
  settled: number;
  bought: number;
}

export interface CrowdWorld {
  readonly gate: GateClient["shopper"];
  readonly sale: string;
  readonly seed: string;
  readonly claimWindow_s: number;
  readonly startsAt_ms: number;
  /** Aborting it stops all shoppers at once. */
  readonly signal: AbortSignal;
  readonly tally: Tally;
}

export function newTally(shoppers: number): Tally {
  return { shoppers, waiting: 0, inside: 0, settled: 0, bought: 0 };
}

/** Resolves when all shoppers have settled; the outcome of those stopped early is an `error`. */
export async function sendCrowd(
  arrivals: readonly Arrival[],
  world: CrowdWorld,
): Promise<ShopperRecord[]> {
  return Promise.all(arrivals.map((arrival, index) => sendOne(arrival, index, world)));
}

async function sendOne(arrival: Arrival, index: number, world: CrowdWorld): Promise<ShopperRecord> {
  const { tally, signal } = world;
  const sleep = async (duration_ms: number): Promise<void> => {
    await delay(Math.max(duration_ms, 0), undefined, { signal });
  };
  let stage: Stage | null = null;
  const onStage = (next: Stage): void => {
    if (stage === "waiting" || stage === "inside") tally[stage] -= 1;
    tally[next] += 1;
    stage = next;
  };
  const record = newRecord(arrival.plan);
  try {
    await sleep(world.startsAt_ms + arrival.after_ms - Date.now());
    await shop(record, {
      gate: world.gate,
      sale: world.sale,
      claimWindow_s: world.claimWindow_s,
      now: Date.now,
      random: randomFrom(`${world.seed}/${index}/chance`),
      sleep,
      newKey: randomUUID,
      onStage,
    });
    if (record.outcome.kind === "bought") tally.bought += 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    record.outcome = { kind: "error", reason: "stopped before the end" };
  }
  return record;
}

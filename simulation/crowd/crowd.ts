/**
 * A crowd: who comes when, and what each of them has in mind, drawn from one seed; and the sending
 * of it. The same seed draws the same crowd on every machine; what then happens to it does not
 * repeat, because a network lies between.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { GateClient } from "./gate-client.ts";
import { between, randomFrom, type Random } from "../seeded-random.ts";
import { newRecord, type Card, type Intent, type ShopperPlan } from "./shopper-record.ts";
import type { ShopperRecord } from "./shopper-record.ts";
import type { Stage } from "./shopper-visit.ts";
import { shop } from "./shopper.ts";

/** All when the sale starts, more and more over twenty seconds, or all before it starts. */
export type Arrive = "step" | "ramp" | "pre-queue";

export interface CrowdOptions {
  readonly name: string;
  readonly seed: string;
  readonly shoppers: number;
  readonly buyRate: number;
  readonly skus: readonly string[];
  /** How long a shopper looks around, and how long they take to pay. */
  readonly browse_ms: readonly [low: number, high: number];
  readonly checkout_ms: readonly [low: number, high: number];
  /** What those do who do not buy; the rest of them fill a cart and leave, saying so. */
  readonly idlers: readonly (readonly [intent: Intent, share: number])[];
  /** Of all shoppers: how many come back too late for their turn, and then join again. */
  readonly lateShare: number;
  /** Of all shoppers: how many try to claim before their turn. */
  readonly earlyClaimShare: number;
  /** How the time of arrival is drawn, in milliseconds from the start of the sale. */
  readonly arrival: (random: Random) => number;
}

export interface Arrival {
  readonly plan: ShopperPlan;
  readonly after_ms: number;
}

/** Of the buyers: how many cards fail, and how. */
const CARDS: readonly (readonly [card: Card, share: number])[] = [
  ["declined_once", 0.08],
  ["declined", 0.03],
  ["uncapturable", 0.02],
];
const CLICKS_TWICE_SHARE = 0.05;
const RAMP_MS = 20_000;
const STEP_SPREAD_MS = 1000;
/** The crowd of the pre-queue has come this long before the start. */
const PREQUEUE_MARGIN_MS = 1500;

export function arrivalOf(arrive: Arrive, prequeue_ms: number): (random: Random) => number {
  switch (arrive) {
    case "step":
      return (random) => between(random, 0, STEP_SPREAD_MS);
    case "ramp":
      // The rate of arrivals grows evenly, so the count grows with the square of time.
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

/** How many shoppers are where, kept up to date while the crowd is out. */
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
  /** Aborted: everybody goes home at once. */
  readonly signal: AbortSignal;
  readonly tally: Tally;
}

export function newTally(shoppers: number): Tally {
  return { shoppers, waiting: 0, inside: 0, settled: 0, bought: 0 };
}

/** Resolves when everybody has settled; those sent home early have an `error` for an outcome. */
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
    record.outcome = { kind: "error", reason: "sent home before the end" };
  }
  return record;
}

/**
 * The sample sale of `npm start`: shoes in three sizes, about to start, and a crowd before the
 * visitor.
 *
 * The numbers are chosen for a person in front of a browser: about eighty are drawn with them when
 * the sale starts and about one a second comes after that, while ninety a minute are called; so
 * whoever joins in the first two minutes waits between twenty seconds and a minute. Two of three
 * only look, so there is something left to buy.
 */
import type { GateClient } from "../crowd/gate-client.ts";
import { between, type Random } from "../seeded-random.ts";
import type { CrowdOptions } from "../crowd/crowd.ts";
import { FatalError, failed, askAgain } from "../crowd/ask-again.ts";

export interface SampleSale {
  readonly id: string;
  readonly skus: readonly string[];
  readonly startsAt_ms: number;
  readonly claimWindow_s: number;
}

const LEAD_MS = 30_000;
const DURATION_MS = 4 * 60 * 60 * 1000;
/** One that starts sooner than this is not waited for; there would be no pre-queue to see. */
const STILL_AHEAD_MS = 15_000;
const SIZES = [41, 42, 43] as const;
const PRICE = 12_900;
const STOCK_PER_SIZE = 40;
/** So that a visitor who ends the sale sees its secret soon. */
const REVEAL_AFTER_S = 10;
const SAMPLES_MAX = 10_000;
const ADMISSION = {
  method: "lottery",
  ratePerMinute: 90,
  maxActive: 30,
  sessionSeconds: 600,
  claimWindowSeconds: 120,
  holdSeconds: 300,
  overcall: 2,
  ordersPerAdmission: 1,
} as const;

/** What of the server behind `--origin` the sample sale guards. */
export const GUARDED_PATH = "/drops/*";

export const CROWD_SIZE = 180;
const PREQUEUE_SHARE = 0.45;
const LATECOMERS_MS = 90_000;

/** The first sample that is still ahead, or a new one: `air-one`, then `air-one-2`, … */
export async function openSampleSale(
  gate: GateClient,
  now: number,
  hasOrigin: boolean,
): Promise<SampleSale> {
  for (let sample = 1; sample <= SAMPLES_MAX; sample += 1) {
    const suffix = sample === 1 ? "" : `-${sample}`;
    const id = `air-one${hasOrigin ? "-guarded" : ""}${suffix}`;
    const found = await askAgain(() => gate.merchant.sale(id));
    if (found.kind === "answered") {
      const { phase, sale } = found.body;
      const startsAt_ms = Date.parse(sale.startsAt);
      if (phase !== "prequeue" || startsAt_ms - now < STILL_AHEAD_MS) {
        // Until it is over, an earlier run's would decide who waits at the guarded path.
        if (hasOrigin && phase !== "ended") await askAgain(() => gate.merchant.act(id, "end"));
        continue;
      }
      const skus = sale.items.map((item) => item.sku);
      return { id, skus, startsAt_ms, claimWindow_s: sale.admission.claimWindowSeconds };
    }
    if (found.code !== "sale_not_found") throw failed(`reading sale ${id}`, found);
    return makeSale(gate, id, { suffix, now, hasOrigin });
  }
  throw new FatalError("there are too many sample sales; start again with --fresh");
}

async function makeSale(
  gate: GateClient,
  id: string,
  { suffix, now, hasOrigin }: { suffix: string; now: number; hasOrigin: boolean },
): Promise<SampleSale> {
  const startsAt_ms = now + LEAD_MS;
  // A sale of its own before an origin: guards of an older run must not come back without one.
  const items = SIZES.map((size) => ({
    sku: `AIR-${size}${hasOrigin ? "-guarded" : ""}${suffix}`,
    name: `Air One, ${size}`,
    price: PRICE,
    stock: STOCK_PER_SIZE,
    limitPerBuyer: 1,
  }));
  const made = await askAgain(() => {
    return gate.merchant.putSale(id, {
      id,
      title: "Air One drop",
      currency: "EUR",
      opensAt: new Date(now).toISOString(),
      startsAt: new Date(startsAt_ms).toISOString(),
      endsAt: new Date(startsAt_ms + DURATION_MS).toISOString(),
      items,
      guards: hasOrigin ? [{ host: "*", path: GUARDED_PATH }] : [],
      admission: ADMISSION,
      expectedShoppers: 1000,
      fairness: { revealAfterSeconds: REVEAL_AFTER_S },
    });
  });
  if (made.kind !== "answered") throw failed(`making sale ${id}`, made);
  const skus = items.map((item) => item.sku);
  return { id, skus, startsAt_ms, claimWindow_s: ADMISSION.claimWindowSeconds };
}

export function sampleCrowd(sale: SampleSale, now: number): CrowdOptions {
  const prequeue_ms = Math.max(sale.startsAt_ms - now, 0);
  return {
    name: `crowd-${sale.id}`,
    seed: sale.id,
    shoppers: CROWD_SIZE,
    buyRate: 0.35,
    skus: sale.skus,
    browse_ms: [2000, 9000],
    checkout_ms: [2000, 7000],
    // Nobody keeps a seat for ten minutes: seats are few, and the visitor wants one.
    idlers: [["no_show", 0.1]],
    lateShare: 0,
    earlyClaimShare: 0,
    arrival: (random: Random) => {
      const early = random() < PREQUEUE_SHARE;
      return early ? between(random, -prequeue_ms, -500) : between(random, 0, LATECOMERS_MS);
    },
  };
}

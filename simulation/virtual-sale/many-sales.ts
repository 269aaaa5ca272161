/**
 * Many sales whose crowds differ, played one after the other, to judge the odds.
 *
 * In one sale all turns depend on each other: a bit nearer to the front everybody gets a turn, a
 * bit farther nobody. So only sales that differ show whether a chance is right. Here the share of
 * no-shows is drawn between 0 and 0.6 and the share that wants to pay between 0.2 and 1, evenly;
 * the end is drawn
 * between a tenth of `endsAfter_s` and all of it, so that some end by time and some by stock.
 * Everything else is as in the options.
 *
 * Guarantee: the same options and number of sales give the same figures.
 */
import { randomFrom } from "../seeded-random.ts";
import { metricsOf, type Calibration, type OddsBucket } from "./metrics.ts";
import type { SimulationOptions } from "./options.ts";
import { World } from "./world.ts";

const NO_SHOWS_MAX = 0.6;
const BUY_RATE_MIN = 0.2;
const LENGTH_MIN = 0.1;

function pooled(many: readonly (readonly OddsBucket[])[]): OddsBucket[] {
  const [first = []] = many;
  return first.map(({ from, to }, at) => {
    const sum = (key: "shoppers" | "gotTheirTurn"): number =>
      many.reduce((total, buckets) => total + (buckets[at]?.[key] ?? 0), 0);
    return { from, to, shoppers: sum("shoppers"), gotTheirTurn: sum("gotTheirTurn") };
  });
}

/**
 * How good the estimates were over all sales; each shopper weighs the same.
 *
 * @param progress called often, with how many sales are over
 */
export async function calibrationOfMany(
  options: SimulationOptions,
  sales: number,
  progress: (sale: number) => void = () => undefined,
): Promise<Calibration> {
  const random = randomFrom(`${options.seed}/sales`);
  const lengths = randomFrom(`${options.seed}/lengths`);
  const many: Calibration[] = [];
  for (let sale = 0; sale < sales; sale += 1) {
    const noShows = NO_SHOWS_MAX * random();
    const buyRate = BUY_RATE_MIN + (1 - BUY_RATE_MIN) * random();
    const endsAfter_s = Math.ceil(
      options.endsAfter_s * (LENGTH_MIN + (1 - LENGTH_MIN) * lengths()),
    );
    const drawn = { noShows, buyRate, endsAfter_s };
    const world = new World({ ...options, ...drawn, seed: `${options.seed}/${sale}` });
    await world.run(() => progress(sale));
    many.push(metricsOf(world).calibration);
  }
  const sum = (key: "judged" | "inside" | "earlier" | "later"): number =>
    many.reduce((total, calibration) => total + calibration[key], 0);
  return {
    judged: sum("judged"),
    inside: sum("inside"),
    earlier: sum("earlier"),
    later: sum("later"),
    width: many.reduce((total, { width }) => total + width, 0) / Math.max(sales, 1),
    odds: pooled(many.map(({ odds }) => odds)),
    laterOdds: pooled(many.map(({ laterOdds }) => laterOdds)),
  };
}

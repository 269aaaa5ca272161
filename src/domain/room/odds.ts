/**
 * The chance that a turn comes while something is left: an estimate.
 *
 * Of the places in line some end in units taken: their owners come when called, and buy. With `U`
 * units left and `n` places before this one, the turn comes in time if fewer than `U` units are
 * taken by those `n`. Which share `s` of the places takes is unknown at first and seen later:
 *
 *   s ~ Beta(1 + took, 1 + without)      all shares equally likely, then what was seen
 *   taken by n places ~ Binomial(n, s)   so, with s unknown, a beta-binomial count
 *   odds = P(taken × perTaker < U)       perTaker: units per place that took any
 *
 * Before anything was seen that is exactly U ÷ (n + 1): units left over the place in line. The sum
 * over n terms is not computed. An even chance within one unit is added to the count, which does
 * not change whether it is below a whole number; its share of n + 1 then has a known mean and
 * variance, and the Beta distribution with these two stands for it. Where nothing was seen this is
 * exact, and for long lines too; elsewhere it differs from the sum by less than 0.09, and from a
 * hundred places on by less than 0.04.
 *
 * Evidence halves with every so many places, so the estimate follows a crowd that changes its mind
 * and is never surer than about as many cases allow.
 */
import { z } from "zod";

/** What became of the places in line that are settled; older evidence fades. */
export const placeOutcomesSchema = z.object({
  /** Places that took something. */
  took: z.number(),
  /** Places that took nothing: lapsed, or let in and gone again. */
  without: z.number(),
  /** Units sold meanwhile. */
  units: z.number(),
  /** All units sold when this was last counted; null before the first count. */
  soldInAll: z.int().nullable(),
});
export type PlaceOutcomes = Readonly<z.infer<typeof placeOutcomesSchema>>;

export const NO_PLACE_OUTCOMES: PlaceOutcomes = { took: 0, without: 0, units: 0, soldInAll: null };

/** Evidence halves with every this many settled places. */
const MEMORY_PLACES = 100;
/** A taker counts as one unit until about so many were seen. */
const TAKERS_TRUSTED = 10;

export interface Settled {
  readonly took: number;
  readonly without: number;
}

/** So many places came to their end. */
export function settlePlaces(
  placeOutcomes: PlaceOutcomes,
  { took, without }: Settled,
): PlaceOutcomes {
  if (took + without === 0) return placeOutcomes;
  const fade = 0.5 ** ((took + without) / MEMORY_PLACES);
  return {
    ...placeOutcomes,
    took: placeOutcomes.took * fade + took,
    without: placeOutcomes.without * fade + without,
    units: placeOutcomes.units * fade,
  };
}

/** @param soldInAll of all items together; units sold before the first count are left out */
export function countSold(placeOutcomes: PlaceOutcomes, soldInAll: number): PlaceOutcomes {
  const sold = soldInAll - (placeOutcomes.soldInAll ?? soldInAll);
  if (placeOutcomes.soldInAll === soldInAll) return placeOutcomes;
  return { ...placeOutcomes, units: Math.max(placeOutcomes.units + sold, 0), soldInAll };
}

/** What a gate needs to compute odds; the same for everybody in line. */
export interface OddsFacts {
  readonly took: number;
  readonly without: number;
  readonly perTaker: number;
  /** Shoppers called or let in who have not ended, in places: they are before everybody. */
  readonly inFlight: number;
}

/** Units a taker takes: at least one, and one until takers were seen. */
export function unitsPerTaker({ took, units }: PlaceOutcomes): number {
  return Math.max((units + TAKERS_TRUSTED) / (took + TAKERS_TRUSTED), 1);
}

/**
 * The odds at a place, 0 … 1 in thousandths. 1 only where it is certain as far as is known.
 * @param units left: available, or in carts of those before
 * @param places up to this one and with it, those in flight included; at least 1
 */
export function oddsOf(units: number, places: number, facts: Omit<OddsFacts, "inFlight">): number {
  const [lots, line] = [Math.max(units, 0) / facts.perTaker, Math.max(places, 1)];
  if (lots >= line) return 1;
  const share = lots / line;
  const evidence = facts.took + facts.without;
  const odds = evidence <= 0 ? share : chanceOfFewer(share, line, facts);
  const rounded = Math.round(odds * 1000) / 1000;
  return evidence <= 0 ? rounded : Math.min(rounded, 0.999);
}

/**
 * −ln of what is rounded away, 1/2000. P(X < mean − t) ≤ exp(−2 (a + b + 1) t²) for X ~ Beta(a, b):
 * Marchal and Arbel, "On the sub-Gaussianity of the Beta and Dirichlet distributions", 2017.
 */
const TAIL_UNTOLD = Math.log(2000);

/** P(the share of the line that takes is below `share`). */
function chanceOfFewer(share: number, line: number, { took, without }: Settled): number {
  const weight = 2 + took + without;
  const likely = (1 + took) / weight;
  const before = line - 1;
  const mean = (before * likely + 0.5) / line;
  const spread = (before * likely * (1 - likely) * (before + weight)) / (weight + 1);
  const variance = (spread + 1 / 12) / line ** 2;
  const matched = (mean * (1 - mean)) / variance - 1;
  // Most of a long line is far from the edge, and a Beta's tails are bounded as a Gaussian's.
  const apart = share - mean;
  if (2 * (matched + 1) * apart ** 2 > TAIL_UNTOLD) return apart < 0 ? 0 : 1;
  return betaShare(share, mean * matched, (1 - mean) * matched);
}

/** Lanczos' approximation of ln Γ(x) for x > 0, g = 5, six terms (Numerical Recipes, 6.1). */
const LANCZOS = [
  76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155,
  1.208650973866179e-3, -5.395239384953e-6,
];

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

function logGamma(x: number): number {
  const shifted = x + 5.5 - (x + 0.5) * Math.log(x + 5.5);
  let series = 1.000000000190015;
  LANCZOS.forEach((term, index) => (series += term / (x + 1 + index)));
  return -shifted + Math.log((ROOT_TWO_PI * series) / x);
}

const FRACTION_TERMS_MAX = 300;
const FRACTION_EXACT = 1e-9;

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const apart = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1;
  let d = 1 / apart(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let term = 1; term <= FRACTION_TERMS_MAX; term += 1) {
    const twice = 2 * term;
    const even = (term * (b - term) * x) / ((a + twice - 1) * (a + twice));
    d = 1 / apart(1 + even * d);
    c = apart(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + term) * (a + b + term) * x) / ((a + twice) * (a + twice + 1));
    d = 1 / apart(1 + odd * d);
    c = apart(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < FRACTION_EXACT) break;
  }
  return fraction;
}

/**
 * I_x(a, b), the regularized incomplete beta function: P(X < x) for X ~ Beta(a, b), both positive.
 * To about nine digits, in some ten to forty terms. Numerical Recipes, 2nd edition, section 6.4;
 * NIST Digital Library of Mathematical Functions, 8.17.22.
 */
export function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const logFront =
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x);
  const front = Math.exp(logFront);
  // The fraction converges quickly below the mean; above it the mirrored one does.
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

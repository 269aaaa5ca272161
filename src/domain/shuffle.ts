/**
 * The draw: the swap-or-not shuffle of the Ethereum consensus specification
 * (`compute_shuffled_index`, phase 0, SHUFFLE_ROUND_COUNT = 90, SHA-256).
 *
 * Guarantee: for a given seed it is a permutation of 0 … n − 1, and one index is computed without
 * ever building the list. It was chosen because it is published, has independent implementations
 * to be checked against, and a shopper's page can run it.
 *
 * Source: https://github.com/ethereum/consensus-specs, specs/phase0/beacon-chain.md. Based on
 * Hoang, Morris, Rogaway: "An Enciphering Scheme Based on a Card Shuffle", CRYPTO 2012.
 */
import { sha256 } from "@noble/hashes/sha2.js";

export const SHUFFLE_ROUNDS = 90;
/** Well below the 2^40 of the specification, and no cohort comes near it. */
export const COHORT_PLACES_MAX = 2 ** 32;

const POSITIONS_PER_HASH = 256;
/** Decision hashes of a draw are kept up to this many places: 90 × 256 hashes, some MiB. */
const KEPT_PLACES_MAX = 65_536;

/**
 * The draw of one cohort. It remembers what all its places share (the pivots, and for cohorts of
 * up to 65,536 places the decision hashes as they are met), so that the second place asked for
 * costs a fraction of the first.
 */
export class CohortDraw {
  readonly #n: number;
  readonly #pivots: readonly number[];
  /** Seed, round, position / 256: the input of a decision hash. */
  readonly #source = new Uint8Array(37);
  readonly #block = new DataView(this.#source.buffer, 33, 4);
  readonly #kept: Map<number, Uint8Array> | null;

  /**
   * @param n places in the cohort
   * @param seed 32 bytes
   * @throws RangeError when the seed is not 32 bytes, or n is out of bounds: a caller's bug
   */
  constructor(n: number, seed: Uint8Array) {
    if (!Number.isInteger(n) || n < 1 || n > COHORT_PLACES_MAX) {
      throw new RangeError(`a cohort cannot have ${n} places`);
    }
    if (seed.length !== 32) throw new RangeError(`a seed has 32 bytes, not ${seed.length}`);
    this.#n = n;
    this.#source.set(seed);
    this.#kept = n <= KEPT_PLACES_MAX ? new Map() : null;
    this.#pivots = Array.from({ length: SHUFFLE_ROUNDS }, (_, round) => {
      this.#source[32] = round;
      const digest = sha256(this.#source.subarray(0, 33));
      const view = new DataView(digest.buffer, digest.byteOffset, 8);
      return Number(view.getBigUint64(0, true) % BigInt(n));
    });
  }

  /**
   * The place that index `index` takes among `n`, both counted from 0.
   * @throws RangeError when the index is not below `n`: a caller's bug
   */
  placeOf(index: number): number {
    const n = this.#n;
    if (!Number.isInteger(index) || index < 0 || index >= n) {
      throw new RangeError(`index ${index} is not within a cohort of ${n}`);
    }
    let current = index;
    for (let round = 0; round < SHUFFLE_ROUNDS; round += 1) {
      const flip = ((this.#pivots[round] ?? 0) + n - current) % n;
      const position = Math.max(current, flip);
      const hash = this.#decisions(round, Math.floor(position / POSITIONS_PER_HASH));
      const byte = hash[(position % POSITIONS_PER_HASH) >> 3] ?? 0;
      if ((byte >> (position % 8)) & 1) current = flip;
    }
    return current;
  }

  #decisions(round: number, block: number): Uint8Array {
    const name = block * SHUFFLE_ROUNDS + round;
    const known = this.#kept?.get(name);
    if (known !== undefined) return known;
    this.#source[32] = round;
    this.#block.setUint32(0, block, true);
    const hash = sha256(this.#source);
    this.#kept?.set(name, hash);
    return hash;
  }
}

/** One index of a draw that is not asked again; see `CohortDraw` for its errors. */
export function computeShuffledIndex(index: number, n: number, seed: Uint8Array): number {
  if (!Number.isInteger(index) || index < 0 || index >= n || n > COHORT_PLACES_MAX) {
    throw new RangeError(`index ${index} is not within a cohort of ${n}`);
  }
  return new CohortDraw(n, seed).placeOf(index);
}

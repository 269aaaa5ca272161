/**
 * The draw: the swap-or-not shuffle of the Ethereum consensus specification
 * (`compute_shuffled_index`, phase 0, SHUFFLE_ROUND_COUNT = 90, SHA-256).
 *
 * Guarantee: for a given seed it is a permutation of 0 … n − 1, and one index is computed without
 * building the list. It was chosen because it is published, has independent implementations to
 * check against, and can run in a shopper's browser.
 *
 * Source: https://github.com/ethereum/consensus-specs, specs/phase0/beacon-chain.md. Based on
 * Hoang, Morris, Rogaway: "An Enciphering Scheme Based on a Card Shuffle", CRYPTO 2012.
 */
import { sha256 } from "@noble/hashes/sha2.js";

export const SHUFFLE_ROUNDS = 90;
/** Well below the 2^40 of the specification and far above any real cohort. */
export const COHORT_PLACES_MAX = 2 ** 32;

const POSITIONS_PER_HASH = 256;
const HASH_BYTES = 32;
/** 90 hashes for every 256 places: 11.25 bytes a place. So a draw caches at most 23 MiB. */
const KEPT_PLACES_MAX = 2 ** 21;

/**
 * The draw of one cohort. It caches what its places share: the pivots and, for cohorts of up to two
 * million places, from the second place on, the decision hashes, in one flat table. The first
 * places cost 90 hashes each; when as many places were computed as one hash decides (256 places of
 * a thousand, some thousands of a million), the next cost 90 look-ups.
 */
export class CohortDraw {
  readonly #n: number;
  readonly #pivots: readonly number[];
  /** Seed, round, position / 256: the input of a decision hash. */
  readonly #source = new Uint8Array(37);
  readonly #block = new DataView(this.#source.buffer, 33, 4);
  #computed = 0;
  /** The cached hashes, by block and round, and which of them are present; empty before. */
  #hashes = new Uint8Array();
  #known = new Uint8Array();

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
    this.#computed += 1;
    if (this.#computed === 2 && n <= KEPT_PLACES_MAX) this.#startCache();
    let current = index;
    for (let round = 0; round < SHUFFLE_ROUNDS; round += 1) {
      const flip = ((this.#pivots[round] ?? 0) + n - current) % n;
      const position = Math.max(current, flip);
      if (this.#swaps(round, position)) current = flip;
    }
    return current;
  }

  /** Not for the first place, because a room's claim computes only one and needs no large table. */
  #startCache(): void {
    const hashes = Math.ceil(this.#n / POSITIONS_PER_HASH) * SHUFFLE_ROUNDS;
    this.#known = new Uint8Array(hashes);
    this.#hashes = new Uint8Array(hashes * HASH_BYTES);
  }

  /** The decision on `position`: one bit of the hash over its block. */
  #swaps(round: number, position: number): boolean {
    const block = Math.floor(position / POSITIONS_PER_HASH);
    const byteAt = (position % POSITIONS_PER_HASH) >> 3;
    const slot = block * SHUFFLE_ROUNDS + round;
    const kept = slot < this.#known.length;
    if (kept && this.#known[slot] === 1) {
      return isSet(this.#hashes[slot * HASH_BYTES + byteAt] ?? 0, position);
    }
    this.#source[32] = round;
    this.#block.setUint32(0, block, true);
    const hash = sha256(this.#source);
    if (kept) {
      this.#hashes.set(hash, slot * HASH_BYTES);
      this.#known[slot] = 1;
    }
    return isSet(hash[byteAt] ?? 0, position);
  }
}

function isSet(byte: number, position: number): boolean {
  return ((byte >> (position % 8)) & 1) === 1;
}

/** One index of a draw that is not needed again; for its errors see `CohortDraw`. */
export function computeShuffledIndex(index: number, n: number, seed: Uint8Array): number {
  if (!Number.isInteger(index) || index < 0 || index >= n || n > COHORT_PLACES_MAX) {
    throw new RangeError(`index ${index} is not within a cohort of ${n}`);
  }
  return new CohortDraw(n, seed).placeOf(index);
}

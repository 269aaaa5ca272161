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
/** The specification bounds n by 2^40; four bytes of position limit a cohort to 2^32 places. */
export const COHORT_PLACES_MAX = 2 ** 32;

function pivotOf(digest: Uint8Array, n: number): number {
  const view = new DataView(digest.buffer, digest.byteOffset, 8);
  return Number(view.getBigUint64(0, true) % BigInt(n));
}

/**
 * The place that index `index` takes among `n`, both counted from 0.
 * @param seed 32 bytes
 * @throws RangeError when the index is not below `n`, or the seed is not 32 bytes: a caller's bug
 */
export function computeShuffledIndex(index: number, n: number, seed: Uint8Array): number {
  if (!Number.isInteger(index) || index < 0 || index >= n || n > COHORT_PLACES_MAX) {
    throw new RangeError(`index ${index} is not within a cohort of ${n}`);
  }
  if (seed.length !== 32) throw new RangeError(`a seed has 32 bytes, not ${seed.length}`);
  const source = new Uint8Array(37);
  source.set(seed);
  const position32 = new DataView(source.buffer, 33, 4);
  let current = index;
  for (let round = 0; round < SHUFFLE_ROUNDS; round += 1) {
    source[32] = round;
    const pivot = pivotOf(sha256(source.subarray(0, 33)), n);
    const flip = (pivot + n - current) % n;
    const position = Math.max(current, flip);
    position32.setUint32(0, Math.floor(position / 256), true);
    const byte = sha256(source)[(position % 256) >> 3] ?? 0;
    if ((byte >> (position % 8)) & 1) current = flip;
  }
  return current;
}

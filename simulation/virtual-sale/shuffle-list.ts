/**
 * The draw of a whole cohort at once: the same swap-or-not shuffle as `shuffle.ts`, applied to the
 * list instead of to one index.
 *
 * Guarantee: `shuffledIndices(n, seed)[i]` is `computeShuffledIndex(i, n, seed)` for every `i`. It
 * hashes once per 256 positions and round, where asking for each place alone hashes for each; so a
 * draw of a million takes seconds. Not for a gate, which is asked for one place at a time.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { SHUFFLE_ROUNDS } from "../../src/domain/line/shuffle.ts";

const POSITIONS_PER_HASH = 256;

/** Who stands where, and the hashes that decide on the swaps of the round. */
class Round {
  readonly #source = new Uint8Array(37);
  readonly #block = new DataView(this.#source.buffer, 33, 4);
  readonly #at: Uint32Array;
  #decisions: Uint8Array = new Uint8Array(32);

  constructor(at: Uint32Array, seed: Uint8Array) {
    this.#at = at;
    this.#source.set(seed);
  }

  pivotOf(round: number): number {
    this.#source[32] = round;
    const digest = sha256(this.#source.subarray(0, 33));
    const view = new DataView(digest.buffer, digest.byteOffset, 8);
    return Number(view.getBigUint64(0, true) % BigInt(this.#at.length));
  }

  /** Swaps or not each pair of places that mirror each other between `first` and `last`. */
  swapMirrored(first: number, last: number): void {
    const at = this.#at;
    let block = -1;
    for (let low = first, high = last; low < high; low += 1, high -= 1) {
      // The larger place of a pair decides, as the specification says.
      if (Math.floor(high / POSITIONS_PER_HASH) !== block) {
        block = Math.floor(high / POSITIONS_PER_HASH);
        this.#block.setUint32(0, block, true);
        this.#decisions = sha256(this.#source);
      }
      const byte = this.#decisions[(high % POSITIONS_PER_HASH) >> 3] ?? 0;
      if (((byte >> (high % 8)) & 1) === 0) continue;
      const moved = at[low] ?? 0;
      at[low] = at[high] ?? 0;
      at[high] = moved;
    }
  }
}

/**
 * The places that 0 … n − 1 take among `n`.
 * @param seed 32 bytes
 * @throws RangeError when `n` is no count below 2^32, or the seed not 32 bytes: a caller's bug
 */
export function shuffledIndices(n: number, seed: Uint8Array): Uint32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32) {
    throw new RangeError(`a list cannot have ${n} places`);
  }
  if (seed.length !== 32) throw new RangeError(`a seed has 32 bytes, not ${seed.length}`);
  const at = Uint32Array.from({ length: n }, (_, index) => index);
  if (n > 1) {
    const list = new Round(at, seed);
    for (let round = 0; round < SHUFFLE_ROUNDS; round += 1) {
      const pivot = list.pivotOf(round);
      list.swapMirrored(0, pivot);
      list.swapMirrored(pivot + 1, n - 1);
    }
  }
  const places = new Uint32Array(n);
  at.forEach((index, place) => (places[index] = place));
  return places;
}

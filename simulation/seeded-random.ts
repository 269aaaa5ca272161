/**
 * Reproducible random numbers: the same seed gives the same numbers on every machine.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand). It is seeded with the SHA-256 of the
 * seed, so that similar seeds give unrelated streams. Not for secrets.
 */
import { createHash } from "node:crypto";

/** A source of numbers in [0, 1). */
export type Random = () => number;

export function randomFrom(seed: string): Random {
  const digest = createHash("sha256").update(seed).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let counter = 1;
  return () => {
    const sum = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + ((c << 3) >>> 0)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
    return sum / 2 ** 32;
  };
}

export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low);
}

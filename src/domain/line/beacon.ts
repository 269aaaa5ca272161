/**
 * A public randomness beacon: a value every few seconds that nobody knows before its time, and that
 * anybody can check afterwards. The protocol is drand's, its scheme `bls-unchained-g1-rfc9380`.
 *
 * Guarantee: a round is taken only with the signature of the chain's key, which a threshold of its
 * members make together. A chain is named by its hash, which follows from its key and its times, so
 * nobody can pass off another chain under the same hash.
 * Not for fetching rounds (`src/beacon/relays.ts`), nor for what is drawn with one (`draw.ts`).
 */
import { bls12_381 as bls } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

/** As the beacon's relays publish it under `/info`, in our words. */
export const beaconChainSchema = z.object({
  /** The beacon's own name, which is part of the hash. */
  id: z.string().min(1).max(64),
  /** The public key, a point of G2. */
  publicKey: hex(96),
  groupHash: hex(32),
  /** The time of round 1, in seconds since 1970. */
  genesis_s: z.int().min(0),
  /** Between two rounds. */
  period_s: z.int().min(1).max(3600),
});
export type BeaconChain = Readonly<z.output<typeof beaconChainSchema>>;

/**
 * drand's quicknet, a round every three seconds by the League of Entropy. Source: the chain's
 * `/info` at https://api.drand.sh, as pinned in `lib/defaults.ts` of drand-client 1.4.2.
 */
export const QUICKNET: BeaconChain = {
  id: "quicknet",
  publicKey:
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c" +
    "8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb" +
    "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  groupHash: "f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e",
  genesis_s: 1692803367,
  period_s: 3,
};

/** Messages are hashed to the curve under this name (RFC 9380). */
const DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/** The chain's name at every relay, as drand computes it. */
export function chainHashOf({ id, publicKey, groupHash, genesis_s, period_s }: BeaconChain) {
  const times = new DataView(new ArrayBuffer(12));
  times.setUint32(0, period_s);
  times.setBigInt64(4, BigInt(genesis_s));
  const key = concatBytes(hexToBytes(publicKey), hexToBytes(groupHash));
  return bytesToHex(sha256(concatBytes(new Uint8Array(times.buffer), key, utf8ToBytes(id))));
}

export function roundTime_ms({ genesis_s, period_s }: BeaconChain, round: number): number {
  return (genesis_s + (round - 1) * period_s) * 1000;
}

/** The first round that is not made before this instant. */
export function firstRoundFrom({ genesis_s, period_s }: BeaconChain, at_ms: number): number {
  const periods = Math.ceil((at_ms - genesis_s * 1000) / (period_s * 1000));
  return Math.max(periods, 0) + 1;
}

/** Whether the chain's key signed the round. False too for what is no signature at all. */
export function isSignedRound(chain: BeaconChain, round: number, signature: string): boolean {
  if (!/^[0-9a-f]{96}$/.test(signature)) return false;
  try {
    const message = bls.shortSignatures.hash(messageOf(round), DOMAIN);
    const key = hexToBytes(chain.publicKey);
    return bls.shortSignatures.verify(hexToBytes(signature), message, key);
  } catch {
    // Bytes that are no point of the curve.
    return false;
  }
}

function messageOf(round: number): Uint8Array {
  const number = new DataView(new ArrayBuffer(8));
  number.setBigUint64(0, BigInt(round));
  return sha256(new Uint8Array(number.buffer));
}

/** The round's random value: 32 bytes, lower-case hex. */
export function randomnessOf(signature: string): string {
  return bytesToHex(sha256(hexToBytes(signature)));
}

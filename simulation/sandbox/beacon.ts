/**
 * A stand-in for the public randomness beacon: drand's HTTP interface, with a chain of its own
 * whose key everybody can know.
 *
 * Guarantee: its rounds are signed and timed as quicknet's, one a second, and a round is not given
 * before its time. Its chain has another hash, so no verifier takes it for quicknet.
 * Not for a real sale: who knows the key knows every round in advance.
 */
import { bls12_381 as bls } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import {
  chainHashOf,
  randomnessOf,
  roundTime_ms,
  type BeaconChain,
} from "../../src/domain/line/beacon.ts";

const NAME = "sluice stand-in: everybody can know this key";
const { secretKey, publicKey } = bls.shortSignatures.keygen(utf8ToBytes(NAME.padEnd(48)));
const DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

export const STAND_IN_CHAIN: BeaconChain = {
  id: "sluice-stand-in",
  publicKey: publicKey.toHex(),
  groupHash: bytesToHex(sha256(utf8ToBytes(NAME))),
  genesis_s: 1_767_225_600,
  period_s: 1,
};
const STAND_IN_HASH = chainHashOf(STAND_IN_CHAIN);

/** The variables of a gate that takes this beacon. */
export function standInSettings(relay: string) {
  return { BEACON_CHAIN: JSON.stringify(STAND_IN_CHAIN), BEACON_RELAYS: relay };
}

export function signStandInRound(round: number): string {
  const number = new DataView(new ArrayBuffer(8));
  number.setBigUint64(0, BigInt(round));
  const message = bls.shortSignatures.hash(sha256(new Uint8Array(number.buffer)), DOMAIN);
  return bls.shortSignatures.sign(message, secretKey).toHex();
}

/** What a relay answers at this path; the same statuses as drand's. */
export function answerOfBeacon(
  path: string,
  now: number,
): { readonly status: number; readonly body: object } {
  const asked = /^\/([0-9a-f]{64})\/public\/(\d{1,12})$/.exec(path);
  const round = Number(asked?.[2]);
  if (asked?.[1] !== STAND_IN_HASH || round < 1) return { status: 404, body: { message: "none" } };
  if (roundTime_ms(STAND_IN_CHAIN, round) > now) return { status: 425, body: { message: "early" } };
  const signature = signStandInRound(round);
  return { status: 200, body: { round, randomness: randomnessOf(signature), signature } };
}

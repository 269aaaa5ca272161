/**
 * The part of the beacon in a draw, as a stranger checks it: that the counts were signed for a
 * round that was not made yet, that the round is signed by the chain that was named in advance, and
 * that the chain is one that nobody here controls.
 *
 * Guarantee: written from docs/fairness.md without code of the gate; the pairing of BLS12-381 is
 * the library's. What is stated and not proven is a doubt, what does not agree is a fault.
 */
import { createHash } from "node:crypto";
import { bls12_381 as bls } from "@noble/curves/bls12-381.js";
import type { Fairness, Manifest, PublishedBeacon, PublishedKey } from "../crowd/gate-answers.ts";
import { signatureFault } from "./statements.ts";

/** Chains that no shop controls, by their hash: drand's quicknet (https://docs.drand.love). */
export const PUBLIC_CHAINS: Readonly<Record<string, string>> = {
  "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971": "drand quicknet",
};

const DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const LEAD_MS = 1000;

/** A chain's hash commits to its key and its times. */
export function hashOfChain(chain: PublishedBeacon): string {
  const times = Buffer.alloc(12);
  times.writeUInt32BE(chain.period_s);
  times.writeBigInt64BE(BigInt(chain.genesis_s), 4);
  const hash = createHash("sha256").update(times).update(Buffer.from(chain.publicKey, "hex"));
  return hash.update(Buffer.from(chain.groupHash, "hex")).update(chain.id).digest("hex");
}

/** e(signature, generator of G2) = e(hash of the round, public key) */
export function isRoundOf(chain: PublishedBeacon, round: number, signature: string): boolean {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(round));
  const message = createHash("sha256").update(number).digest();
  try {
    const point = bls.G1.Point.fromHex(signature);
    const key = bls.G2.Point.fromHex(chain.publicKey);
    point.assertValidity();
    key.assertValidity();
    const hashed = bls.G1.hashToCurve(message, { DST: DOMAIN });
    const [left, right] = [bls.pairing(point, bls.G2.Point.BASE), bls.pairing(hashed, key)];
    return bls.fields.Fp12.eql(left, right);
  } catch {
    return false;
  }
}

function timeOf(chain: PublishedBeacon, round: number): number {
  return (chain.genesis_s + (round - 1) * chain.period_s) * 1000;
}

export interface BeaconReading {
  readonly faults: readonly string[];
  /** What rests on the operator's word. */
  readonly doubts: readonly string[];
  /** What the round proves; null without one. */
  readonly proven: string | null;
}

const NOTHING: BeaconReading = { faults: [], doubts: [], proven: null };
const fault = (text: string): BeaconReading => ({ ...NOTHING, faults: [text] });

interface Known {
  readonly fairness: Fairness;
  readonly keys: readonly PublishedKey[];
  /** Hashes of chains, besides the public ones, that the reader accepts. */
  readonly accepted: readonly string[];
  /** Undefined: not known. */
  readonly method?: string | undefined;
}

/** Of one lane, in the order of the cohorts. */
export function readBeacon(manifests: readonly Manifest[], known: Known): BeaconReading {
  const [first, ...later] = manifests;
  const stray = later.find(({ draw }) => draw !== undefined);
  if (stray !== undefined)
    return fault(`cohort ${stray.k} is drawn with a round, and is not first`);
  const { beacon } = known.fairness;
  if (first === undefined || beacon === undefined) return NOTHING;
  const { draw, counts } = first;
  const places = counts.reduce((sum, count) => sum + count, 0);
  if (beacon === null) {
    if (draw !== undefined) return fault("cohort 0 is drawn with a beacon that was not named");
    if (known.method !== "lottery" || places < 2) return NOTHING;
    return {
      ...NOTHING,
      doubts: ["no beacon was named: who knew the secret could choose the draw"],
    };
  }
  if (hashOfChain(beacon) !== beacon.chain) return fault("the chain's hash is not that of its key");
  if (draw !== undefined) return readDraw(first, draw, beacon, known);
  return places < 2 ? NOTHING : fault("cohort 0 is not drawn with the beacon that was named");
}

function readDraw(
  { sale, lane, k, base, counts, closedAt = "" }: Manifest,
  { countedAt, countsSignature, chain, round, beacon }: NonNullable<Manifest["draw"]>,
  named: PublishedBeacon,
  { keys, accepted }: Known,
): BeaconReading {
  if (chain !== named.chain)
    return fault(`it is drawn with chain ${chain}, another than was named`);
  const stated = { sale, lane, k, base, counts, countedAt, chain, round };
  const unsigned = signatureFault(countsSignature, "counts", stated, keys);
  if (unsigned !== null) return fault(`its counts: ${unsigned}`);
  const made_ms = timeOf(named, round);
  const lead_ms = made_ms - Date.parse(countedAt);
  if (lead_ms < LEAD_MS || lead_ms >= LEAD_MS + named.period_s * 1000) {
    return fault(`round ${round} is not the first one after its counts were signed`);
  }
  const drawn_ms = Date.parse(closedAt);
  const name = PUBLIC_CHAINS[chain] ?? null;
  if (beacon === null) {
    if (drawn_ms < made_ms + named.wait_s * 1000) return fault("it did not wait for its round");
    const why = "the round was not to be had, so who knew the secret could choose the draw";
    return { ...NOTHING, doubts: [`drawn without round ${round}: the gate states that ${why}`] };
  }
  if (!isRoundOf(named, round, beacon)) return fault(`round ${round} is not signed by its chain`);
  if (drawn_ms < made_ms) return fault(`it was drawn before round ${round} was made`);
  if (name === null && !accepted.includes(chain)) {
    const why = "is no public beacon: who holds its key could choose the draw";
    return { ...NOTHING, doubts: [`chain ${chain} (${named.id}) ${why}`] };
  }
  const when = new Date(made_ms).toISOString();
  const source = name ?? `chain ${named.id}, which you accepted`;
  return { ...NOTHING, proven: `round ${round} of ${source}, of ${when}, decided` };
}

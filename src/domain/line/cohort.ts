/**
 * Cohorts and ranks: the order of a lane.
 *
 * A cohort is everyone who joined a lane in one stretch of time: the whole prequeue in a lottery,
 * one second otherwise. Between cohorts it is first come, first served; inside one the order is a
 * draw whose seed follows from a secret that the sale committed to before anyone could join.
 *
 * Guarantee: over all tickets of a lane the ranks are distinct, and anyone who has the manifests
 * can recompute any of them. Places skipped by a crashed booth keep a rank without a holder.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { CohortDraw } from "./shuffle.ts";

export const DRAW_ALGORITHM =
  "rank = base + compute_shuffled_index(i, n, seed(k)); " +
  "seed(k) = HMAC-SHA-256(secret, sale || 0x00 || lane || 0x00 || uint32_be(k)); " +
  "compute_shuffled_index: swap-or-not, 90 rounds, SHA-256 (Ethereum consensus specification, " +
  "phase 0); commitment = SHA-256(secret); with a round of the beacon seed(k) = HMAC-SHA-256(" +
  "secret, 'sluice-draw-2' || 0x00 || sale || 0x00 || lane || 0x00 || uint32_be(k) || " +
  "uint32_be(length of counts) || uint32_be of each count || SHA-256(signature of the round))";

/** How a counted cohort was drawn, in its manifest. */
export const beaconDrawSchema = z.object({
  countedAt: z.string(),
  /** Of the counts, as `tokens/draw-statements.ts` signs them. */
  countsSignature: z.string(),
  chain: z.string(),
  round: z.int(),
  /** The round's signature, lower-case hex; null: drawn without it. */
  beacon: z.string().nullable(),
});
export type BeaconDraw = Readonly<z.output<typeof beaconDrawSchema>>;

/** A closed cohort: public and immutable. Booth `shard` handed out `counts[shard]` places. */
export interface CohortManifest {
  readonly sale: string;
  readonly lane: string;
  readonly k: number;
  /** Places in all earlier cohorts of the lane: the rank of this cohort's first. */
  readonly base: number;
  readonly counts: readonly number[];
  /** 32 bytes, lower-case hex. */
  readonly seed: string;
  /** RFC 3339, to the ms. Absent when a release closed it that did not store the time. */
  readonly closedAt?: string | undefined;
  /** How a lottery's first cohort was drawn; absent where no beacon was to decide (`draw.ts`). */
  readonly draw?: BeaconDraw | undefined;
  /** Of all the above, as `tokens/draw-statements.ts` signs it. Absent without `closedAt`. */
  readonly signature?: string | undefined;
}

/** A place in line. `index` counts within the booth `shard`. */
export interface Place {
  readonly lane: string;
  readonly cohort: number;
  readonly shard: number;
  readonly index: number;
}

export function commitmentOf(secretHex: string): string {
  return bytesToHex(sha256(hexToBytes(secretHex)));
}

/** `HMAC-SHA-256(secret, saleId || 0x00 || lane || 0x00 || uint32_be(k))`, lower-case hex. */
export function seedOf(secretHex: string, sale: string, lane: string, k: number): string {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, k, false);
  const zero = new Uint8Array(1);
  const message = concatBytes(utf8ToBytes(sale), zero, utf8ToBytes(lane), zero, number);
  return bytesToHex(hmac(sha256, hexToBytes(secretHex), message));
}

export function placesIn(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

export type RankOutcome =
  | { readonly kind: "ranked"; readonly rank: number }
  /** The manifest is of another cohort, or the booth never handed out this index. */
  | { readonly kind: "no_such_place" };

/** The rank of a place in its closed cohort: 0 is called first. */
export function rankOf(place: Place, manifest: CohortManifest): RankOutcome {
  return rankIn(place, manifest, () => drawOf(manifest));
}

/** The draw of a closed cohort. To rank many places, keep it: it caches hashes. */
export function drawOf({ counts, seed }: CohortManifest): CohortDraw {
  return new CohortDraw(placesIn(counts), hexToBytes(seed));
}

/** As `rankOf`, with a draw that may be kept; not called for a place that does not exist. */
export function rankIn(
  place: Place,
  manifest: CohortManifest,
  draw: () => CohortDraw,
): RankOutcome {
  const count = manifest.counts[place.shard];
  const matches = place.lane === manifest.lane && place.cohort === manifest.k;
  if (!matches || count === undefined || place.index < 0 || place.index >= count) {
    return { kind: "no_such_place" };
  }
  const index = placesIn(manifest.counts.slice(0, place.shard)) + place.index;
  return { kind: "ranked", rank: manifest.base + draw().placeOf(index) };
}

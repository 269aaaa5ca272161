/**
 * The draw that nobody can choose: the seed of a lottery's first cohort follows from the sale's
 * secret, from how many came, and from a round of a public beacon that was not made yet when the
 * counts were signed and stored.
 *
 *   counted: counts, their time and the round are signed and stored, and published
 *     ── the round's time ──► drawn with the round
 *                         └─► drawn without it, stated as such, when no relay has given the round
 *                             by `BEACON_WAIT_MS` after its time
 *
 * Guarantee: who knows the secret cannot foresee the round, and who knows the round can change
 * neither secret nor counts without a second signed statement of the same cohort. Counted once, a
 * cohort waits for the same round whatever crashes.
 * Weak: the draw without a round is as `cohort.ts` has it, and the operator could bring it about.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { BEACON_LEAD_MS, BEACON_WAIT_MS } from "../limits.ts";
import {
  chainHashOf,
  firstRoundFrom,
  randomnessOf,
  roundTime_ms,
  type BeaconChain,
} from "./beacon.ts";
import { placesIn } from "./cohort.ts";

/** A cohort whose counts are final, before its draw. Signed as it is. */
export const countedCohortSchema = z.object({
  sale: z.string(),
  lane: z.string(),
  k: z.int(),
  base: z.int(),
  counts: z.array(z.int()).readonly(),
  /** RFC 3339, to the ms. */
  countedAt: z.string(),
  /** The hash of the beacon's chain, and the round that decides. */
  chain: z.string(),
  round: z.int(),
});
export type CountedCohort = Readonly<z.output<typeof countedCohortSchema>>;

const DRAW_MARK = "sluice-draw-2";

/** The chain whose rounds decide first cohorts of the sale; null: no cohort waits for a round. */
export function beaconOf(
  { method }: { readonly method: "lottery" | "fifo" },
  chain: BeaconChain | null,
): BeaconChain | null {
  return method === "lottery" ? chain : null;
}

/** Whether the cohort is drawn with a round: with one place or none there is nothing to draw. */
export function needsRound(k: number, counts: readonly number[]): boolean {
  return k === 0 && placesIn(counts) > 1;
}

/** @param now when the counts became known */
export function countCohort(
  chain: BeaconChain,
  cohort: Pick<CountedCohort, "sale" | "lane" | "k" | "base" | "counts">,
  now: number,
): CountedCohort {
  return {
    ...cohort,
    countedAt: new Date(now).toISOString(),
    chain: chainHashOf(chain),
    round: firstRoundFrom(chain, now + BEACON_LEAD_MS),
  };
}

/** Whether the statement may still be published: its round is not made yet. */
export function isBeforeRound(chain: BeaconChain, { round }: CountedCohort, now: number): boolean {
  return now < roundTime_ms(chain, round);
}

/** Whether the draw goes on without the round, unless a relay gives it at the last attempt. */
export function waitIsOver(chain: BeaconChain, { round }: CountedCohort, now: number): boolean {
  return now >= roundTime_ms(chain, round) + BEACON_WAIT_MS;
}

/** @param signature of the cohort's round */
export function drawnSeedOf(secretHex: string, cohort: CountedCohort, signature: string): string {
  const { sale, lane, k, counts } = cohort;
  const numbers = [k, counts.length, ...counts];
  const bytes = new DataView(new ArrayBuffer(numbers.length * 4));
  for (const [index, value] of numbers.entries()) bytes.setUint32(index * 4, value);
  const names = utf8ToBytes(`${DRAW_MARK}\0${sale}\0${lane}\0`);
  const round = hexToBytes(randomnessOf(signature));
  const message = concatBytes(names, new Uint8Array(bytes.buffer), round);
  return bytesToHex(hmac(sha256, hexToBytes(secretHex), message));
}

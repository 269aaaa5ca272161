/**
 * The checks of a draw: pure, from what was fetched to findings in words.
 *
 * Guarantee: uses only the drill's own writing of the algorithm, which shares no line with the
 * code that runs the sale. What cannot be told yet is a finding of its own, never a pass.
 */
import {
  CohortDraw,
  commitmentTo,
  rankReader,
  seedFrom,
  sizeOf,
} from "../../simulation/drill/fairness.ts";
import type { Manifest } from "../../simulation/crowd/gate-answers.ts";
import type { DrawEvidence, LaneEvidence, TicketEvidence } from "./collect.ts";

export interface Finding {
  readonly what: string;
  /** `open`: cannot be told yet. */
  readonly verdict: "agrees" | "broken" | "open";
  readonly words: string;
}

/** Of a larger cohort, places spread evenly over it are drawn instead of all. */
export const WHOLE_COHORT_MAX = 100_000;
export const SAMPLE = 20_000;

export function checkDraw(evidence: DrawEvidence, noted: string | null): Finding[] {
  return [
    checkCommitment(evidence, noted),
    checkSecret(evidence),
    ...evidence.lanes.flatMap((lane) => checkLane(evidence, lane)),
    ...evidence.tickets.map((ticket, index) => checkTicket(evidence, ticket, index + 1)),
  ];
}

const agrees = (what: string, words: string): Finding => ({ what, verdict: "agrees", words });
const broken = (what: string, words: string): Finding => ({ what, verdict: "broken", words });
const open = (what: string, words: string): Finding => ({ what, verdict: "open", words });

function checkCommitment(evidence: DrawEvidence, noted: string | null): Finding {
  const { commitment } = evidence.fairness;
  const what = "commitment";
  if (evidence.saleCommitment !== commitment) {
    const words = `two routes show two commitments: ${commitment}, ${evidence.saleCommitment}`;
    return broken(what, words);
  }
  if (noted === null) {
    return agrees(what, `${commitment} (compared with nothing: give --commitment as you noted it)`);
  }
  if (noted === commitment) return agrees(what, `${commitment}, as you noted it`);
  return broken(what, `it is now ${commitment}; you noted ${noted}`);
}

function checkSecret({ fairness }: DrawEvidence): Finding {
  const what = "secret";
  const { secret, commitment } = fairness;
  if (secret === null) return open(what, "not published before the sale is over");
  const hash = commitmentTo(secret);
  if (hash === commitment) return agrees(what, "its SHA-256 is the commitment");
  return broken(what, `its SHA-256 is ${hash}, which is not the commitment`);
}

function checkLane(evidence: DrawEvidence, { lane, manifests }: LaneEvidence): Finding[] {
  const what = `lane ${lane}`;
  if (manifests.length === 0) return [agrees(what, "no cohort has closed; nothing was drawn")];
  return [
    checkBooks(evidence.sale, lane, manifests),
    checkSeeds(evidence, lane, manifests),
    checkPermutations(lane, manifests),
  ];
}

function checkBooks(sale: string, lane: string, manifests: readonly Manifest[]): Finding {
  const what = `lane ${lane}, cohorts`;
  let places = 0;
  for (const [k, manifest] of manifests.entries()) {
    if (manifest.sale !== sale || manifest.lane !== lane || manifest.k !== k) {
      const found = `cohort ${manifest.k} of lane ${manifest.lane}, sale ${manifest.sale}`;
      return broken(what, `asked for cohort ${k}, the manifest says it is ${found}`);
    }
    if (manifest.base !== places) {
      const words = `cohort ${k} starts at ${manifest.base}, the earlier ones add up to ${places}`;
      return broken(what, words);
    }
    places += sizeOf(manifest);
  }
  return agrees(what, `${manifests.length} closed, ${places} places, each starts where one ended`);
}

function checkSeeds(
  { fairness, sale }: DrawEvidence,
  lane: string,
  manifests: readonly Manifest[],
): Finding {
  const what = `lane ${lane}, seeds`;
  const { secret } = fairness;
  if (secret === null) return open(what, "they follow from the secret, once it is published");
  const wrong = manifests.findIndex(({ seed }, k) => seed !== seedFrom(secret, sale, lane, k));
  if (wrong === -1) return agrees(what, `all ${manifests.length} follow from the secret`);
  return broken(what, `the seed of cohort ${wrong} does not follow from the secret`);
}

function checkPermutations(lane: string, manifests: readonly Manifest[]): Finding {
  const what = `lane ${lane}, ranks`;
  let drawn = 0;
  let sampled = 0;
  for (const manifest of manifests) {
    const size = sizeOf(manifest);
    if (size === 0) continue;
    const draw = new CohortDraw(size, Buffer.from(manifest.seed, "hex"));
    const places = size <= WHOLE_COHORT_MAX ? size : SAMPLE;
    const taken = new Set<number>();
    for (let nth = 0; nth < places; nth += 1) {
      const rank = draw.shuffledIndex(Math.floor((nth * size) / places));
      if (rank >= 0 && rank < size) taken.add(rank);
    }
    if (taken.size !== places) {
      return broken(what, `in cohort ${manifest.k} two places come out at one rank`);
    }
    drawn += places;
    if (places < size) sampled += 1;
  }
  const how = sampled === 0 ? "" : `; of ${sampled} large cohorts a sample of ${SAMPLE} each`;
  return agrees(what, `${drawn} places drawn, each rank taken once${how}`);
}

function checkTicket(
  { lanes, phase }: DrawEvidence,
  { claims, told }: TicketEvidence,
  nth: number,
): Finding {
  const { lane, cohort, shard, index } = claims;
  const what = `ticket ${nth}`;
  const place = `lane ${lane}, cohort ${cohort}, booth ${shard}, number ${index}`;
  if (told.kind === "refused") return broken(what, `${place}: the gate refuses it (${told.code})`);
  const manifests = lanes.find((item) => item.lane === lane)?.manifests ?? [];
  if (cohort >= manifests.length) {
    if (told.rank !== null) {
      return broken(what, `${place}: the gate names rank ${told.rank} and shows no such cohort`);
    }
    const over = phase === "ended" ? "the sale ended before its cohort closed" : "not drawn yet";
    return open(what, `${place}: ${over}`);
  }
  const rank = rankReader(manifests)(claims);
  if (rank === null) return broken(what, `${place}: the manifest has no such place`);
  if (told.rank === null) {
    return open(what, `${place}: comes out at rank ${rank}; the gate does not say its rank yet`);
  }
  if (told.rank === rank) return agrees(what, `${place}: rank ${rank}, as the gate says`);
  return broken(what, `${place}: comes out at rank ${rank}, the gate says ${told.rank}`);
}

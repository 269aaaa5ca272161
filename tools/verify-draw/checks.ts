/**
 * The checks of a draw: a pure function from the collected answers to findings.
 *
 * Guarantee: it uses only the drill's independent implementation of the draw, which shares no code
 * with the gate. What cannot be checked yet is a finding of its own, never a pass.
 */
import {
  CohortDraw,
  commitmentTo,
  rankReader,
  seedDue,
  sizeOf,
} from "../../simulation/drill/fairness.ts";
import { readBeacon } from "../../simulation/drill/beacon.ts";
import type { Manifest } from "../../simulation/crowd/gate-answers.ts";
import { closingFaults, revelationFault } from "../../simulation/drill/statements.ts";
import type { DrawEvidence, LaneEvidence, TicketEvidence } from "./collect.ts";
import { checkKeptCounts } from "./counts.ts";
import { agrees, broken, doubt, open, skipped, type Finding } from "./finding.ts";
import { checkReceipt } from "./receipts.ts";

/** Of a larger cohort only `SAMPLE` places, spread evenly, are recomputed. */
export const WHOLE_COHORT_MAX = 100_000;
export const SAMPLE = 20_000;

export function checkDraw(evidence: DrawEvidence, noted: string | null): Finding[] {
  return [
    checkCommitment(evidence, noted),
    checkSecret(evidence),
    ...checkRevelation(evidence),
    ...evidence.lanes.flatMap((lane) => checkLane(evidence, lane)),
    ...(evidence.counts ?? []).map((token, nth) => checkKeptCounts(evidence, token, nth + 1)),
    ...checkGiven(evidence),
  ];
}

/** Only the tickets and receipts that were given; `checkDraw` has them too. */
export function checkGiven(evidence: DrawEvidence): Finding[] {
  return [
    ...evidence.tickets.map((ticket, index) => checkTicket(evidence, ticket, index + 1)),
    ...evidence.receipts.flatMap((receipt, index) => checkReceipt(evidence, receipt, index + 1)),
  ];
}

function checkCommitment(evidence: DrawEvidence, noted: string | null): Finding {
  const { commitment } = evidence.fairness;
  const what = "commitment";
  if (evidence.saleCommitment !== commitment) {
    const both = `${commitment}, ${evidence.saleCommitment}`;
    return broken(what, `two routes show two commitments: ${both}`);
  }
  if (noted === null) {
    return skipped(
      what,
      `${commitment} was not compared: give the one you noted with --commitment`,
    );
  }
  if (noted === commitment) return agrees(what, `${commitment}, as you noted it`);
  return broken(what, `it is now ${commitment}; you noted ${noted}`);
}

function checkSecret({ fairness }: DrawEvidence): Finding {
  const what = "secret";
  const { secret, commitment } = fairness;
  if (secret === null) return open(what, "is published only when the sale is over");
  const hash = commitmentTo(secret);
  if (hash === commitment) return agrees(what, "its SHA-256 is the commitment");
  return broken(what, `its SHA-256 is ${hash}, which is not the commitment`);
}

/** When it was revealed, signed: from then on no cohort may close. */
function checkRevelation({ sale, fairness, lanes, keys }: DrawEvidence): Finding[] {
  const what = "revelation";
  const { secret, revealedAt = null } = fairness;
  const isTimed = lanes.some(({ manifests }) => {
    return manifests.some(({ closedAt }) => closedAt !== undefined);
  });
  const fault = revelationFault(sale, fairness, keys, isTimed);
  if (fault !== null) return [broken(what, fault)];
  if (secret === null) return [];
  if (revealedAt !== null) return [agrees(what, `at ${revealedAt}, signed by the gate`)];
  return [agrees(what, "its time is unknown: the gate's release does not state it")];
}

/** Until the revelation a key that was retired while the sale runs may be missing. */
function checkClosings(
  { fairness, keys }: DrawEvidence,
  lane: string,
  manifests: readonly Manifest[],
): Finding {
  const what = `lane ${lane}, closing times`;
  const [first, ...more] = closingFaults(manifests, fairness, keys);
  if (first !== undefined) {
    const others = more.length === 0 ? "" : `, and ${more.length} more`;
    const isEarly = fairness.secret === null && first.endsWith("is not published");
    return (isEarly ? open : broken)(what, `${first}${others}`);
  }
  const untimed = manifests.filter(({ closedAt }) => closedAt === undefined).length;
  const unknown = `closing time unknown of ${untimed}: closed by a release that does not state it`;
  if (untimed === manifests.length) return agrees(what, unknown);
  const when = fairness.secret === null ? "" : ", before the secret was revealed";
  const signed = `${manifests.length - untimed} signed by the gate${when}`;
  return agrees(what, untimed === 0 ? signed : `${signed}; ${unknown}`);
}

function checkLane(evidence: DrawEvidence, { lane, manifests }: LaneEvidence): Finding[] {
  const what = `lane ${lane}`;
  if (manifests.length === 0) return [agrees(what, "no cohort has closed, so there is no draw")];
  return [
    checkCounts(evidence.sale, lane, manifests),
    checkSeeds(evidence, lane, manifests),
    ...checkBeacon(evidence, lane, manifests),
    checkClosings(evidence, lane, manifests),
    checkPermutations(lane, manifests),
  ];
}

function checkCounts(sale: string, lane: string, manifests: readonly Manifest[]): Finding {
  const what = `lane ${lane}, cohorts`;
  let places = 0;
  for (const [k, manifest] of manifests.entries()) {
    if (manifest.sale !== sale || manifest.lane !== lane || manifest.k !== k) {
      const found = `cohort ${manifest.k} of lane ${manifest.lane}, sale ${manifest.sale}`;
      return broken(what, `the manifest at cohort ${k} says it is ${found}`);
    }
    if (manifest.base !== places) {
      const where = `starts at ${manifest.base}, the earlier ones have ${places} places`;
      return broken(what, `cohort ${k} ${where}`);
    }
    places += sizeOf(manifest);
  }
  return agrees(what, `${manifests.length} closed, ${places} places, without gaps`);
}

function checkSeeds(
  { fairness, sale }: DrawEvidence,
  lane: string,
  manifests: readonly Manifest[],
): Finding {
  const what = `lane ${lane}, seeds`;
  const { secret } = fairness;
  if (secret === null) return open(what, "can be checked when the secret is published");
  const wrong = manifests.findIndex((manifest, k) => {
    return manifest.seed !== seedDue(secret, { ...manifest, sale, lane, k });
  });
  if (wrong === -1) return agrees(what, `all ${manifests.length} follow from the secret`);
  return broken(what, `the seed of cohort ${wrong} does not follow from the secret`);
}

/** The part that nobody controls; see docs/fairness.md. */
function checkBeacon(
  { fairness, keys, method, accepted = [] }: DrawEvidence,
  lane: string,
  manifests: readonly Manifest[],
): Finding[] {
  const what = `lane ${lane}, beacon`;
  const reading = readBeacon(manifests, { fairness, keys, method, accepted });
  return [
    ...reading.faults.map((text) => broken(what, text)),
    ...reading.doubts.map((text) => doubt(what, text)),
    ...(reading.proven === null ? [] : [agrees(what, reading.proven)]),
  ];
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
      return broken(what, `in cohort ${manifest.k} two places get one rank`);
    }
    drawn += places;
    if (places < size) sampled += 1;
  }
  const how = sampled === 0 ? "" : `; a sample of ${SAMPLE} from each of ${sampled} large cohorts`;
  return agrees(what, `${drawn} places recomputed, each with a rank of its own${how}`);
}

function checkTicket(
  { lanes, phase }: DrawEvidence,
  { claims, answer }: TicketEvidence,
  nth: number,
): Finding {
  const { lane, cohort, shard, index } = claims;
  const what = `ticket ${nth}`;
  const place = `lane ${lane}, cohort ${cohort}, booth ${shard}, number ${index}`;
  if (answer.kind === "refused") {
    return broken(what, `${place}: the gate refuses it (${answer.code})`);
  }
  const manifests = lanes.find((item) => item.lane === lane)?.manifests ?? [];
  if (cohort >= manifests.length) {
    if (answer.rank !== null) {
      return broken(what, `${place}: the gate gives rank ${answer.rank} but shows no such cohort`);
    }
    const over = phase === "ended" ? "the sale ended before its cohort closed" : "not drawn yet";
    return open(what, `${place}: ${over}`);
  }
  const rank = rankReader(manifests)(claims);
  if (rank === null) return broken(what, `${place}: the manifest has no such place`);
  if (answer.rank === null) {
    return open(what, `${place}: the draw gives rank ${rank}; the gate does not give one yet`);
  }
  if (answer.rank === rank) return agrees(what, `${place}: rank ${rank}, as the gate says`);
  return broken(what, `${place}: the draw gives rank ${rank}, the gate says ${answer.rank}`);
}

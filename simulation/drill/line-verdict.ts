/**
 * Judges P7, the fair draw, and P8, that nobody is let in before being called. Every shopper's rank
 * is recomputed from the published manifests, the seeds of the manifests from the revealed secret,
 * and the secret is compared with the commitment published before anyone could join.
 */
import { readBeacon } from "./beacon.ts";
import { claimsOf, commitmentTo, rankReader, seedDue, sizeOf } from "./fairness.ts";
import { type Evidence, type Finding, resultOf } from "./evidence.ts";
import { closingFaults, revelationFault } from "./statements.ts";

export function judgeDraw(evidence: Evidence): Finding {
  const violations = [
    ...commitmentKept(evidence),
    ...seedsAndBases(evidence),
    ...timesAndSignatures(evidence),
  ];
  const rankOf = rankReader(evidence.manifests);
  const holders = new Map<string, string>();
  let ranked = 0;
  for (const shopper of evidence.shoppers) {
    for (const ticket of shopper.tickets) {
      const claims = claimsOf(ticket.token);
      if (claims === null || claims.aud !== evidence.sale) {
        violations.push(`${shopper.plan.name}: the ticket has no place in this sale`);
        continue;
      }
      const place = `${claims.lane}/${claims.cohort}/${claims.shard}/${claims.index}`;
      const rank = rankOf(claims);
      if (rank === null) {
        if (ticket.ranks.length > 0)
          violations.push(`${place}: has a rank, but is not in its manifest`);
        continue;
      }
      const holder = holders.get(`${claims.lane}/${rank}`);
      if (holder !== undefined) violations.push(`rank ${rank} is held by ${holder} and ${place}`);
      holders.set(`${claims.lane}/${rank}`, place);
      if (ticket.ranks.length > 0) ranked += 1;
      for (const shown of ticket.ranks.filter((other) => other !== rank)) {
        violations.push(`${place}: the gate gave rank ${shown}, the draw gives ${rank}`);
      }
    }
  }
  const revealed = evidence.fairnessAfter.secret === null ? "secret not yet due" : "secret checked";
  const rounds = evidence.manifests.filter(({ draw }) => typeof draw?.beacon === "string").length;
  const cohorts = `${evidence.manifests.length} cohorts, ${rounds} by a beacon's round`;
  return {
    promise: "P7",
    claim: "fair draw",
    checked: `${ranked} ranks shown, ${holders.size} recomputed, ${cohorts}, ${revealed}`,
    result: resultOf(violations),
  };
}

function commitmentKept(evidence: Evidence): string[] {
  const { fairnessBefore, fairnessAfter, ownSale } = evidence;
  const violations: string[] = [];
  if (fairnessBefore.commitment !== fairnessAfter.commitment) {
    violations.push("the commitment changed while the sale ran");
  }
  if (fairnessBefore.secret !== null && ownSale) {
    violations.push("the secret was known before the sale ended");
  }
  const { secret } = fairnessAfter;
  if (secret === null) {
    if (ownSale) violations.push("the sale has ended and the secret is not published");
  } else if (commitmentTo(secret) !== fairnessBefore.commitment) {
    violations.push("the revealed secret is not the one committed to");
  }
  return violations;
}

/** Checks that seeds follow from the secret, and that a cohort starts where the one before ends. */
function seedsAndBases(evidence: Evidence): string[] {
  const violations: string[] = [];
  const { secret } = evidence.fairnessAfter;
  const ends = new Map<string, number>();
  const inOrder = evidence.manifests.toSorted((left, right) => left.k - right.k);
  for (const manifest of inOrder) {
    const { lane, k, base, seed } = manifest;
    if (secret !== null && seedDue(secret, { ...manifest, sale: evidence.sale }) !== seed) {
      violations.push(`cohort ${lane}/${k}: its seed does not follow from the secret`);
    }
    const expected = ends.get(lane) ?? 0;
    if (base !== expected) {
      violations.push(`cohort ${lane}/${k}: base ${base}, earlier cohorts end at ${expected}`);
    }
    ends.set(lane, base + sizeOf(manifest));
  }
  return violations;
}

/** Checks that no cohort closed with a known secret, by the times that the gate signed. */
function timesAndSignatures(evidence: Evidence): string[] {
  const { sale, ownSale, fairnessAfter, manifests } = evidence;
  const keys = [...evidence.keys, ...(fairnessAfter.keys ?? [])];
  const fault = revelationFault(sale, fairnessAfter, keys, ownSale);
  const lanes = new Set(manifests.map(({ lane }) => lane));
  return [
    ...(fault === null ? [] : [`the secret: ${fault}`]),
    ...[...lanes].flatMap((lane) => {
      const own = manifests.filter((manifest) => manifest.lane === lane);
      const inOrder = own.toSorted((left, right) => left.k - right.k);
      const { faults } = readBeacon(inOrder, { fairness: fairnessAfter, keys, accepted: [] });
      const all = [...closingFaults(inOrder, fairnessAfter, keys), ...faults];
      return all.map((text) => `lane ${lane}, ${text}`);
    }),
  ];
}

export function judgeCalls(evidence: Evidence): Finding {
  const violations: string[] = [];
  const rankOf = rankReader(evidence.manifests);
  let called = 0;
  let atOnce = 0;
  let refused = 0;
  for (const { plan, admissions, earlyClaims } of evidence.shoppers) {
    for (const { ticket, ...admission } of admissions) {
      if (ticket === null) {
        atOnce += 1;
        continue;
      }
      called += 1;
      const claims = claimsOf(ticket.token);
      const rank = (claims === null ? null : rankOf(claims)) ?? admission.rank;
      const reached = Math.max(admission.called, calledBy(evidence, admission.at_ms));
      if (rank !== null && rank < reached) continue;
      violations.push(`${plan.name}: let in with rank ${rank}, but called was ${reached}`);
    }
    for (const { status, code } of earlyClaims) {
      if (status === 409 && code === "not_called") refused += 1;
      // 201: the call came in the meantime; if it did not, the loop above reports the admission.
      else if (status !== 201 && code !== "sale_over" && code !== "unreachable") {
        violations.push(`${plan.name}: a claim before the turn got ${status} ${code}`);
      }
    }
  }
  const early = `${refused} early claims refused`;
  return {
    promise: "P8",
    claim: "called before let in",
    checked: `${called} called and let in, ${atOnce} let in while nobody waited, ${early}`,
    result: resultOf(violations),
  };
}

/**
 * An upper bound of `called` at this instant. `called` only grows, so the first audit requested
 * afterwards bounds it; the snapshot in a shopper's own answer can be a second old.
 */
function calledBy(evidence: Evidence, at_ms: number): number {
  return evidence.audits.find((audit) => audit.requestedAt_ms >= at_ms)?.called ?? 0;
}
